"""An AsyncAPI document as YAML: what `to_yaml` writes, with what is the same in every document written once a process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING

from nodesmith.contract.asyncapi_wire import FIXED
from nodesmith.spec.writing import yaml_entry

if TYPE_CHECKING:
    from nodesmith.contract.onex_document import Document

# Mappings whose entries are written one by one, by where they stand.
COMPONENTS = "components"
PARTS = ("channels", "operations")


def asyncapi_yaml(document: Document) -> str:
    """Return the text of a document of `nodesmith.contract.asyncapi`."""
    return "".join(_sections(document))


def _sections(document: Document) -> Iterator[str]:
    for key, value in document.items():
        if key in PARTS and isinstance(value, Mapping) and value:
            yield f"{key}:\n"
            yield from _entries(key, value, depth=1)
        elif key == COMPONENTS and isinstance(value, Mapping):
            yield f"{key}:\n"
            for part, entries in value.items():
                yield f"  {part}:\n" if entries else yaml_entry(part, entries, depth=1)
                yield from _entries(part, entries, depth=2)
        else:
            yield yaml_entry(key, value, depth=0)


def _entries(part: str, entries: Mapping[str, Document], *, depth: int) -> Iterator[str]:
    fixed = FIXED.get(part, {})
    for name, value in entries.items():
        is_fixed = name in fixed and fixed[name] is value
        yield _fixed_entry(part, name, depth) if is_fixed else yaml_entry(name, value, depth=depth)


@cache
def _fixed_entry(part: str, name: str, depth: int) -> str:
    return yaml_entry(name, FIXED[part][name], depth=depth)
