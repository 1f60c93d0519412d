"""What a node counts of its commands for who asks over the bus: the figures of NATS's service API, and a few more.

Counting one command costs a few hundred nanoseconds on the event loop; everything else is worked out when it is asked for.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from nodesmith.runtime.answers import message_of
from nodesmith.runtime.sighting import Figures

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from nodesmith.runtime.definition import NodeDefinition

# The percentiles are those of so many commands, the last ones.
RECENT = 512
# How a record's work ends that nobody was answered for: it was handed back, or cut off.
_UNANSWERED = frozenset({"HandedBackError", "CancelledError"})
_LONGEST_ERROR = 500


class Recent:
    """How long the last commands took."""

    __slots__ = ("_next", "_seconds")

    def __init__(self) -> None:
        self._seconds: list[float] = []
        self._next = 0

    def note(self, seconds: float) -> None:
        """Keep one, in place of the oldest."""
        if self._next < len(self._seconds):
            self._seconds[self._next] = seconds
        else:
            self._seconds.append(seconds)
        self._next = (self._next + 1) % RECENT

    def milliseconds(self, *shares: float) -> list[float | None]:
        """Return how long the given shares of them took at most; None where there were none."""
        known = sorted(self._seconds)
        return [
            _ms(known[min(len(known) - 1, int(len(known) * share))]) if known else None for share in shares
        ]


class Endpoint:
    """The figures of one operation; of records that ask for none the node has, where `name` is empty."""

    __slots__ = (
        *("dead_letters", "errors", "last_error", "last_error_at", "last_error_type"),
        *("name", "recent", "requests", "retries", "seconds", "subject"),
    )

    def __init__(self, name: str, subject: str) -> None:
        self.name = name
        self.subject = subject
        self.requests = self.errors = self.retries = self.dead_letters = 0
        self.seconds = 0.0
        self.recent = Recent()
        self.last_error = self.last_error_type = ""
        self.last_error_at: datetime | None = None

    def document(self) -> dict[str, object]:
        """Return the figures under the names of NATS's service API."""
        p50, p99 = self.recent.milliseconds(0.5, 0.99)
        return {
            "name": self.name,
            "subject": self.subject,
            "num_requests": self.requests,
            "num_errors": self.errors,
            "last_error": self.last_error or None,
            "last_error_at": _written(self.last_error_at),
            "processing_time_ms": _ms(self.seconds),
            "average_processing_time_ms": _ms(self.seconds / self.requests) if self.requests else None,
            "p50_ms": p50,
            "p99_ms": p99,
            "num_retries": self.retries,
            "num_dead_letters": self.dead_letters,
        }


class Stats:
    """The figures of a node since it started.

    A request is a record that was answered, with whatever; one that comes again and is answered again counts again.
    """

    def __init__(self, definition: NodeDefinition) -> None:
        self._topic = definition.identity.command_topic
        self._topics = definition.work_topics
        self._recent = Recent()
        subscribed = {each.operation: each.topic for each in definition.subscriptions}
        self._endpoints = {
            operation.name: Endpoint(operation.name, subscribed.get(operation.name, self._topic))
            for operation in definition.operations
        }

    def answered(self, operation: str, seconds: float, error_type: str) -> None:
        """Count the work on one record; `error_type` is empty where it was done."""
        if error_type in _UNANSWERED:
            return
        endpoint = self._endpoints.get(operation) or self._endpoint(operation)
        endpoint.requests += 1
        endpoint.seconds += seconds
        endpoint.recent.note(seconds)
        self._recent.note(seconds)
        if error_type:
            endpoint.errors += 1

    def failed(self, operation: str, error: Exception) -> None:
        """Keep why a command failed last."""
        endpoint = self._endpoint(operation)
        endpoint.last_error_type = type(error).__name__
        endpoint.last_error = _words(error)
        endpoint.last_error_at = datetime.now(UTC)

    def retried(self, operation: str) -> None:
        """Count an attempt that failed and is made again."""
        self._endpoint(operation).retries += 1

    def dead_lettered(self, operation: str) -> None:
        """Count a record that went to the dead letters."""
        self._endpoint(operation).dead_letters += 1

    def figures(self, lag: Mapping[tuple[str, int], int]) -> Figures:
        """Return what a heartbeat carries."""
        endpoints = list(self._endpoints.values())
        p50, p99 = self._recent.milliseconds(0.5, 0.99)
        last = max(endpoints, key=_failed_at, default=None)
        return Figures(
            requests=sum(each.requests for each in endpoints),
            errors=sum(each.errors for each in endpoints),
            retries=sum(each.retries for each in endpoints),
            dead_letters=sum(each.dead_letters for each in endpoints),
            lag=sum(lag.values()) if lag else None,
            p50_ms=p50,
            p99_ms=p99,
            last_error=(last and last.last_error_type) or None,
            last_error_at=last.last_error_at if last else None,
        )

    def document(
        self, *, started_at: datetime, lag: Mapping[tuple[str, int], int], in_flight: int, outbox: int
    ) -> dict[str, object]:
        """Return what an answer to a question for stats carries; lag is None where it is not known here."""
        return {
            "started": _written(started_at),
            "endpoints": [each.document() for each in self._endpoints.values()],
            "lag": {topic: _lag_of(topic, lag) for topic in self._topics},
            "in_flight": in_flight,
            "outbox": outbox,
        }

    def _endpoint(self, operation: str) -> Endpoint:
        endpoint = self._endpoints.get(operation)
        if endpoint is None:
            endpoint = self._endpoints[operation] = Endpoint(operation, self._topic)
        return endpoint


def summed(documents: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the figures of several instances of a node as one list of endpoints, those of one name added up.

    Percentiles cannot be added: the worst of the instances stands for all. What is odd in a document, which anybody may
    have written, counts as nothing.
    """
    found: dict[str, list[Mapping[str, Any]]] = {}
    for document in documents:
        for each in endpoints_of(document):
            found.setdefault(str(each.get("name") or ""), []).append(each)
    return [_sum(name, several) for name, several in found.items()]


def endpoints_of(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the endpoints of one instance's figures."""
    endpoints = document.get("endpoints")
    return [each for each in endpoints if isinstance(each, dict)] if isinstance(endpoints, list) else []


def _sum(name: str, several: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    added = ("num_requests", "num_errors", "processing_time_ms", "num_retries", "num_dead_letters")
    total = {key: sum(number_in(each, key) or 0 for each in several) for key in added}
    worst = {
        key: max((number for each in several if (number := number_in(each, key)) is not None), default=None)
        for key in ("p50_ms", "p99_ms")
    }
    requests = total["num_requests"]
    return {
        "name": name,
        **total,
        "processing_time_ms": round(total["processing_time_ms"], 3),
        "average_processing_time_ms": round(total["processing_time_ms"] / requests, 3) if requests else None,
        **worst,
    }


def number_in(document: Mapping[str, Any], key: str) -> int | float | None:
    """Return a number that is not negative, None where there is none of that name."""
    value = document.get(key)
    good = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 2**63
    return value if good else None


def _lag_of(topic: str, lag: Mapping[tuple[str, int], int]) -> int | None:
    known = [behind for (name, _), behind in lag.items() if name == topic]
    return sum(known) if known else None


def _failed_at(endpoint: Endpoint) -> float:
    return endpoint.last_error_at.timestamp() if endpoint.last_error_at else 0.0


def _words(error: Exception) -> str:
    words = f"{type(error).__name__}: {message_of(error)}"
    return words if len(words) <= _LONGEST_ERROR else f"{words[:_LONGEST_ERROR]} ..."


def _written(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
