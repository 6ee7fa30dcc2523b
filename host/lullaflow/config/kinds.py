"""The kinds of values that settings have, each with its check."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo
from pydantic_core import PydanticCustomError

SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
ADDRESS = re.compile(r"[0-9A-F]{2}(:[0-9A-F]{2}){5}|[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}")
ADAPTER = re.compile(r"hci\d+|[0-9A-F]{2}(:[0-9A-F]{2}){5}")

TRANSPORTS = ("usb", "serial", "tcp-client", "tcp-server", "hci-socket", "pyusb", "pty", "unix")
"""Those of Bumble's transports by which a house may reach a controller."""


def _to_path(value: Any, info: ValidationInfo) -> Any:
    """Read a path as people write it: `~` is home, relative means beside the settings file."""
    if not isinstance(value, str):
        return value
    if not value:
        return None
    folder = (info.context or {}).get("folder", Path())
    return Path(folder, Path(value).expanduser())


def _existing_folder(path: Path | None) -> Path | None:
    if path is not None and path.is_file():
        raise PydanticCustomError("no_folder", "{path} is a file", {"path": str(path)})
    if path is not None and not path.is_dir():
        raise PydanticCustomError(
            "missing_folder", "the folder {path} does not exist", {"path": str(path)}
        )
    return path


def _existing_file(path: Path | None) -> Path | None:
    if path is not None and not path.is_file():
        raise PydanticCustomError(
            "missing_file", "the file {path} does not exist", {"path": str(path)}
        )
    return path


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


def _address(value: str) -> str:
    if value and not ADDRESS.fullmatch(value):
        raise PydanticCustomError(
            "address",
            "'{value}' is no Bluetooth address such as C0:FF:EE:12:34:56",
            {"value": value},
        )
    return value


def _adapter(value: str) -> str:
    if value and not (ADAPTER.fullmatch(value) or ADAPTER.fullmatch(value.upper())):
        raise PydanticCustomError(
            "adapter",
            "'{value}' is neither an adapter's address nor a name such as hci0",
            {"value": value},
        )
    return value


def _controller(value: str) -> str:
    if value and value.partition(":")[0] not in TRANSPORTS:
        raise PydanticCustomError(
            "controller",
            "'{value}' is no way to a controller; ways are {ways}",
            {"value": value, "ways": ", ".join(TRANSPORTS)},
        )
    return value


def _slug(value: str) -> str:
    if not SLUG.fullmatch(value):
        raise PydanticCustomError(
            "slug",
            "'{slug}' cannot be a pump's slug: only a-z, 0-9, - and _, at most 32",
            {"slug": value, "at": ["pumps", value]},
        )
    return value


def _topic(value: str) -> str:
    if not value or any(c in value for c in "+#\0") or value.startswith(("/", "$")):
        raise PydanticCustomError(
            "topic",
            "'{value}' cannot be the start of a topic: no +, #, leading / or leading $",
            {"value": value},
        )
    return value.rstrip("/")


PathSetting = Annotated[Path, BeforeValidator(_to_path)]
Folder = Annotated[Path | None, BeforeValidator(_to_path), AfterValidator(_existing_folder)]
File = Annotated[Path | None, BeforeValidator(_to_path), AfterValidator(_existing_file)]
Port = Annotated[int, Field(ge=1, le=65535)]
Topic = Annotated[str, AfterValidator(_topic)]
Slug = Annotated[str, AfterValidator(_slug)]
Address = Annotated[str, BeforeValidator(_upper), AfterValidator(_address)]
Adapter = Annotated[str, AfterValidator(_adapter)]
Controller = Annotated[str, AfterValidator(_controller)]
