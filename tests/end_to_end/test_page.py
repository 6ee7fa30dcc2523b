"""The page in a real browser: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from PIL import Image
from playwright.async_api import Browser, Page, async_playwright, expect

from lullaflow.cli.ports import free_port

from .house import embedded_broker, house, listening

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
    pytest.mark.asyncio(loop_scope="module"),
]

PHONE, KIOSK = {"width": 390, "height": 844}, {"width": 1280, "height": 800}
PATIENCE_MS = 20_000
IN_SESSION = {"session": "s", "phase": "stimulation"}
WITH_PHOTO = {**IN_SESSION, "slow": True, "cues": ["music", "photo"]}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium() -> AsyncIterator[Browser]:
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        await browser.close()


@dataclass
class Stage:
    """The page in its own process, told what happens at the pumps."""

    url: str
    process: asyncio.subprocess.Process

    async def show(self, pump: str = "pump", **view: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"pump": pump, "view": view}).encode() + b"\n")
        await self.process.stdin.drain()

    async def command(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE_MS / 1000):
            return dict(json.loads(await self.process.stdout.readline()))


@asynccontextmanager
async def stage(
    photos: Path | None = None, names: dict[str, str] | None = None, port: int | None = None
) -> AsyncIterator[Stage]:
    port = port or free_port()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.end_to_end.page_stage", str(port), str(photos or "")),
        json.dumps(names or {"pump": "Pump"}),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    opened = Stage(f"http://127.0.0.1:{port}/", process)
    try:
        await listening(port)
        assert await opened.command() == {"ready": True}
        yield opened
    finally:
        assert process.stdin is not None
        process.stdin.close()
        assert await asyncio.wait_for(process.wait(), 20) == 0


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    Image.new("RGB", (600, 800), (180, 120, 90)).save(folder / "baby.jpg")
    return folder


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def one_pump(photos: Path) -> AsyncIterator[Stage]:
    async with stage(photos) as opened_stage:
        yield opened_stage


@asynccontextmanager
async def opened(
    browser: Browser, url: str, size: dict[str, int] = PHONE, **options: Any
) -> AsyncIterator[tuple[Page, list[str]]]:
    """Open the page in a browser of its own; yields it, and every address that it asked for."""
    context = await browser.new_context(viewport=size, **options)  # type: ignore[arg-type]
    page = await context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    asked: list[str] = []
    troubles: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    await page.goto(url)
    await expect(page.locator("h1")).to_be_visible()
    yield page, asked
    await context.close()
    assert not troubles


async def without_photo(pump: Stage, page: Page) -> None:
    """Leave behind what an earlier test has shown: two photos that fade into each other are two."""
    await pump.show(**IN_SESSION)
    await expect(page.locator("img")).to_have_count(0)


FADES = """
window.fades = [];
addEventListener("transitionrun", ({ target, propertyName }) => {
  if (target.tagName === "IMG" && propertyName === "opacity")
    window.fades.push([target.complete, target.naturalWidth, target.naturalHeight]);
});
"""


async def test_photo_fades_in_with_its_cue_and_goes_with_it(
    chromium: Browser, photos: Path
) -> None:
    async with stage(photos) as pump, opened(chromium, pump.url) as (page, asked):
        await expect(page.locator("h1")).to_have_text("Looking for your pump.")
        await expect(page.locator("img")).to_have_count(0)
        await page.evaluate(FADES)
        await pump.show(**IN_SESSION)
        await expect(page.locator("h1")).to_have_text("Settle in, and breathe out slowly.")
        await pump.show(**WITH_PHOTO)
        photo = page.locator("img[alt='Your photo']")
        await expect(photo).to_be_visible()
        await expect(page.locator(".moon")).to_have_count(0)
        await expect(photo).to_have_css("opacity", "1")
        # It faded in, and was wholly there before it did.
        assert await page.evaluate("window.fades") == [[True, 600, 800]]
        await pump.show(**IN_SESSION, milk_flowing=True, let_downs=1)
        await expect(page.locator("h1")).to_have_text("Your milk is flowing.")
        await expect(page.locator("img")).to_have_count(0)
        await expect(page.locator(".moon")).to_be_visible()
        assert len(await page.evaluate("window.fades")) == 2
        assert all(address.split("//")[1].startswith(pump.url[7:]) for address in asked), asked
        assert any(address.startswith("ws://") for address in asked)


async def test_hands_switch_the_sound_and_ask_for_quiet(chromium: Browser, one_pump: Stage) -> None:
    pump = one_pump
    await pump.show()
    async with opened(chromium, pump.url) as (page, _):
        not_now = page.get_by_role("button", name="Not now")
        await expect(not_now).to_be_disabled()
        await pump.show(**WITH_PHOTO)
        await not_now.click()
        assert await pump.command() == {"pump": "pump", "command": "snooze"}
        await pump.show(**IN_SESSION, snoozed=True, slow=True)
        await expect(page.get_by_role("button", name="Quiet for now")).to_be_disabled()
        await expect(page.locator("h1")).to_have_text("As you wish. It stays quiet around you.")
        await page.get_by_role("button", name="Sound off").click()
        await expect(page.get_by_role("button", name="Sound on")).to_be_visible()
        async with opened(chromium, pump.url) as (other, _):
            await expect(other.get_by_role("button", name="Sound on")).to_be_visible()
            await other.get_by_role("button", name="Sound on").press("Enter")
        await expect(page.get_by_role("button", name="Sound off")).to_be_visible()


async def test_curves_are_hidden_until_asked_for_and_this_browser_remembers(
    chromium: Browser, one_pump: Stage
) -> None:
    pump = one_pump
    await pump.show()
    async with opened(chromium, pump.url) as (page, _):
        for second in range(20):
            await pump.show(**IN_SESSION, session_s=second, flow_left_ml_min=second, vacuum_mmhg=99)
        await expect(page.locator("h1")).to_have_text("Settle in, and breathe out slowly.")
        assert not await page.locator(".curves").count()
        assert not any(character.isdigit() for character in await page.inner_text("main"))
        await page.get_by_role("button", name="Show curves").click()
        await expect(page.locator(".curves")).to_contain_text("19 ml a minute")
        await expect(page.locator(".curves")).to_contain_text("99 mmHg")
        line = await page.locator(".milk .line").get_attribute("d")
        assert line is not None
        assert line.count("L") == 19
        await page.reload()
        await expect(page.locator(".curves")).to_contain_text("19 ml a minute")
        async with opened(chromium, pump.url) as (other, _):
            assert not await other.locator(".curves").count()
        await page.get_by_role("button", name="Hide curves").click()
        await page.reload()
        await expect(page.get_by_role("button", name="Show curves")).to_be_visible()


async def test_several_pumps_are_a_tap_apart_and_the_one_in_use_comes_first(
    chromium: Browser,
) -> None:
    names = {"left": "Left", "deaf": "Right"}
    async with stage(names=names) as pump, opened(chromium, pump.url) as (page, _):
        await pump.show("left")
        await pump.show("deaf", **IN_SESSION)
        right = page.get_by_role("button", name="Right")
        await expect(right).to_have_attribute("aria-pressed", "true")
        await page.get_by_role("button", name="Left").click()
        await expect(page.locator("h1")).to_have_text("All is quiet.")
        await right.click()
        await expect(page.locator("h1")).to_have_text("Settle in, and breathe out slowly.")
        # What the daemon refuses is said in its words.
        await page.get_by_role("button", name="Not now").click()
        assert (await pump.command())["pump"] == "deaf"
        await expect(page.locator(".toast")).to_have_text("The pump has not been connected yet.")


async def test_page_says_when_the_pump_is_away_and_heals_when_the_house_was(
    chromium: Browser,
) -> None:
    port = free_port()
    async with AsyncExitStack() as later:
        async with stage(port=port) as pump:
            page, _ = await later.enter_async_context(opened(chromium, pump.url))
            await pump.show(**IN_SESSION, link_up=False)
            await expect(page.locator("h1")).to_have_text("The pump is out of reach.")
            await expect(page.locator(".aside")).to_have_text(
                "While it is on, it remembers the last minutes."
            )
        popup = page.locator("#popup")
        await expect(popup).to_contain_text("comes back by itself")
        await expect(popup).to_be_visible()
        async with stage(port=port) as pump:
            await pump.show()
            await expect(page.locator("h1")).to_have_text("All is quiet.")
            await expect(popup).to_be_hidden()


@pytest.mark.parametrize("size", [PHONE, KIOSK], ids=["phone", "kiosk"])
async def test_page_is_usable_by_everybody(
    chromium: Browser, one_pump: Stage, size: dict[str, int]
) -> None:
    """What axe would look for first, and targets that a tired thumb finds."""
    pump = one_pump
    async with opened(chromium, pump.url, size) as (page, _):
        await without_photo(pump, page)
        await pump.show(**WITH_PHOTO, seal_ok=False)
        await expect(page.locator("img")).to_have_css("opacity", "1")
        assert await page.title() == "lullaflow"
        assert (await page.locator("html").get_attribute("lang") or "").startswith("en")
        assert await page.locator("h1").count() == 1
        assert await page.locator("main").count() == 1
        live = page.locator("[aria-live=polite]")
        await expect(live).to_have_attribute("aria-atomic", "true")
        await expect(live).to_contain_text("nudge the flange")
        for button in await page.get_by_role("button").all():
            box = await button.bounding_box()
            assert box is not None
            assert box["height"] >= 64
            assert box["width"] >= 64
            assert box["y"] >= 0
            assert box["y"] + box["height"] <= size["height"]
        for image in await page.locator("img").all():
            assert await image.get_attribute("alt")
        assert await page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        names = []
        for _ in range(3):
            await page.keyboard.press("Tab")
            names.append(await page.evaluate("document.activeElement.innerText"))
        assert [name.strip() for name in names] == ["Sound off", "Not now", "Show curves"]
        outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"
        for selector in ("h1", ".aside", ".hands button.sound"):
            ratio = await page.evaluate(CONTRAST, selector)
            assert ratio >= 4.5, (selector, ratio)


async def test_who_wants_no_motion_gets_none(chromium: Browser, one_pump: Stage) -> None:
    pump = one_pump
    async with opened(chromium, pump.url, reduced_motion="reduce") as (page, _):
        await without_photo(pump, page)
        assert await page.locator(".halo").evaluate("el => el.getAnimations().length") == 0
        await pump.show(**WITH_PHOTO)
        await expect(page.locator("img")).to_have_css("opacity", "1", timeout=5000)


async def test_page_is_for_this_house_alone(one_pump: Stage) -> None:
    port = int(one_pump.url.rstrip("/").rpartition(":")[2])

    async def get(path: str, host: str = "127.0.0.1") -> tuple[str, dict[str, str]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        writer.close()
        status, *lines = head.strip().split("\r\n")
        return status.split()[1], {k.lower(): v for k, v in (line.split(": ", 1) for line in lines)}

    status, headers = await get("/")
    assert status == "200"
    assert "default-src 'self'" in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"
    # A page from afar whose name points here (DNS rebinding) sees nothing.
    assert (await get("/", host="evil.example"))[0] == "400"
    assert (await get("/", host=f"localhost:{port}"))[0] == "200"
    assert (await get("/photo/nobody/1.jpg"))[0] == "404"
    await one_pump.show()
    await one_pump.show(**WITH_PHOTO)
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while (answer := await get("/photo/pump/1.jpg"))[0] != "200":  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert answer[1]["content-type"] == "image/jpeg"
    assert answer[1]["cache-control"] == "no-store"


async def test_photo_appears_in_a_whole_house_when_let_down_is_slow(
    chromium: Browser, tmp_path: Path
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    Image.new("RGB", (900, 600), (150, 110, 90)).save(photos / "baby.png")
    settings = f'[cues]\nsound = false\nphoto_folder = "{photos}"'
    async with house(tmp_path, "slow", broker=embedded_broker, settings=settings) as home:
        await listening(home.web_port)
        async with opened(chromium, f"http://127.0.0.1:{home.web_port}/", KIOSK) as (page, _):
            await home.event("cue_started", lambda event: event["kind"] == "photo")
            await expect(page.locator("img[alt='Your photo']")).to_be_visible()
            await expect(page.get_by_role("button", name="No sound here")).to_be_disabled()
            await home.event("let_down")
            await expect(page.locator("img")).to_have_count(0)


CONTRAST = """
(selector) => {
  const lightness = ([r, g, b]) => {
    const part = (v) => ((v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const colour = getComputedStyle(document.querySelector(selector)).color;
  const text = lightness(colour.match(/[0-9.]+/g).map(Number));
  // The brightest that can lie behind: a white photo, dimmed and veiled as style.css does.
  const behind = lightness([87, 87, 87].map((v) => v * 0.45));
  return (text + 0.05) / (behind + 0.05);
}
"""
