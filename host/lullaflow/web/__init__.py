"""The page."""

from lullaflow.web.server import Page, WebError

__all__ = ["Page", "WebError"]
