"""From a frame to its answer: which API it is for, whether its version is spoken, and what its handler says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from kio.schema.errors import ErrorCode

from nodesmith.broker.apis import API_VERSIONS, APIS, list_apis
from nodesmith.broker.protocol import decode, encode, peek
from nodesmith.broker.reading import MalformedRequestError

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from nodesmith.broker.protocol import Reply
    from nodesmith.broker.state import BrokerState


class Client(NamedTuple):
    """The two ends of a connection, as the socket names them: the broker's own, and the client's."""

    own: tuple[str, int]
    peer: tuple[str, int]


def answer(state: BrokerState, frame: memoryview, client: Client) -> bytes | Awaitable[bytes | None] | None:
    """Return the frame that answers a request, or what waits for it; None where no answer is wanted."""
    api_key, version, correlation_id = peek(frame)
    api = APIS.get(api_key)
    if api is None:
        raise MalformedRequestError(f"API {api_key} is none of this broker's")
    if not api.oldest <= version <= api.newest:
        if api_key == API_VERSIONS:  # the one request whose version a client cannot know
            return encode(API_VERSIONS, 0, correlation_id, list_apis(ErrorCode.unsupported_version))
        raise MalformedRequestError(f"API {api_key} is not spoken in version {version}")
    call = decode(frame, own=client.own, peer=client.peer)
    reply = api.handler(state, call)
    if reply is None:
        return None
    if isinstance(reply, Mapping):
        return encode(api_key, version, correlation_id, reply)
    return _later(reply, api_key, version, correlation_id)


async def _later(
    reply: Awaitable[Reply | None], api_key: int, version: int, correlation_id: int
) -> bytes | None:
    found = await reply
    return None if found is None else encode(api_key, version, correlation_id, found)
