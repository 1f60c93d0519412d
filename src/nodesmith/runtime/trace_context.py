"""W3C trace context, as it is carried from a record to those that come of it; no tracing library is needed for that."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

TRACEPARENT = "traceparent"
TRACESTATE = "tracestate"

# A later version may have more after the flags; what it has of ours is where it was.
_TRACEPARENT = re.compile(
    r"(?!ff)(?P<version>[0-9a-f]{2})-(?P<trace>(?!0{32})[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-(?P<flags>[0-9a-f]{2})(?P<more>-.*)?"
)
_SAMPLED = "01"
_TRACE = slice(3, 35)
_SPAN = slice(36, 52)


def carry_on(headers: Mapping[str, str]) -> tuple[str, str]:
    """Return `traceparent` and `tracestate` of what comes of a record with these headers: its trace, and a new span.

    Without a trace, or with one that is malformed, it is a new trace; the second is empty where there is none.
    """
    incoming = headers.get(TRACEPARENT)
    if incoming is not None and (match := _match(incoming)) is not None:
        return _written(match["trace"], match["flags"]), headers.get(TRACESTATE, "")
    return new_traceparent(), ""


def new_traceparent() -> str:
    """Return the beginning of a trace."""
    # Ids that only have to differ. The system's own randomness would give the interpreter to another thread each time.
    return _written(f"{random.getrandbits(128) or 1:032x}", _SAMPLED)


def trace_headers(traceparent: str, tracestate: str) -> dict[str, str]:
    """Return the headers that carry both."""
    return {TRACEPARENT: traceparent, TRACESTATE: tracestate} if tracestate else {TRACEPARENT: traceparent}


def trace_and_span(traceparent: str) -> tuple[str, str]:
    """Return the two ids in a well-formed `traceparent`."""
    return traceparent[_TRACE], traceparent[_SPAN]


def _match(incoming: str) -> re.Match[str] | None:
    match = _TRACEPARENT.fullmatch(incoming.strip())
    if match is not None and match["version"] == "00" and match["more"]:
        return None
    return match


def _written(trace: str, flags: str) -> str:
    return f"00-{trace}-{random.getrandbits(64) or 1:016x}-{flags}"
