"""Serves the page from within the daemon's own event loop."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Final

import structlog
import uvicorn
from fastapi import FastAPI, Response
from nicegui import ui
from starlette.datastructures import MutableHeaders
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lullaflow.config import WebSettings
from lullaflow.session.view import View
from lullaflow.web.page import Ask, Room, Sound
from lullaflow.web.state import PumpOnPage

LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")

FAVICON: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
    '<path d="M27 20.5A12.5 12.5 0 1 1 11.5 5a10 10 0 1 0 15.5 15.5z" fill="#e3a766"/></svg>'
)

# Vue compiles templates in the browser, and NiceGUI's page holds inline scripts: hence 'unsafe-…'.
POLICY: Final = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; "
    "script-src 'self' 'unsafe-inline' 'unsafe-eval'"
)
"""No byte leaves the house: the browser itself refuses to load anything from elsewhere."""

TICK_S: Final = 1.0
"""The Date in answers is as fine as a second."""

log = structlog.get_logger(__name__)


class WebError(Exception):
    """The page cannot be served; the message says why and what to do."""


class Page:
    """The page of all pumps.

    Args:
        settings: where to serve.
        names: what people call each pump, by slug.
        sound: what 'sound off' switches.
        ask: carries out what a hand asks for.
        stores: tells whether what the pump brings can be stored.
    """

    def __init__(
        self,
        settings: WebSettings,
        names: Mapping[str, str],
        sound: Sound,
        ask: Ask,
        stores: Callable[[], bool],
    ) -> None:
        self._settings = settings
        self._pumps = {slug: PumpOnPage(name) for slug, name in names.items()}
        self._sound = sound
        self._ask = ask
        self._stores = stores
        self._socket: socket.socket | None = None

    def on_view(self, pump: str, view: View) -> None:
        """Take what is happening at a pump now."""
        self._pumps[pump].on_view(view)

    def on_photo(self, pump: str, jpeg: bytes | None) -> None:
        """Take the photo now shown, None when it goes."""
        self._pumps[pump].on_photo(jpeg)

    def bind(self) -> None:
        """Take the port, so that trouble shows at start.

        Raises:
            WebError: somebody else has it, or the address is none of this machine's.
        """
        host, port = self._settings.host, self._settings.port
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            # Listening at once: of two programs that have merely bound a port, both would have it.
            self._socket = socket.create_server((host, port), family=family)
        except OSError as error:
            raise WebError(_advice(host, port, error)) from error

    def close(self) -> None:
        """Give the port back, when it was taken and never served."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    async def run(self) -> None:
        """Serve until cancelled; `bind` comes first."""
        if self._socket is None:
            self.bind()
        server = _Server(
            uvicorn.Config(
                self._app(), log_config=None, access_log=False, timeout_graceful_shutdown=1
            )
        )
        log.info("the page is served", url=f"http://{self._settings.host}:{self._settings.port}")
        serving = asyncio.create_task(
            server.serve(sockets=[self._socket] if self._socket else None), name="page.server"
        )
        try:
            await asyncio.shield(serving)
        except asyncio.CancelledError:
            server.end()
            await serving
            raise

    def _app(self) -> FastAPI:
        app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
        app.add_api_route("/photo/{pump}/{number}.jpg", self._photo)
        app.add_middleware(Confined)
        if self._settings.host in LOOPBACK:
            # Else a page from afar could, by a name that it points to 127.0.0.1, look in here.
            app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(LOOPBACK))

        @ui.page("/", response_timeout=10.0)
        def index() -> None:
            Room(self._pumps, self._sound, self._ask, self._stores)

        ui.run_with(
            app,
            title="lullaflow",
            viewport="width=device-width, initial-scale=1, viewport-fit=cover",
            favicon=FAVICON,
            dark=True,
            language="en-US",
            tailwind=False,
            show_welcome_message=False,
        )
        return app

    def _photo(self, pump: str, number: int) -> Response:
        del number  # it makes a new photo a new address, so that no browser shows an old one
        shown = self._pumps.get(pump)
        if shown is None or shown.photo is None:
            return Response(status_code=404)
        return Response(shown.photo, media_type="image/jpeg", headers={"Cache-Control": "no-store"})


class Confined:
    """Adds the headers that keep the page, and what it shows, in the house."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and mark its answer."""

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = POLICY
                headers["Referrer-Policy"] = "no-referrer"
                headers["X-Content-Type-Options"] = "nosniff"
            await send(message)

        await self._app(scope, receive, marked if scope["type"] == "http" else send)


class _Server(uvicorn.Server):
    """Leaves signals to the daemon, and sleeps while nobody comes."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._ended = asyncio.Event()

    def end(self) -> None:
        """Close all connections, then end."""
        self.should_exit = True
        self._ended.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def main_loop(self) -> None:
        """Do the housekeeping until the end; uvicorn's own looks ten times a second whether it is.

        All night long, that is a fifth of what the daemon costs with one pump.
        """
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                async with asyncio.timeout(TICK_S):
                    await self._ended.wait()


def _advice(host: str, port: int, error: OSError) -> str:
    where = f"The page cannot be served at {host}:{port}"
    if error.errno == errno.EADDRINUSE:
        return f"{where}: another program uses that port; end it, or set web.port to another one."
    if error.errno == errno.EACCES:
        return f"{where}: ports below 1024 are the system's; set web.port to 8120, for example."
    return f"{where} ({error.strerror}); set web.host to an address of this machine."
