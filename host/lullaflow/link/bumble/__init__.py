"""bleak backend classes on the Bumble stack, for any HCI controller that Bumble can open."""

from lullaflow.link.bumble.stack import BumbleStack

__all__ = ["BumbleStack"]
