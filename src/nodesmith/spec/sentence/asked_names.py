"""Names in what is asked for or who does it: `an order validator`, `Invoice Hub keeps the balance`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.spec.sentence import lexicon
from nodesmith.spec.sentence.beside_names import EMPTY_ALONE
from nodesmith.spec.sentence.candidates import MAX_NAME_WORDS, Candidate, is_action, is_plain_noun
from nodesmith.spec.sentence.identifiers import is_product
from nodesmith.spec.sentence.phrases import noun_phrase
from nodesmith.spec.sentence.text import Kind
from nodesmith.spec.sentence.words import Form, head_nouns, singular, verb_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nodesmith.spec.sentence.structure import Structure
    from nodesmith.spec.sentence.text import Text

_PEOPLE = frozenset(
    "customer user order number letter member parameter server folder supplier color vendor error".split()
)


def doers(structure: Structure) -> Iterator[Candidate]:
    """Find who does it: `Invoice Hub keeps the balance`, and what is made: `Make invoice hub. It ...`."""
    text = structure.text
    for index in range(len(text.tokens)):
        if not text.starts_clause(index) or text.low(index - 1) == ",":
            continue
        made = text.low(index) in lexicon.CREATE_VERBS
        start = index + (made or text.low(index) in ("the", "our"))
        start += text.low(start) in ("workflow", "saga", "pipeline") and text.at(start + 1).is_name
        end = start
        while (
            end - start < MAX_NAME_WORDS
            and is_plain_noun(text, end)
            and not (end > start and _acts(text, end))
        ):
            end += 1
        words = [text.at(at).text for at in range(start, end)]
        if not words or is_action(text, start) or any(_tells_nothing(word) for word in words[:1]):
            continue
        ordered = lexicon.ORDER_WORDS | {"also", "just", "only", "will", "should", "must", "shall"}
        ordered_at = next((at for at in range(start + 1, end + 1) if text.low(at) in ordered), end)
        words = words[: ordered_at - start]
        behind = ordered_at + (text.low(ordered_at) in ordered)
        if any(_tells_nothing(word) for word in words):
            continue
        if made and text.low(end) in (".", ";", "\n") and end + 2 < len(text.tokens):
            yield Candidate(text=" ".join(words), score=58, at=start, why="what is to be created")
        elif not made and (
            _acts(text, behind) or (behind > ordered_at and verb_at(text.lows(behind, 2)) is not None)
        ):
            yield Candidate(text=" ".join(words), score=59, at=start, why="who does it")


def _acts(text: Text, index: int) -> bool:
    found = verb_at(text.lows(index, 2))
    if found is None or found[1] is not Form.THIRD or not text.at(index + found[2]).is_name:
        return False
    return found[0].base not in lexicon.NOUN_VERBS or text.low(index + found[2]) not in lexicon.STOP_WORDS


def _tells_nothing(word: str) -> bool:
    low = word.lower()
    return (
        low
        in lexicon.NODE_NOUNS
        | lexicon.FILLERS
        | lexicon.ADJECTIVES
        | lexicon.NAMING_WORDS
        | lexicon.ORDER_WORDS
        or (low in lexicon.ARCHETYPE_WORDS or low in lexicon.LABELS or low in lexicon.NO_TITLES)
    )


def things_asked_for(structure: Structure) -> Iterator[Candidate]:
    """Find the thing that is asked for: `an order validator`, `a currency conversion service`."""
    text = structure.text
    for index in range(len(text.tokens)):
        if not text.starts_clause(index) or not text.at(index).is_name:
            continue
        start, introduced = skip_introduction(text, index)
        yield from _head_at(text, start, introduced=introduced)
        if text.low(start) in lexicon.NODE_NOUNS and text.low(start + 1) == "for":
            words = purpose_words(text, start + 2)
            if len(words) > 1 and words[-1].lower() in head_nouns():
                yield Candidate(text=" ".join(words), score=57.5, at=start + 2, why="what it is for")


def purpose_words(text: Text, index: int) -> list[str]:
    """Return what a node is for, as a name has it: `make calculation of salary` -> salary calculation."""
    start = index + (text.low(index) in ("make", "making", "do", "doing", "handling", "performing"))
    phrase = noun_phrase(text, start)
    words = list(phrase.words)
    if len(words) == 1 and words[0].lower() in head_nouns() and text.low(phrase.end) == "of":
        whose = noun_phrase(text, phrase.end + 1).words
        return [*whose[:-1], singular(whose[-1]), *words] if whose else words
    return words


def skip_introduction(text: Text, index: int) -> tuple[int, bool]:
    """Return where the thing asked for begins, behind `Please create a new`; and whether it was so introduced."""
    at, introduced = index, False
    while text.at(at).kind is Kind.WORD:
        low = text.low(at)
        if low in lexicon.CREATE_VERBS or low in lexicon.INDEFINITE or low in ("the", "our"):
            introduced = True
        elif low not in lexicon.FILLERS and low not in lexicon.ADJECTIVES:
            break
        at += 1
    return at, introduced


def _head_at(text: Text, start: int, *, introduced: bool) -> Iterator[Candidate]:
    phrase = noun_phrase(text, start)
    words = list(phrase.words)
    while words and words[-1].lower() in lexicon.NODE_NOUNS | lexicon.ARCHETYPE_WORDS.keys():
        words.pop()
    serves = len(words) < len(phrase.words)
    if not words or any(word.lower() in lexicon.ARCHETYPE_WORDS for word in words):
        return
    if _only_tells_to(text, start, words[-1].lower(), introduced=introduced):
        return
    known = words[-1].lower() in head_nouns()
    if known and len(words) == 1 and (name := _of_purpose(text, phrase.end, words[0])):
        yield Candidate(text=name, score=57.5, at=start, why="what is asked for")
    elif known or (serves and introduced) or (introduced and _does_something(text, start, words)):
        yield from _head(text, start, words)
    elif _is_created_capital(text, start) and introduced and start > 0:
        yield Candidate(text=" ".join(words), score=70, at=start, why="what is to be created")


def _only_tells_to(text: Text, start: int, last: str, *, introduced: bool) -> bool:
    """Whether it is no thing that is asked for, but something to do: `validate orders`, `to sort lists`."""
    if verb_at(text.lows(start, 2)) is None:
        return False
    before = text.low(start - 1)
    noun = text.low(start) in lexicon.NOUN_VERBS and last.endswith(("er", "or"))
    if not noun and (not introduced or before in lexicon.ORDER_WORDS):
        return True
    return before in ("to", "can", "should", "must", "will", "you", "we", "i")


def _of_purpose(text: Text, index: int, head: str) -> str:
    """Read `a validator for purchase orders`, `leaderboard per tournament`: purchase order validator."""
    if text.low(index) not in ("for", "of", "per"):
        return ""
    purpose = noun_phrase(text, index + 1).words
    if not purpose or any(word.lower() in lexicon.NODE_NOUNS for word in purpose):
        return ""
    kept = [word for word in purpose if not is_product(word)] or list(purpose)
    return " ".join([*kept[:-1], singular(kept[-1]), head])


def _does_something(text: Text, start: int, words: list[str]) -> bool:
    last = words[-1].lower()
    agent = len(words) > 1 and last.endswith(("er", "or")) and last not in _PEOPLE
    return agent and text.low(start - 1) in lexicon.INDEFINITE | lexicon.ADJECTIVES


def _is_created_capital(text: Text, start: int) -> bool:
    written = text.at(start).text
    return written[:1].isupper() and not written.isupper() and text.low(start - 1) in lexicon.CREATE_VERBS


def _head(text: Text, start: int, words: list[str]) -> Iterator[Candidate]:
    if len(words) > 1:
        yield Candidate(text=" ".join(words), score=62, at=start, why="what is asked for")
    elif words[0].lower() not in EMPTY_ALONE | lexicon.NODE_NOUNS:
        capital = text.at(start).text[:1].isupper() and text.low(start - 1) in lexicon.CREATE_VERBS
        alone = len(text.tokens) == 2 and text.at(0).is_name
        score = 72 if capital else 60 if alone else 45
        yield Candidate(text=words[0], score=score, at=start, why="what is asked for")
