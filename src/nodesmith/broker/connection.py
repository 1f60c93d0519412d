"""One client's connection: frames in, frames out, one after the other as the protocol wants it.

Whatever goes wrong with one connection ends that connection, with a line in the log, and nothing else.
"""

from __future__ import annotations

import asyncio
import logging
import struct
from dataclasses import replace
from typing import TYPE_CHECKING

from kio.schema.errors import ErrorCode

from nodesmith.broker.apis import API_VERSIONS, APIS, list_apis
from nodesmith.broker.protocol import MAX_FRAME_BYTES, decode, encode, peek
from nodesmith.broker.reading import MalformedRequestError

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter

    from nodesmith.broker.state import BrokerState

logger = logging.getLogger(__name__)

_LENGTH = struct.Struct(">i")
_TLS_HANDSHAKE = b"\x16\x03"


async def serve(state: BrokerState, reader: StreamReader, writer: StreamWriter) -> None:
    """Answer one client until it goes, sends what is no request, or the broker stops."""
    client = writer.get_extra_info("peername") or ("unknown", 0)
    try:
        while (frame := await _read_frame(reader)) is not None:
            reply = await _answer(state, frame, own=writer.get_extra_info("sockname"), client=client)
            if reply is not None:
                writer.write(reply)
                await writer.drain()
    except MalformedRequestError as error:
        logger.warning("connection from %s:%s closed: %s", *client[:2], error)
    except (ConnectionError, asyncio.IncompleteReadError, TimeoutError):
        pass  # clients come and go
    except Exception:
        logger.exception("connection from %s:%s closed: the broker failed on a request", *client[:2])
    except asyncio.CancelledError:
        writer.transport.abort()  # the broker stops, and a client that does not read may not hold it up
        raise
    finally:
        writer.close()


async def _read_frame(reader: StreamReader) -> bytes | None:
    try:
        prefix = await reader.readexactly(_LENGTH.size)
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise
        return None
    (size,) = _LENGTH.unpack(prefix)
    if prefix.startswith(_TLS_HANDSHAKE):
        raise MalformedRequestError("the client wants TLS, and this broker speaks plain text only")
    if not 0 < size <= MAX_FRAME_BYTES:
        raise MalformedRequestError(f"a frame of {size} bytes; at most {MAX_FRAME_BYTES} are read")
    return await reader.readexactly(size)


async def _answer(
    state: BrokerState, frame: bytes, *, own: tuple[str, int], client: tuple[str, int]
) -> bytes | None:
    api_key, version, correlation_id = peek(frame)
    api = APIS.get(api_key)
    if api is None:
        raise MalformedRequestError(f"API {api_key} is none of this broker's")
    if not api.oldest <= version <= api.newest:
        if api_key == API_VERSIONS:  # the one request whose version a client cannot know
            return encode(API_VERSIONS, 0, correlation_id, list_apis(ErrorCode.unsupported_version))
        raise MalformedRequestError(f"API {api_key} is not spoken in version {version}")
    call = replace(decode(frame), host=own[0], port=own[1], client_host=client[0])
    reply = await api.handler(state, call)
    return None if reply is None else encode(api_key, version, correlation_id, reply)
