"""Take the picture of the page for the README, from the running demo.

    .venv/bin/python tools/screenshot.py [--out docs/images/page.png] [--photos FOLDER] [--phone]

Starts `lullaflow demo` with the slow scenario, waits in Debian's Chromium until the photo has
wholly faded in, and takes the picture.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import socket
import sys
from pathlib import Path

from playwright.async_api import async_playwright, expect

KIOSK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
PATIENCE_MS = 180_000


async def main() -> None:
    """Run the demo until its photo is on the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/images/page.png"))
    parser.add_argument("--photos", type=Path, help="a folder of photos, instead of our drawing")
    parser.add_argument("--phone", action="store_true", help="a phone's screen, not a wide one")
    options = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("Chromium is needed: apt install chromium")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    photos = ("--photos", str(options.photos)) if options.photos else ()
    demo = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "lullaflow", "--log-level", "warning"),
        *("demo", "--scenario", "slow", "--speed", "5", "--port", str(port), *photos),
    )
    try:
        await listening(port, demo)
        await picture(f"http://127.0.0.1:{port}/", chromium, options.out, phone=options.phone)
    finally:
        if demo.returncode is None:
            demo.terminate()
            await demo.wait()


async def listening(port: int, demo: asyncio.subprocess.Process) -> None:
    """Wait until the page is served."""
    while True:
        if demo.returncode is not None:
            sys.exit("The demo has ended before its page was served.")
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.2)
        else:
            writer.close()
            return


async def picture(url: str, chromium: str, out: Path, *, phone: bool) -> None:
    """Wait for the photo on the page at `url`, then write the picture."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        page = await browser.new_page(viewport=PHONE if phone else KIOSK)  # type: ignore[arg-type]
        await page.goto(url)
        await expect(page.locator("img")).to_have_css("opacity", "1", timeout=PATIENCE_MS)
        await page.wait_for_timeout(1500)  # the room's light fades in as slowly
        out.parent.mkdir(parents=True, exist_ok=True)
        await page.screenshot(path=out)
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
