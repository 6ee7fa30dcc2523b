"""The one module that knows aiomqtt: how a connection to the broker is made."""

from __future__ import annotations

import asyncio
import ssl
import uuid
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any, Final, Protocol, Self, TypeVar

import aiomqtt
import structlog
from paho.mqtt.reasoncodes import ReasonCode

from lullaflow.config import MqttSettings
from lullaflow.publish import advice
from lullaflow_protocol.topics import OFFLINE

CONNECT_TIMEOUT_S: Final = 10.0
"""For connecting, and for the broker's acknowledgement of each message."""

PROBE_TIMEOUT_S: Final = 3.0
"""For the first tries with MQTT 5: some older brokers just leave it unanswered."""

_V5_UNSUPPORTED: Final = 132
"""Refusal for a protocol version (MQTT 5, 3.2.2.2); paho turns MQTT 3.1.1's code 1 into it."""

_SUBACK_FAILURE: Final = 0x80
"""From here on, a SUBACK's code is a refusal (MQTT 3.1.1, 3.9.3; MQTT 5, 3.9.3)."""

_FRAMING_BYTES: Final = 10
"""Most that a message without properties takes beside topic and payload (MQTT 5, 3.3)."""

BrokerError = aiomqtt.MqttError
"""The broker is away, refuses, or does not answer."""

T = TypeVar("T")

log = structlog.get_logger(__name__)


class RefusedError(aiomqtt.MqttError):
    """The broker is there, but does not let us do this."""


class Connection(Protocol):
    """What the publisher needs of a connection."""

    async def publish(self, topic: str, payload: str | bytes, *, qos: int, retain: bool) -> None:
        """Publish; with QoS 1, return when the broker has taken the message.

        Raises:
            RefusedError: the broker does not take it, or said that it takes none so large (MQTT 5
                only).
            BrokerError: it did not answer.
        """

    async def subscribe(self, topic: str) -> None:
        """Subscribe with QoS 1.

        Raises:
            RefusedError: the broker does not let us hear this.
            BrokerError: it did not answer.
        """

    async def unsubscribe(self, topic: str) -> None:
        """Hear no more of a subscription."""

    def messages(self) -> AsyncIterator[tuple[str, bytes, bool]]:
        """Yield `(topic, payload, retained)` until the connection breaks."""


class _Client(aiomqtt.Client):
    """Wakes less than aiomqtt's own, and keeps what that drops of the broker's answers.

    Without the reason, a message that the broker refused would count as taken. And before Python
    3.12 asyncio.wait_for, by which aiomqtt waits, forgets a cancellation that comes together with
    the broker's answer. aiomqtt writes a message two turns of the loop after it was published, and
    when the socket is closed by then, a traceback frightens whoever reads the log.

    Attributes:
        refused: why the broker did not take the last message, empty when it did.
        most_bytes: of a packet that the broker takes, None where it does not say (MQTT 5 only).
    """

    refused: str = ""
    most_bytes: int | None = None

    async def __aenter__(self) -> Self:
        try:
            return await super().__aenter__()
        except BaseException:
            self._let_go()
            raise

    async def __aexit__(self, *exc_info: Any) -> None:
        try:
            await super().__aexit__(*exc_info)
        finally:
            self._let_go()

    def _let_go(self) -> None:
        # After trouble, aiomqtt leaves it open, and watched, until the keepalive has run out.
        self._client._sock_close()  # noqa: SLF001
        if self._disconnected.done() and not self._disconnected.cancelled():
            self._disconnected.exception()  # whoever was to hear of it has heard by other ways

    def _on_connect(
        self, client: Any, userdata: Any, flags: Any, reason_code: Any, properties: Any = None
    ) -> None:
        self.most_bytes = getattr(properties, "MaximumPacketSize", None)
        super()._on_connect(client, userdata, flags, reason_code, properties)

    async def _wait_for(self, fut: Awaitable[T], timeout: float | None) -> T:  # noqa: ASYNC109
        try:
            async with asyncio.timeout(self.timeout if timeout is None else timeout):
                return await fut
        except TimeoutError:
            raise aiomqtt.MqttError("Operation timed out") from None

    def _on_publish(
        self, client: Any, userdata: Any, mid: int, reason_code: Any, properties: Any
    ) -> None:
        if getattr(reason_code, "is_failure", False):
            self.refused = str(reason_code)
        super()._on_publish(client, userdata, mid, reason_code, properties)

    def _on_socket_register_write(self, client: Any, userdata: Any, sock: Any) -> None:
        if not self._is_in_loop():
            super()._on_socket_register_write(client, userdata, sock)
            return
        self._write_on(client)
        if client.want_write() and sock.fileno() >= 0:
            self._loop.add_writer(sock.fileno(), self._write_on, client)

    def _is_in_loop(self) -> bool:
        try:
            return asyncio.get_running_loop() is self._loop
        except RuntimeError:
            return False

    def _write_on(self, client: Any) -> None:
        try:
            client.loop_write()
        except Exception as error:  # noqa: BLE001 -- whatever it is, the connection is of no use
            if not self._disconnected.done():
                self._disconnected.set_exception(error)


