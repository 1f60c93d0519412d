"""Frames from what a socket gives: whole ones are cut out, one that has come in part is kept.

All connections receive into one buffer, so that those that wait for something cost no memory; only a frame that has come
in part gets a buffer of its own, which grows with what comes and not with what was announced.
"""

from __future__ import annotations

import struct

from nodesmith.broker.reading import MalformedRequestError

MAX_FRAME_BYTES = 100 * 1024 * 1024  # Kafka's own; only records need so much
MAX_OTHER_BYTES = 4 * 1024 * 1024

_SHARED_BYTES = 256 * 1024
_MOST_FREE, _LARGEST_FREE_BYTES = 8, 2 * 1024 * 1024
_LEAST_BYTES = 4096
_LENGTH = struct.Struct(">i")
_LENGTH_AND_KEY = struct.Struct(">ih")
_PRODUCE = 0
_TLS_HANDSHAKE = b"\x16\x03"


class Buffers:
    """What connections receive into: one buffer for all, and some for those whose frames come in parts.

    Memory that is new to the process is slow at first, so those that are done with are used again.
    """

    def __init__(self) -> None:
        self.shared = bytearray(_SHARED_BYTES)
        self._free: list[bytearray] = []

    def take(self, size: int) -> bytearray:
        """Return a buffer of at least `size` bytes for one connection."""
        for number, buffer in enumerate(self._free):
            if len(buffer) >= size:
                return self._free.pop(number)
        return bytearray(size)

    def give_back(self, buffer: bytearray) -> None:
        """Let others have a buffer."""
        if len(buffer) <= _LARGEST_FREE_BYTES:
            self._free = sorted([*self._free, buffer], key=len)[-_MOST_FREE:]


class Frames:
    """What has come from one client and was not taken yet.

    What is received is looked at where it lies; `keep` has to be called before others receive.
    """

    def __init__(self, buffers: Buffers) -> None:
        self._buffers = buffers
        self._data = buffers.shared
        self._filled = 0  # so much has come
        self._taken = 0  # of which so much was taken out

    @property
    def left(self) -> int:
        """Return how many bytes have come and were not taken yet."""
        return self._filled - self._taken

    @property
    def held(self) -> int:
        """Return how many bytes of memory there are for this client alone."""
        return 0 if self._data is self._buffers.shared else len(self._data)

    def room(self) -> memoryview:
        """Return where the next bytes go."""
        self.keep()
        if self._filled == len(self._data):
            self._move_to(self._buffers.take(self._filled + self._growth()))
        return memoryview(self._data)[self._filled :]

    def received(self, count: int) -> None:
        """Note that so many bytes were put there."""
        self._filled += count

    def next(self) -> memoryview | None:
        """Return the next whole frame without its length; raises `MalformedRequestError` for what is none.

        It can be read until others receive, or until the frame after it is asked for.
        """
        if self.left < _LENGTH.size:
            return None
        size = self._announced()
        if self.left < _LENGTH.size + size:
            return None
        start = self._taken + _LENGTH.size
        self._taken = start + size
        return memoryview(self._data)[start : self._taken].toreadonly()

    def keep(self) -> None:
        """Put aside what is left, where there is anything, for others receive into the same buffer."""
        if not self.left:
            self.drop()
        elif self._data is self._buffers.shared:
            self._move_to(self._buffers.take(max(_LEAST_BYTES, self.left)))
        elif self._taken:
            self._move_to(self._data)

    def drop(self) -> None:
        """Forget what is left."""
        if self._data is not self._buffers.shared:
            self._buffers.give_back(self._data)
            self._data = self._buffers.shared
        self._filled = self._taken = 0

    def _move_to(self, buffer: bytearray) -> None:
        left, former = self.left, self._data
        buffer[:left] = former[self._taken : self._filled]
        self._data, self._filled, self._taken = buffer, left, 0
        if former is not self._buffers.shared and former is not buffer:
            self._buffers.give_back(former)

    def _announced(self) -> int:
        (size,) = _LENGTH.unpack_from(self._data, self._taken)
        if self._data.startswith(_TLS_HANDSHAKE, self._taken):
            raise MalformedRequestError("the client wants TLS, and this broker speaks plain text only")
        most = MAX_FRAME_BYTES
        if self.left >= _LENGTH_AND_KEY.size:
            _, key = _LENGTH_AND_KEY.unpack_from(self._data, self._taken)
            most = MAX_FRAME_BYTES if key == _PRODUCE else MAX_OTHER_BYTES
        if not 0 < size <= most:
            raise MalformedRequestError(f"a frame of {size} bytes; at most {most} are read")
        return int(size)

    def _growth(self) -> int:
        """Return by how much the buffer grows: to the frame's end where that is near, else to twice what has come."""
        missing = _LEAST_BYTES
        if self._filled >= _LENGTH.size:
            missing = _LENGTH.size + _LENGTH.unpack_from(self._data)[0] - self._filled
        return max(_LEAST_BYTES, min(missing, self._filled))
