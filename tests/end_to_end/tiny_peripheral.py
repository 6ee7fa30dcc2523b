"""A MicroPython program of a few lines that knows the API of `bluetooth` alone, and its bench."""

import asyncio
from contextlib import asynccontextmanager

from lullaflow_sim.identity import Identity
from lullaflow_sim.radio import VirtualRadio
from lullaflow_sim.standin import bluetooth
from lullaflow_sim.transmit import TransmitQueue

READ_ENCRYPTED = 0x0200
WRITE_ENCRYPTED = 0x1000
SERVICE = "6c751001-6c61-466c-8f77-4c657444776e"
STREAM = "6c751002-6c61-466c-8f77-4c657444776e"
SECRET = "6c751003-6c61-466c-8f77-4c657444776e"
PLAIN = "6c751004-6c61-466c-8f77-4c657444776e"
IDENTITY = Identity("conformance")
NAME = "tiny"


class TinyPeripheral:
    """A MicroPython program: advertises, answers, keeps secrets; uses nothing but `ble`."""

    def __init__(self, ble, secrets) -> None:
        self.ble = ble
        self.secrets = secrets
        self.events = asyncio.Queue()
        self.kept_buffers = []
        ble.active(True)
        ble.config(gap_name=NAME, mtu=247, bond=True, le_secure=True, mitm=False, io=3)
        ble.irq(self.on_event)
        uuid = bluetooth.UUID
        ((self.stream, self.secret, self.plain),) = ble.gatts_register_services(
            (
                (
                    uuid(SERVICE),
                    (
                        (uuid(STREAM), bluetooth.FLAG_NOTIFY | READ_ENCRYPTED),
                        (
                            uuid(SECRET),
                            bluetooth.FLAG_READ
                            | bluetooth.FLAG_WRITE
                            | bluetooth.FLAG_INDICATE
                            | READ_ENCRYPTED
                            | WRITE_ENCRYPTED,
                        ),
                        (uuid(PLAIN), bluetooth.FLAG_READ | bluetooth.FLAG_WRITE),
                    ),
                ),
            )
        )
        ble.gatts_write(self.secret, b"hush")
        ble.gatts_write(self.plain, b"hello")
        self.advertise()

    def advertise(self) -> None:
        name = NAME.encode()
        self.ble.gap_advertise(
            50_000,
            b"\x02\x01\x06" + bytes([17, 0x07]) + bytes(bluetooth.UUID(SERVICE)),
            resp_data=bytes([len(name) + 1, 0x09]) + name,
        )

    def on_event(self, event, data):
        if event == 29:
            kind, index, key = data
            if key is not None:
                return self.secrets.get((kind, bytes(key)))
            values = [value for (each, _), value in self.secrets.items() if each == kind]
            return values[index] if index < len(values) else None
        if event == 30:
            kind, key, value = data
            if value is None:
                return self.secrets.pop((kind, bytes(key)), None) is not None
            self.secrets[kind, bytes(key)] = bytes(value)
            return True
        if event in (1, 2):
            self.kept_buffers.append(data[2])
            data = (data[0], data[1], bytes(data[2]))
        if event == 2:
            self.advertise()
        if event != 4:
            self.events.put_nowait((event, data))
        return None

    async def until(self, event):
        """Wait for an event of the stack; return its data."""
        async with asyncio.timeout(10):
            while True:
                got, data = await self.events.get()
                if got == event:
                    return data


class Bench:
    """One board and the air round it."""

    def __init__(self) -> None:
        self.radio = VirtualRadio(IDENTITY.board_address, IDENTITY.host_address)
        self.secrets = {}
        self.crashes = []

    @asynccontextmanager
    async def boot(self):
        """Run the tiny peripheral from power-on to power-off."""
        device = IDENTITY.new_device(self.radio.new_host())
        transmit = TransmitQueue(0.0)
        ble = bluetooth.BLE(device, transmit, lambda: 1.0, self.crashes.append)
        await device.power_on()
        radio = asyncio.create_task(ble.serve())
        try:
            yield TinyPeripheral(ble, self.secrets)
        finally:
            radio.cancel()
            assert not self.crashes
