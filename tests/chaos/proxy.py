"""A TCP proxy before the broker that cuts, swallows, delays and resets: a process of its own, told what to do by lines.

Run as `python -m chaos.proxy LISTEN_HOST BROKER_PORT`: listens on the broker's port of another loopback address, and writes
that address over the broker's in what the broker says of itself, so that clients come back through here.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import sys
from dataclasses import dataclass, field

BROKER_HOST = b"127.0.0.1"
_CHUNK = 65_536
# Linger for no time: closing the socket sends a reset.
_RESET = struct.pack("ii", 1, 0)


@dataclass(slots=True)
class Link:
    """What happens to what comes through: `mode` is pass, delay or swallow."""

    mode: str = "pass"
    seconds: float = 0.0
    cut_after: int | None = None
    pairs: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = field(default_factory=set)

    def obey(self, line: str) -> None:
        """Do what a line says: `pass`, `delay SECONDS`, `swallow`, `cut BYTES`, `reset`."""
        word, *rest = line.split()
        if word == "cut":
            self.cut_after = int(rest[0])
        elif word == "reset":
            self.reset()
        else:
            if self.mode == "swallow":
                self.reset()  # what was swallowed is missing from these for ever
            self.mode = word
            self.seconds = float(rest[0]) if rest else 0.0

    def reset(self) -> None:
        """Reset every connection."""
        for pair in list(self.pairs):
            for writer in pair:
                sock = writer.get_extra_info("socket")
                with contextlib.suppress(OSError, AttributeError):
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                writer.transport.abort()

    def allowance(self, size: int) -> int | None:
        """Return how many of `size` bytes still go through before the cut; None where all do."""
        if self.cut_after is None:
            return None
        if size < self.cut_after:
            self.cut_after -= size
            return None
        left, self.cut_after = self.cut_after, None
        return left


class Readdress:
    """Writes our address over the broker's, of the same length, in whole responses, of which each begins with its size."""

    def __init__(self, host: bytes, port: int) -> None:
        end = port.to_bytes(4, "big")
        self._theirs, self._ours = BROKER_HOST + end, host + end
        self._begun = b""

    def __call__(self, data: bytes) -> bytes:
        """Return the responses that are complete now."""
        data = self._begun + data
        end = 0
        while len(data) >= end + 4 and len(data) >= (
            after := end + 4 + int.from_bytes(data[end : end + 4], "big")
        ):
            end = after
        self._begun = data[end:]
        return data[:end].replace(self._theirs, self._ours)


async def _pump(
    link: Link, source: asyncio.StreamReader, target: asyncio.StreamWriter, change: Readdress | None
) -> None:
    while data := await source.read(_CHUNK):
        if link.mode == "swallow":
            continue
        if link.mode == "delay":
            await asyncio.sleep(link.seconds)
        sent = change(data) if change else data
        left = link.allowance(len(sent))
        if left is not None:
            target.write(sent[:left])
            with contextlib.suppress(ConnectionError):
                await target.drain()
            link.reset()
            return
        target.write(sent)
        await target.drain()


async def _serve(
    link: Link, host: bytes, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    try:
        to_broker, broker = await asyncio.open_connection(BROKER_HOST.decode(), port)
    except OSError:
        writer.transport.abort()
        return
    pair = (writer, broker)
    link.pairs.add(pair)
    pumps = [
        asyncio.create_task(_pump(link, reader, broker, None)),
        asyncio.create_task(_pump(link, to_broker, writer, Readdress(host, port))),
    ]
    try:
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
    finally:
        link.pairs.discard(pair)
        for pump in pumps:
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)
        for each in pair:
            each.transport.abort()


async def _main(host: str, port: int) -> None:
    link = Link()
    serving: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(_serve(link, host.encode(), port, reader, writer))
        serving.add(task)
        task.add_done_callback(serving.discard)

    async with await asyncio.start_server(accept, host, port):
        print("listening", flush=True)
        orders = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
        while line := await orders.readline():
            link.obey(line.decode())
            print("done", flush=True)
        for task in list(serving):
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], int(sys.argv[2])))
