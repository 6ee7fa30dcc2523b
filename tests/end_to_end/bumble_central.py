"""A plain Bumble central, which knows nothing of the host's own link code."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bumble import hci
from bumble.core import AdvertisingData
from bumble.device import Connection, Device, DeviceConfiguration, Peer
from bumble.gatt_client import CharacteristicProxy
from bumble.host import Host
from bumble.keys import MemoryKeyStore
from bumble.pairing import PairingConfig, PairingDelegate
from bumble.transport.common import AsyncPipeSink


class Central:
    """One central with its bonds, good for many connections."""

    def __init__(self, host: Host, *, sc: bool = True, bonding: bool = True) -> None:
        self.device = Device(
            config=DeviceConfiguration(
                name="central", address=hci.Address("C0:11:22:33:44:55"), irk=bytes(range(16))
            ),
            host=host,
        )
        self.device.keystore = MemoryKeyStore()
        self.device.pairing_config_factory = lambda _: PairingConfig(
            sc=sc,
            mitm=False,
            bonding=bonding,
            delegate=PairingDelegate(PairingDelegate.NO_OUTPUT_NO_INPUT),
            # It connects with its random address, so that must be the one that bonds go by.
            identity_address_type=PairingConfig.AddressType.RANDOM,
        )
        self.peer: Peer | None = None

    @property
    def connection(self) -> Connection:
        assert self.peer is not None
        return self.peer.connection

    async def find(self, name: str | None = None) -> tuple[hci.Address, AdvertisingData]:
        """Scan until a connectable device (of this name) is heard; return what it says."""
        heard: asyncio.Future[tuple[hci.Address, AdvertisingData]] = (
            asyncio.get_running_loop().create_future()
        )

        def on_advertisement(advertisement) -> None:
            said = advertisement.data.get(AdvertisingData.Type.COMPLETE_LOCAL_NAME)
            if not heard.done() and advertisement.is_connectable and name in (None, said):
                heard.set_result((advertisement.address, advertisement.data))

        self.device.on("advertisement", on_advertisement)
        await self.device.start_scanning(filter_duplicates=False)
        try:
            return await asyncio.wait_for(heard, 10)
        finally:
            self.device.remove_listener("advertisement", on_advertisement)
            await self.device.stop_scanning()

    async def connect(self, name: str | None = None, mtu: int | None = None) -> Peer:
        """Find, connect, agree on the MTU and discover everything."""
        address, _ = await self.find(name)
        connection = await self.device.connect(address)
        self.peer = Peer(connection)
        if mtu is not None:
            await self.peer.request_mtu(mtu)
        await self.peer.discover_all()
        return self.peer

    def characteristic(self, uuid) -> CharacteristicProxy[bytes]:
        """Return the only characteristic of this UUID."""
        assert self.peer is not None
        (found,) = self.peer.get_characteristics_by_uuid(uuid)
        return found

    async def gone(self) -> int:
        """Wait for the end of the connection; return the reason."""
        ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.connection.once("disconnection", ended.set_result)
        return await asyncio.wait_for(ended, 10)


@asynccontextmanager
async def central_on(controller, **options) -> AsyncIterator[Central]:
    """A central on a virtual controller of this process."""
    central = Central(Host(controller, AsyncPipeSink(controller)), **options)
    await central.device.power_on()
    try:
        yield central
    finally:
        await central.device.power_off()
