"""The baby's photos, made ready for a screen."""

from __future__ import annotations

import io
import random
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Final

import structlog
from PIL import Image, ImageCms, ImageOps

from lullaflow.cues.players.drawing import drawn_picture

SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp", ".avif"})

HEIC_SUFFIXES: Final = frozenset({".heic", ".heif"})
"""What phones from Apple save; Pillow reads it with the package pi-heif only."""

LONGEST_SIDE_PX: Final = 1600
"""Sharp on every phone and small screen, and some 300 KB."""

BEHIND: Final = (42, 26, 22)
"""What shows through where a picture is transparent: the page's own dusk."""

_QUALITY: Final = 85

log = structlog.get_logger(__name__)


class PhotoAlbum:
    """Hands out photos in random order, each once before any comes again.

    Args:
        folder: the user's photos, with every folder in it; None for none.
        rng: shuffles.
    """

    def __init__(self, folder: Path | None, rng: random.Random | None = None) -> None:
        self._folder = folder
        self._rng = rng or random.Random()
        self._left: list[Path] = []
        self._last: tuple[Path, int] | None = None
        self._last_jpeg = b""
        self._told: set[Path] = set()

    def prepare(self) -> None:
        """Do now what would make the first photo wait."""
        if not self._files():
            drawn_jpeg()

    def next_jpeg(self) -> bytes:
        """Return the next photo as JPEG: upright, of a screen's size, without its metadata.

        A file that cannot be read is skipped; without any photo, our drawn picture comes. When the
        next photo is the same as the last, so are the bytes.
        """
        # What is left of this round and the whole next one: each file gets its chance.
        for _ in range(2 * len(self._files())):
            path = self._next_path()
            if path is None:
                break
            try:
                return self._ready(path)
            except Exception as error:  # noqa: BLE001 -- Pillow raises anything on broken files
                self._skip(path, str(error))
        return drawn_jpeg()

    def _ready(self, path: Path) -> bytes:
        version = (path, path.stat().st_mtime_ns)
        if version != self._last:
            self._last_jpeg = jpeg(path)
            self._last = version
        return self._last_jpeg

    def _files(self) -> list[Path]:
        if self._folder is None:
            return []
        suffixes = SUFFIXES | HEIC_SUFFIXES if _reads_heic() else SUFFIXES
        files = []
        for path in sorted(self._folder.rglob("*")):
            if path.name.startswith("."):
                continue
            if path.suffix.lower() in suffixes:
                files.append(path)
            elif path.suffix.lower() in HEIC_SUFFIXES:
                self._skip(path, "HEIC needs `pip install pi-heif`, or export it as JPEG")
        return files

    def _next_path(self) -> Path | None:
        if not self._left:
            self._left = self._files()
            self._rng.shuffle(self._left)
            if len(self._left) > 1 and self._last is not None and self._left[-1] == self._last[0]:
                self._left.insert(0, self._left.pop())
        return self._left.pop() if self._left else None

    def _skip(self, path: Path, why: str) -> None:
        if path not in self._told:
            self._told.add(path)
            log.warning("photo skipped", file=str(path), why=why)


def jpeg(path: Path) -> bytes:
    """Return a photo as JPEG: upright, in sRGB, of a screen's size, without its metadata.

    Raises:
        Exception: whatever Pillow makes of a file that is no photo.
    """
    with Image.open(path) as image:
        profile = image.info.get("icc_profile")
        # A JPEG is decoded at a fraction of its size where that is enough: ten times quicker.
        image.draft("RGB", (LONGEST_SIDE_PX, LONGEST_SIDE_PX))
        photo: Image.Image = image
        photo.thumbnail((LONGEST_SIDE_PX, LONGEST_SIDE_PX), Image.Resampling.LANCZOS)
        photo = ImageOps.exif_transpose(photo)
        return _encoded(_in_srgb(_opaque(photo), profile))


@cache
def drawn_jpeg() -> bytes:
    """Return our drawn picture as JPEG."""
    return _encoded(drawn_picture())


def _opaque(image: Image.Image) -> Image.Image:
    if image.mode == "P" or image.has_transparency_data:
        image = image.convert("RGBA")
        ground = Image.new("RGBA", image.size, (*BEHIND, 255))
        image = Image.alpha_composite(ground, image)
    return image.convert("RGB")


def _in_srgb(image: Image.Image, profile: Any) -> Image.Image:
    """Bring a phone's wide colours to those that every screen shows the same."""
    if profile:
        # A profile that is broken or for another kind of colours is better ignored.
        with suppress(ImageCms.PyCMSError, OSError):
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            target = ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(image, source, target, outputMode="RGB")
            return converted or image
    return image


def _encoded(image: Image.Image) -> bytes:
    image.info.clear()  # where and when a photo was taken is nobody's business
    out = io.BytesIO()
    image.save(out, "JPEG", quality=_QUALITY, optimize=True)
    return out.getvalue()


@cache
def _reads_heic() -> bool:
    try:
        import pi_heif
    except ImportError:
        return False
    pi_heif.register_heif_opener()
    return True
