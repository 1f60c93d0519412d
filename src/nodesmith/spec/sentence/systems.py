"""The outside systems a sentence speaks of, and the adapter that the spec has for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.records import dataclass
from nodesmith.spec.sentence import lexicon
from nodesmith.spec.sentence.words import singular

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodesmith.spec.sentence.structure import Structure

_SAYS_HTTP = frozenset("http https rest restful".split())
# Signs of a system that the sentence does not name.
_UNNAMED = (
    (frozenset("file files disk filesystem folder directory upload uploads".split()), "the files"),
    (frozenset("mail mails email emails inbox mailbox newsletter".split()), "the mail server"),
    (frozenset("printer print prints".split()), "the printer"),
    (frozenset("queue broker topic".split()), "the queue"),
    (frozenset("database db table tables sql".split()), "the database"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """An outside system: as it was written, and the spec's adapter for it, empty where there is none."""

    word: str
    adapter: str
    at: int


def find_systems(structure: Structure) -> list[System]:
    """Return the systems that are spoken of and not denied, in the text's order."""
    found: list[System] = []
    text = structure.text
    for index, token in enumerate(text.tokens):
        if not token.is_name or structure.denied[index]:
            continue
        if token.low in lexicon.SYSTEMS:
            adapter = lexicon.SYSTEMS[token.low]
            over_http = not adapter and {"api", "rest", "http", "webhook"} & set(text.lows(index + 1, 2))
            found.append(System(word=token.text, adapter="http" if over_http else adapter, at=index))
        elif token.low.startswith(("http://", "https://")) or token.low.endswith((".io", ".com")):
            found.append(System(word=token.text, adapter="http", at=index))
        elif token.low in ("api", "apis") and text.low(index - 1) not in ("rest", "http"):
            found.append(System(word=f"{text.at(index - 1).text} API".strip(), adapter="http", at=index))
        elif token.low == "web" and singular(text.low(index + 1)) in ("service", "page", "site"):
            found.append(System(word="web", adapter="http", at=index))
    return found


def adapter_of(systems: Sequence[System]) -> str:
    """Return the adapter for the first system that the spec has one for; a database wins over HTTP."""
    adapters = [system.adapter for system in systems if system.adapter]
    return next((a for a in adapters if a != "http"), adapters[0] if adapters else "")


def describe_systems(structure: Structure, systems: Sequence[System]) -> list[str]:
    """Say which adapter was taken where the sentence does not name it, and for what there is none."""
    adapter = adapter_of(systems)
    served = [system for system in systems if system.adapter == adapter]
    told = []
    if adapter == "http" and served[0].word.lower() not in _SAYS_HTTP:
        told.append(f"adapter: http, because {served[0].word} is reached over HTTP")
    without = list(
        dict.fromkeys(system.word for system in systems if system.adapter != adapter or not adapter)
    )
    if not systems:
        without = [
            kind
            for words, kind in _UNNAMED
            if any(t.low in words and t.is_name for t in structure.text.tokens)
        ][:1]
    if without:
        reached = f"the handlers reach {' and '.join(without)} by themselves"
        told.append(f"{'no other adapter' if adapter else 'no adapter'}: {reached}")
    elif not adapter:
        told.append("no adapter: no outside system is told of")
    return told