class _Connection:
    def __init__(self, client: _Client) -> None:
        self._client = client
        self._turn = asyncio.Lock()

    async def publish(self, topic: str, payload: str | bytes, *, qos: int, retain: bool) -> None:
        payload = payload.encode() if isinstance(payload, str) else payload
        most_bytes = self._client.most_bytes
        if most_bytes is not None and _FRAMING_BYTES + len(topic) + len(payload) > most_bytes:
            # It would throw us out, and at the next try again, before anything else came through.
            raise RefusedError(f"it takes {most_bytes} bytes at once, and {topic} has more")
        # One at a time: a refusal then belongs to the message that waits, and order is certain.
        async with self._turn:
            self._client.refused = ""
            with _in_words():
                await self._client.publish(topic, payload, qos=qos, retain=retain)
            if self._client.refused:
                raise RefusedError(f"it refuses {topic}: {self._client.refused}")

    async def subscribe(self, topic: str) -> None:
        with _in_words():
            codes = await self._client.subscribe(topic, qos=1)
        for code in codes:
            if getattr(code, "value", code) >= _SUBACK_FAILURE:
                raise RefusedError(f"it does not let us hear {topic}")

    async def unsubscribe(self, topic: str) -> None:
        with _in_words():
            await self._client.unsubscribe(topic)

    async def messages(self) -> AsyncIterator[tuple[str, bytes, bool]]:
        with _in_words():
            async for message in self._client.messages:
                payload = message.payload if isinstance(message.payload, bytes) else b""
                yield str(message.topic), payload, bool(message.retain)


class Dialer:
    """Connects to the configured broker, as often as asked.

    Args:
        settings: of the broker.
        will_topic: where the broker says `offline` for us when we vanish; empty for nowhere.
    """

    def __init__(self, settings: MqttSettings, will_topic: str = "") -> None:
        self._settings = settings
        self._will = aiomqtt.Will(will_topic, OFFLINE, qos=1, retain=True) if will_topic else None
        self._client_id = settings.client_id or f"lullaflow-{uuid.uuid4().hex[:12]}"
        self._known = settings.protocol != "auto"
        only_old = settings.protocol == "3.1.1"
        self._version = aiomqtt.ProtocolVersion.V311 if only_old else aiomqtt.ProtocolVersion.V5

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Connection]:
        """A connection while the block runs.

        Raises:
            BrokerError: none came about, or it broke.
        """
        async with AsyncExitStack() as stack:
            with _in_words():
                try:
                    client = await stack.enter_async_context(self._client(self._version))
                except aiomqtt.MqttError as error:
                    if self._known or not _may_be_older(error):
                        raise
                    client = await self._connect_otherwise(stack, error)
            self._known = True
            client.timeout = CONNECT_TIMEOUT_S
            yield _Connection(client)

    async def _connect_otherwise(self, stack: AsyncExitStack, error: aiomqtt.MqttError) -> _Client:
        """Connect after MQTT 5 has failed: by 3.1.1, or by 5 where the broker had only been silent.

        Args:
            stack: where the connection is entered.
            error: by which MQTT 5 failed.

        Raises:
            aiomqtt.MqttError: neither works.
        """
        if _code(error) != _V5_UNSUPPORTED:
            # Only a connection proves it: a broker in trouble is silent as well. And that one may
            # be well again by now, and would be taken for an older one until we end.
            async with self._client(aiomqtt.ProtocolVersion.V311):
                pass
            try:
                return await stack.enter_async_context(self._client(self._version))
            except aiomqtt.MqttError as again:
                if not _may_be_older(again):
                    raise
        client = await stack.enter_async_context(self._client(aiomqtt.ProtocolVersion.V311))
        self._version = aiomqtt.ProtocolVersion.V311
        log.info("the broker does not speak MQTT 5; using 3.1.1")
        return client

    def _client(self, version: aiomqtt.ProtocolVersion) -> _Client:
        settings = self._settings
        probing = not self._known and version is aiomqtt.ProtocolVersion.V5
        return _Client(
            settings.host,
            settings.port,
            username=settings.username or None,
            password=settings.secret() or None,
            identifier=self._client_id,
            protocol=version,
            will=self._will,
            keepalive=settings.keepalive_s,
            timeout=PROBE_TIMEOUT_S if probing else CONNECT_TIMEOUT_S,
            tls_context=_tls(settings) if settings.tls else None,
        )


def _may_be_older(error: aiomqtt.MqttError) -> bool:
    """Tell whether the broker seems not to know MQTT 5.

    Brokers before it refuse by code, hang up, or say nothing; no broker at all does none of it.
    """
    code, way = _code(error), _way(error)
    silent = code is None and (way is None or isinstance(way, TimeoutError))
    return code == _V5_UNSUPPORTED or silent


@contextmanager
def _in_words() -> Iterator[None]:
    """Say in words what aiomqtt says in codes."""
    try:
        yield
    except RefusedError:
        raise
    except aiomqtt.MqttError as error:
        code, way = _code(error), _way(error)
        if code is not None:
            raise BrokerError(advice.refusal(code)) from error
        raise BrokerError(advice.HUNG_UP if way is None else advice.no_way(way)) from error


def _code(error: BaseException) -> int | None:
    """Return the broker's reason for refusing or ending the connection, as in MQTT 5."""
    reason = getattr(error, "rc", None)
    return reason.value if isinstance(reason, ReasonCode) and reason.is_failure else None


def _way(error: BaseException) -> OSError | None:
    """Return what the system said; aiomqtt keeps it as the context alone."""
    return error.__context__ if isinstance(error.__context__, OSError) else None


def _tls(settings: MqttSettings) -> ssl.SSLContext:
    for file in (settings.ca_file, settings.cert_file, settings.key_file):
        if file is not None:
            file.open("rb").close()  # what ssl says of a missing file does not name it
    context = ssl.create_default_context(cafile=settings.ca_file)
    if settings.cert_file is not None:
        context.load_cert_chain(settings.cert_file, settings.key_file)
    if settings.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
