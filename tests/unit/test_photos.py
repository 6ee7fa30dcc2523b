"""Photos: made ready for a screen, whatever a folder holds, and shown while their cue runs."""

from __future__ import annotations

import asyncio
import io
import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms
from structlog.testing import capture_logs

from lullaflow.cues.players import photos, players
from lullaflow.cues.players.photos import LONGEST_SIDE_PX, PhotoAlbum, drawn_jpeg, jpeg
from lullaflow.cues.players.players import Players
from lullaflow.cues.policy import RunningCue
from lullaflow.session.view import View

RED, BLUE = (200, 30, 30), (30, 30, 200)
PHOTO = RunningCue("photo", "photo", 2)
ORIENTATION, GPS, MAKER = 0x0112, 0x8825, 0x010F


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def two_halves(width: int = 400, height: int = 200) -> Image.Image:
    """Left half red, right half blue."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(BLUE, (width // 2, 0, width, height))
    return image


def near(pixel: object, colour: tuple[int, ...], within: int = 12) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(a - b) <= within for a, b in zip(pixel, colour, strict=True))


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "avif"])
def test_every_format_becomes_a_jpeg_of_screen_size(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"baby.{suffix}"
    two_halves(4000, 2000).save(path)
    ready = opened(jpeg(path))
    assert ready.format == "JPEG"
    assert ready.size == (LONGEST_SIDE_PX, LONGEST_SIDE_PX // 2)
    assert near(ready.getpixel((10, 10)), RED)
    assert near(ready.getpixel((LONGEST_SIDE_PX - 10, 10)), BLUE)


def test_small_photo_is_not_enlarged(tmp_path: Path) -> None:
    two_halves().save(tmp_path / "small.jpg")
    assert opened(jpeg(tmp_path / "small.jpg")).size == (400, 200)


@pytest.mark.parametrize(
    ("orientation", "red_at", "blue_at"),
    [
        (1, "left", "right"),
        (2, "right", "left"),
        (3, "right", "left"),
        (4, "left", "right"),
        (5, "top", "bottom"),
        (6, "top", "bottom"),
        (7, "bottom", "top"),
        (8, "bottom", "top"),
    ],
)
def test_photo_stands_upright_however_the_phone_was_held(
    tmp_path: Path, orientation: int, red_at: str, blue_at: str
) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    two_halves().save(tmp_path / "held.jpg", exif=exif, quality=95, subsampling=0)
    ready = opened(jpeg(tmp_path / "held.jpg"))
    width, height = ready.size
    assert (width > height) == (orientation < 5)
    spots = {
        "left": (5, height // 2),
        "right": (width - 5, height // 2),
        "top": (width // 2, 5),
        "bottom": (width // 2, height - 5),
    }
    assert near(ready.getpixel(spots[red_at]), RED)
    assert near(ready.getpixel(spots[blue_at]), BLUE)


def test_where_and_when_a_photo_was_taken_does_not_leave_the_folder(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[MAKER] = "Telltale Phones"
    exif.get_ifd(GPS)[1] = "N"
    image = two_halves()
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image.save(
        tmp_path / "told.jpg", exif=exif, comment=b"secret", icc_profile=profile, dpi=(72, 72)
    )
    data = jpeg(tmp_path / "told.jpg")
    ready = opened(data)
    assert not ready.getexif()
    assert not {"exif", "comment", "icc_profile", "xmp"} & ready.info.keys()
    assert b"Telltale" not in data
    assert b"secret" not in data


def test_broken_colour_profile_is_ignored(tmp_path: Path) -> None:
    two_halves().save(tmp_path / "odd.jpg", icc_profile=b"no profile at all" * 20)
    assert near(opened(jpeg(tmp_path / "odd.jpg")).getpixel((5, 5)), RED)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "L", "CMYK", "1"])
def test_every_kind_of_pixels_is_shown(tmp_path: Path, mode: str) -> None:
    path = tmp_path / ("photo.jpg" if mode == "CMYK" else "photo.png")
    Image.new("RGB", (60, 40), RED).convert(mode).save(path)
    assert opened(jpeg(path)).mode == "RGB"


def test_what_is_transparent_shows_the_page_s_own_dark(tmp_path: Path) -> None:
    Image.new("RGBA", (60, 40), (255, 255, 255, 0)).save(tmp_path / "cut-out.png")
    assert near(opened(jpeg(tmp_path / "cut-out.png")).getpixel((5, 5)), photos.BEHIND)


def test_each_photo_once_before_any_comes_again_and_none_twice_in_a_row(tmp_path: Path) -> None:
    for index in range(4):
        Image.new("RGB", (8, 8), (60 * index, 0, 0)).save(tmp_path / f"{index}.png")
    album = PhotoAlbum(tmp_path, random.Random(2))
    last = None
    for _ in range(8):
        round_ = [album.next_jpeg() for _ in range(4)]
        assert len(set(round_)) == 4
        assert round_[0] != last
        last = round_[-1]


def test_what_cannot_be_shown_is_named_once_and_skipped(tmp_path: Path) -> None:
    two_halves().save(tmp_path / "good.jpg")
    (tmp_path / "letter.jpg").write_text("Dear all")
    (tmp_path / "empty.png").write_bytes(b"")
    whole = io.BytesIO()
    two_halves(800, 800).save(whole, "PNG")
    (tmp_path / "cut.png").write_bytes(whole.getvalue()[:900])
    (tmp_path / ".hidden.jpg").write_text("no")
    (tmp_path / "notes.txt").write_text("no")
    (tmp_path / "movie.jpg").mkdir()
    album = PhotoAlbum(tmp_path, random.Random(1))
    with capture_logs() as logs:
        shown = {album.next_jpeg() for _ in range(8)}
    assert len(shown) == 1
    assert opened(shown.pop()).size == (400, 200)
    named = sorted(Path(line["file"]).name for line in logs)
    assert named == ["cut.png", "empty.png", "letter.jpg", "movie.jpg"]


def test_heic_is_named_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photos, "_reads_heic", lambda: False)
    (tmp_path / "IMG_0001.HEIC").write_bytes(b"\0" * 100)
    album = PhotoAlbum(tmp_path)
    with capture_logs() as logs:
        assert album.next_jpeg() == album.next_jpeg() == drawn_jpeg()
    assert [line["why"] for line in logs] == [
        "HEIC needs `pip install pi-heif`, or export it as JPEG"
    ]


def test_without_photos_a_drawn_picture_is_shown(tmp_path: Path) -> None:
    assert PhotoAlbum(None).next_jpeg() is PhotoAlbum(tmp_path).next_jpeg()
    picture = opened(drawn_jpeg())
    assert picture.size == (1200, 1200)
    pixels = np.asarray(picture, dtype=float)
    assert 30 < pixels.mean() < 150  # dim enough for the night, and no empty sheet
    assert pixels[..., 0].mean() > 1.15 * pixels[..., 2].mean()  # warm
    assert pixels.std() > 30


# -- the players show them


class Wall:
    """Where the players hang photos."""

    def __init__(self) -> None:
        self.shown: list[tuple[str, bytes | None]] = []
        self.news = asyncio.Event()

    def hang(self, pump: str, photo: bytes | None) -> None:
        self.shown.append((pump, photo))
        self.news.set()

    async def next(self) -> tuple[str, bytes | None]:
        async with asyncio.timeout(10):
            while not self.shown:
                self.news.clear()
                await self.news.wait()
        return self.shown.pop(0)


async def test_photo_comes_with_its_cue_changes_and_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(players, "PHOTO_FOR_S", 0.05)
    for name, colour in (("a", RED), ("b", BLUE)):
        Image.new("RGB", (8, 8), colour).save(tmp_path / f"{name}.png")
    performed = Players(None, tmp_path, 0.5, sound=False)
    wall = Wall()
    performed.on_photo.append(wall.hang)
    task = asyncio.create_task(performed.run())
    try:
        performed.on_view("pump", View(session="s", cues=(PHOTO,)))
        first, second = await wall.next(), await wall.next()
        assert first[0] == second[0] == "pump"
        assert first[1] != second[1]
        performed.on_view("pump", View(session="s"))
        while (await wall.next())[1] is not None:
            pass
        await asyncio.sleep(0.1)
        assert not wall.shown
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_only_photo_of_a_folder_hangs_still(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(players, "PHOTO_FOR_S", 0.01)
    two_halves().save(tmp_path / "only.jpg")
    performed = Players(None, tmp_path, 0.5, sound=False)
    wall = Wall()
    performed.on_photo.append(wall.hang)
    task = asyncio.create_task(performed.run())
    try:
        performed.on_view("pump", View(session="s", cues=(PHOTO,)))
        await wall.next()
        await asyncio.sleep(0.2)
        assert not wall.shown
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_cue_that_ends_while_its_photo_is_made_ready_shows_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_halves().save(tmp_path / "slow.jpg")
    performed = Players(None, tmp_path, 0.5, sound=False)
    wall = Wall()
    performed.on_photo.append(wall.hang)
    loop = asyncio.get_running_loop()
    made_ready = asyncio.Event()

    def slow(path: Path) -> bytes:
        loop.call_soon_threadsafe(performed.on_view, "pump", View(session="s"))
        loop.call_soon_threadsafe(made_ready.set)
        return jpeg(path)

    monkeypatch.setattr(photos, "jpeg", slow)
    task = asyncio.create_task(performed.run())
    try:
        performed.on_view("pump", View(session="s", cues=(PHOTO,)))
        await asyncio.wait_for(made_ready.wait(), 10)
        await asyncio.sleep(0.1)
        assert not wall.shown
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
