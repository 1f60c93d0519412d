"""Files of which only marked sections follow the spec; the rest is written once, as the README's body is."""

from __future__ import annotations

import re
from itertools import chain, zip_longest

BEGIN = b"<!-- nodesmith: made from the spec -->"
END = b"<!-- nodesmith: end -->"
_SECTION = re.compile(re.escape(BEGIN) + b".*?" + re.escape(END), re.DOTALL)


def has_sections(text: bytes) -> bool:
    """Say whether a text marks what of it follows the spec."""
    return BEGIN in text


def written_once(new: bytes, old: bytes) -> bytes:
    """Return the old text with the sections of the new one in the place of its own.

    Where the two have not equally many, the sections cannot be told apart, and the new text is returned as it is.
    """
    sections, rest = _SECTION.findall(new), _SECTION.split(old)
    if len(rest) != len(sections) + 1:
        return new
    return b"".join(chain.from_iterable(zip_longest(rest, sections, fillvalue=b"")))
