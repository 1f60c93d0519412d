"""A quick look at an AsyncAPI document: whatever it refers to is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from nodesmith.errors import Finding

if TYPE_CHECKING:
    from nodesmith.contract.onex_document import Document


def reference_findings(document: Document, *, file: str) -> Iterator[Finding]:
    """Yield every reference that leads nowhere in the document, each once."""
    for reference in dict.fromkeys(_references(document)):
        place: object = document
        for step in reference.removeprefix("#/").split("/"):
            place = place.get(step) if isinstance(place, Mapping) else None
        if place is None:
            yield Finding(rule="dangling-reference", message=f"{reference} leads nowhere", file=file)


def _references(part: object) -> Iterator[str]:
    if isinstance(part, Mapping):
        target = part.get("$ref")
        if isinstance(target, str):
            yield target
        for key, value in part.items():
            # A default is data, whatever its keys are.
            if key != "default":
                yield from _references(value)
    elif isinstance(part, list):
        for value in part:
            yield from _references(value)
