"""Fields of a document that anybody may have written: each is as it should be, or refused, or dropped and counted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID

from nodesmith.errors import RefusedSightingError

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME_LENGTH = 200
TEXT_LENGTH = 2_000
MOST_ITEMS = 500
LARGEST = 2**63 - 1
BAD_FIELD = "bad-field"


@dataclass(slots=True)
class Untrusted:
    """One JSON object. What must be there and is not raises RefusedSightingError; what is optional and odd is `dropped`."""

    values: Mapping[str, Any]
    dropped: int = 0

    def part(self, name: str) -> Untrusted:
        """Return the object of that name; an empty one where there is none."""
        value = self.values.get(name)
        if isinstance(value, dict):
            return Untrusted(value)
        self.dropped += value is not None
        return Untrusted({})

    def document(self, name: str) -> Mapping[str, Any] | None:
        """Return the object of that name as it is, None where there is none."""
        value = self.values.get(name)
        if isinstance(value, dict):
            return value
        self.dropped += value is not None
        return None

    def required_name(self, name: str) -> str:
        """Return a name that must be there."""
        value = self.values.get(name)
        if not is_name(value):
            raise RefusedSightingError(BAD_FIELD, field=name)
        return str(value)

    def name(self, name: str, default: str = "") -> str:
        """Return a name that may be missing; an odd one is refused, since things are told apart by names."""
        return default if _is_missing(self.values.get(name)) else self.required_name(name)

    def id(self, name: str) -> str:
        """Return a UUID, as it is written everywhere; raise with `no-id` where there is none."""
        value = self.values.get(name)
        if _is_missing(value):
            raise RefusedSightingError("no-id", field=name)
        try:
            return str(UUID(value))
        except (ValueError, AttributeError, TypeError):
            raise RefusedSightingError(BAD_FIELD, field=name) from None

    def text(self, name: str) -> str:
        """Return a text in one line, cut where it is long."""
        value = self.values.get(name)
        if isinstance(value, str):
            return one_line(value)
        self.dropped += value is not None
        return ""

    def count(self, name: str, default: int = 0) -> int:
        """Return a number of things, `default` where it is missing."""
        value = self.values.get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST:
            raise RefusedSightingError(BAD_FIELD, field=name)
        return value

    def seconds(self, name: str) -> float | None:
        """Return a number that is not negative, None where it is missing."""
        value = self.values.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LARGEST:
            raise RefusedSightingError(BAD_FIELD, field=name)
        return float(value)

    def moment(self, name: str) -> datetime | None:
        """Return a moment that is written with its time zone, None where it is missing."""
        value = self.values.get(name)
        moment = read_moment(value)
        self.dropped += value is not None and moment is None
        return moment

    def names(self, name: str) -> tuple[str, ...]:
        """Return a list of names, without those that are none and those beyond what is kept."""
        return self._kept(self.values.get(name), lambda item: item)

    def names_within(self, name: str, key: str) -> tuple[str, ...]:
        """Return the names that the objects of a list have under `key`."""
        return self._kept(
            self.values.get(name), lambda item: item.get(key) if isinstance(item, dict) else item
        )

    def urls(self, name: str) -> Mapping[str, str]:
        """Return addresses of services by their names: http and https only, without a user in them."""
        found = self.part(name).values
        kept = {key: url for key, url in list(found.items())[:MOST_ITEMS] if is_name(key) and is_url(url)}
        self.dropped += len(found) - len(kept)
        return kept

    def _kept(self, items: object, pick: Any) -> tuple[str, ...]:
        if not isinstance(items, list):
            self.dropped += items is not None
            return ()
        kept = dict.fromkeys(item for item in map(pick, items[:MOST_ITEMS]) if is_name(item))
        self.dropped += len(items) - len(kept)
        return tuple(kept)


def _is_missing(value: object) -> bool:
    return value is None or value == ""


def is_name(value: object) -> bool:
    """Return whether it is a text that can be shown in one line, and no longer than a name."""
    return isinstance(value, str) and 0 < len(value) <= NAME_LENGTH and value.isprintable()


def is_url(value: object) -> bool:
    """Return whether it is an address a browser may be sent to, with nothing secret in it."""
    if not is_name(value):
        return False
    try:
        parts = urlsplit(str(value))
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return False


def one_line(text: str) -> str:
    """Return a text without what moves a terminal's cursor, cut where it is long."""
    if len(text) > TEXT_LENGTH:
        text = text[:TEXT_LENGTH] + " ..."
    return text if text.isprintable() else "".join(each if each.isprintable() else " " for each in text)


def read_moment(value: object) -> datetime | None:
    """Return a moment that is written with its time zone, None for everything else."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        return moment.astimezone(UTC) if moment is not None and moment.tzinfo else None
    except (ValueError, OverflowError):
        return None
