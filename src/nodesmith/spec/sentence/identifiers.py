"""Names: from any way of writing one to snake_case, without what class and folder add anyway."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from nodesmith.naming import MAX_NAME_LENGTH, name_problem
from nodesmith.records import dataclass
from nodesmith.spec.fields import field_name_problem
from nodesmith.spec.sentence import lexicon

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_WORDS = 6
MAX_WRITTEN = 200

_LETTERS = {
    "ß": "ss",
    "æ": "ae",
    "Æ": "Ae",
    "ø": "o",
    "Ø": "O",
    "ł": "l",
    "Ł": "L",
    "đ": "d",
    "Đ": "D",
    "œ": "oe",
}
_CHUNK = re.compile(r"[A-Za-z0-9]+")
_CAMEL = re.compile(
    r"[A-Z]{2,}s(?![a-z])|[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+[0-9]*|[A-Z]+[0-9]*|[0-9]+[a-z]*(?![a-z])|[0-9]+"
)
_PASCAL = re.compile(r"[A-Za-z][a-z0-9]*[A-Z][A-Za-z0-9]*|[A-Z]+[0-9][A-Za-z0-9]*[a-z][A-Za-z0-9]*")
_INNER_CAPITAL = re.compile(r"[a-z0-9][A-Z]|[A-Z]{2,}[a-z]{2,}")


_ADJECTIVE_TAILS = frozenset(
    "able based driven safe aware only free like first ready native level side wide specific oriented style friendly "
    "grade proof agnostic sourced backed powered facing tolerant term scale".split()
)


@dataclass(frozen=True, slots=True)
class Tidied:
    """A usable name, and why it is not quite what was given (empty where it is)."""

    name: str
    changed: str = ""


def transliterate(text: str) -> str:
    """Return the text in ASCII letters where there is a plain way to write them."""
    replaced = "".join(_LETTERS.get(character, character) for character in text)
    return "".join(c for c in unicodedata.normalize("NFKD", replaced) if not unicodedata.combining(c))


def words_of(text: str) -> list[str]:
    """Return the lower-case words of a name in any form; acronyms and known products stay whole."""
    found: list[str] = []
    for chunk in _CHUNK.findall(transliterate(text[:MAX_WRITTEN]).replace("'", "")):
        found.extend(word.lower() for word in _CAMEL.findall(_whole_products(chunk)))
    return found


def _whole_products(chunk: str) -> str:
    if chunk.islower() or chunk.isupper():
        return chunk.lower()
    for product in lexicon.PRODUCTS:
        chunk = re.sub(rf"{product}(?![a-z])", product.capitalize(), chunk)
    return chunk


def is_code_like(text: str) -> bool:
    """Whether a token looks like an identifier: `OrderSync`, `order_sync`, `order-sync`, `S3Uploader`."""
    return is_strong_identifier(text) or is_kebab(text)


def is_strong_identifier(text: str) -> bool:
    """Whether a token can hardly be anything but an identifier: `OrderSync`, `order_sync`."""
    if len(text) > MAX_WRITTEN:
        return False
    bare = transliterate(text)
    if "_" in bare.strip("_"):
        return True
    return (
        bool(_PASCAL.fullmatch(bare))
        and bool(_INNER_CAPITAL.search(bare) or re.search(r"[0-9][A-Z]", bare))
        and not is_product(bare)
    )


def is_kebab(text: str) -> bool:
    """Whether a token is written with hyphens and is no common word of English."""
    low = text.lower()
    if "-" not in low or low in lexicon.COMMON_HYPHENS or low.startswith(("non-", "pre-", "re-", "e-")):
        return False
    return low.rpartition("-")[2] not in _ADJECTIVE_TAILS


def is_product(text: str) -> bool:
    """Whether a token is the name of a product: `PostgreSQL`."""
    low = text.lower()
    return (low in lexicon.SYSTEMS and low not in lexicon.COMMON_SYSTEMS) or text.rstrip(
        "s"
    ) in lexicon.PRODUCTS


def archetype_in(text: str) -> str:
    """Return the archetype that a name ends with (`NodeCustomerWriterEffect`), or an empty string."""
    found = [word for word in words_of(text) if word != "node"]
    if len(found) > 1 and found[-1] in lexicon.ARCHETYPES and found[-2] != "side":
        return found[-1]
    return ""


def base_class_archetype(text: str) -> str:
    """Return the archetype of a class that all nodes of its kind have in common: `ComputeNode`, `NodeEffectBase`."""
    told = [word for word in words_of(text) if word not in ("node", "base", "abstract", "onex", "i")]
    return told[0] if len(told) == 1 and told[0] in lexicon.ARCHETYPES else ""


def bare_words(text: str, *, archetype: str = "") -> list[str]:
    """Return a name's words without `node` around them and without the archetype at their end."""
    found = words_of(text)
    carried = archetype_in(text)
    while len(found) > 1 and found[-1] in ("node", "nodes"):
        found.pop()
    if carried and carried == (archetype or carried):
        found.pop()
        if len(found) > 1 and found[0] == "node":
            found.pop(0)
    elif len(found) > 2 and found[0] == "node":
        found.pop(0)
    return found


def tidy(words: list[str]) -> Tidied:
    """Return the words as a name that may be used; says what had to be changed."""
    while len(words) > 1 and len("_".join(words)) > MAX_NAME_LENGTH:
        words = words[:-1]
    name = "_".join(words)[:MAX_NAME_LENGTH].strip("_")
    if name[:1].isdigit():
        return Tidied(f"node_{name}"[:MAX_NAME_LENGTH].rstrip("_"), f"{name!r} begins with a digit")
    problem = name_problem(name)
    if name and problem and not name_problem(f"{name}_node"):
        return Tidied(f"{name}_node", f"{name!r} {problem}")
    return Tidied(name)


def operation_name(text: str, *, fallback: str) -> str:
    """Return a name for an operation, an event or a step; `fallback` where the text has none."""
    return _plain_name(text, fallback=fallback, otherwise="do_{}", problem_of=name_problem)


def field_name(text: str, *, fallback: str) -> str:
    """Return a name for a field; `fallback` where the text has none."""
    return _plain_name(text, fallback=fallback, otherwise="the_{}", problem_of=field_name_problem)


def _plain_name(text: str, *, fallback: str, otherwise: str, problem_of: Callable[[str], str]) -> str:
    name = "_".join(words_of(text)[:MAX_WORDS])
    if name[:1].isdigit():
        name = f"n{name}"
    if problem_of(name):
        name = otherwise.format(name)
    return fallback if problem_of(name) else name
