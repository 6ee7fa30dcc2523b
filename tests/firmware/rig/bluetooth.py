"""Stands for MicroPython's `bluetooth` where there is none: records, and plays a central."""


class UUID:
    def __init__(self, value):
        self.value = value


class BLE:
    """One peripheral; the test is its central.

    Attributes:
        notified: (handle, bytes) of each notification, in order.
        indicated: the same of indications.
        room: notifications that the stack takes before it says ENOMEM; None for no end.
        busy: it does not advertise now.
    """

    def __init__(self):
        self.notified = []
        self.indicated = []
        self.room = None
        self.busy = False
        self.advertised = []
        self.on = False
        self.settings = {}
        self.disconnected = 0
        self._values = {}
        self._rooms = {}
        self._handler = None

    def active(self, on=None):
        if on is not None:
            self.on = on
        return self.on

    def config(self, name=None, **values):
        if name == "mac":
            return (0, b"\x02\x10\x20\x30\x40\x50")
        self.settings.update(values)
        return None

    def irq(self, handler):
        self._handler = handler

    def gatts_register_services(self, services):
        handle = 10
        found = []
        for _, characteristics in services:
            handles = []
            for _ in characteristics:
                handle += 3
                handles.append(handle)
                self._values[handle] = b""
                self._rooms[handle] = 20
            found.append(tuple(handles))
        return tuple(found)

    def gatts_set_buffer(self, handle, size, append=False):
        self._rooms[handle] = size

    def gatts_write(self, handle, data, send_update=False):
        self._values[handle] = bytes(data)

    def gatts_read(self, handle):
        return self._values[handle]

    def gap_advertise(self, interval_us, adv_data=None, *, resp_data=None, connectable=True):
        if self.busy:
            raise OSError(16)
        self.advertised.append((interval_us, adv_data, resp_data))

    def gap_disconnect(self, connection):
        self.disconnected += 1
        return True

    def gatts_notify(self, connection, handle, data=None):
        if self.room is not None:
            if self.room == 0:
                raise OSError(12)
            self.room -= 1
        self.notified.append((handle, bytes(data)))

    def gatts_indicate(self, connection, handle, data=None):
        if self.room == 0:
            raise OSError(12)
        self.indicated.append((handle, bytes(data)))
        self.event(20, (connection, handle, 0))

    def event(self, number, data):
        """Let the stack report something; buffers are scribbled over afterwards, as it does."""
        buffers = [each for each in data if isinstance(each, bytearray)]
        result = self._handler(number, data)
        for buffer in buffers:
            for i in range(len(buffer)):
                buffer[i] = 0xA5
        return result

    def write(self, handle, data):
        """Write as the central."""
        self._values[handle] = bytes(data)[: self._rooms[handle]]
        self.event(3, (1, handle))
