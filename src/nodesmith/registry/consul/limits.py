"""What Consul takes as names, tags and meta: any text is brought into that form, and what has it stays as it is."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from nodesmith.naming import kebab

if TYPE_CHECKING:
    from collections.abc import Iterable

# A service's name and its tags are found by DNS, whose labels are no longer.
MOST_NAME = 63
MOST_TAGS = 64
# Consul counts bytes.
MOST_META_BYTES = 512
_HASH = 8

_KEPT_WHOLE = re.compile(r"[A-Za-z0-9_-]+")
_NOT_IN_TAG = re.compile(r"[^A-Za-z0-9._:/-]+")


def service_name(*, domain: str, name: str) -> str:
    """Return `crm-customer-writer`; where that leaves something of the names out, it ends with a hash of them."""
    whole = "-".join(part for part in (kebab(domain), kebab(name)) if part)
    kept = all(_KEPT_WHOLE.fullmatch(part) for part in (domain, name))
    if kept and whole and len(whole) <= MOST_NAME:
        return whole
    digest = hashlib.sha256(_encoded(f"{domain}/{name}")).hexdigest()[:_HASH]
    return f"{(whole or 'node')[: MOST_NAME - _HASH - 1].rstrip('-')}-{digest}"


def tags_of(texts: Iterable[str]) -> tuple[str, ...]:
    """Return each text once as a tag, in their order; what is beyond Consul's reach is left out."""
    cleaned = (_NOT_IN_TAG.sub("-", text).strip("-")[:MOST_NAME] for text in texts)
    return tuple(dict.fromkeys(tag for tag in cleaned if tag))[:MOST_TAGS]


def meta_value(text: str) -> str:
    """Return the text, cut where it is too long, as it will be read back."""
    return _encoded(text)[:MOST_META_BYTES].decode(errors="ignore")


def _encoded(text: str) -> bytes:
    return text.encode(errors="replace")  # half of a surrogate pair, which JSON can carry, is no text
