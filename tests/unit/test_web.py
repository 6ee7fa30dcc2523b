"""The page's port: whatever is wrong with it is one sentence with what to do."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from lullaflow.config import WebSettings
from lullaflow.cues.players import MusicPlayer
from lullaflow.web import Page, WebError


async def nobody(pump: str, command: str) -> str:
    return f"{pump} {command}"


def page(host: str, port: int) -> Page:
    settings = WebSettings(host=host, port=port)
    return Page(settings, {"pump": "Pump"}, MusicPlayer(None, 0.5), nobody, lambda: True)


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_port_in_use_is_one_sentence(taken_port: int) -> None:
    with pytest.raises(WebError) as caught:
        page("127.0.0.1", taken_port).bind()
    assert str(caught.value) == (
        f"The page cannot be served at 127.0.0.1:{taken_port}: another program uses that port; "
        "end it, or set web.port to another one."
    )


@pytest.mark.parametrize("host", ["192.0.2.7", "no-such-name.invalid"])
def test_address_of_another_machine_is_one_sentence(host: str, taken_port: int) -> None:
    with pytest.raises(WebError, match=r"set web\.host to an address of this machine\.$"):
        page(host, taken_port).bind()


def test_second_page_does_not_get_the_first_one_s_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    first = page("127.0.0.1", port)
    first.bind()
    with pytest.raises(WebError):
        page("127.0.0.1", port).bind()
    first.close()
    second = page("127.0.0.1", port)
    second.bind()
    second.close()
