"""The domain a sentence puts its node in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.naming import name_problem
from nodesmith.spec.sentence import lexicon
from nodesmith.spec.sentence.candidates import name_value
from nodesmith.spec.sentence.identifiers import is_code_like, words_of
from nodesmith.spec.sentence.mentions import Mention, Role
from nodesmith.spec.sentence.text import Kind
from nodesmith.spec.sentence.words import Form, singular, verb_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodesmith.spec.sentence.structure import Structure
    from nodesmith.spec.sentence.text import Text

_DOMAIN_WORDS = frozenset(["domain", "namespace"])
_NO_DOMAINS = frozenset(
    "the a an same right given business public different problem main proper following new which what whole "
    "interface class function def own correct this that its our my your each every its".split()
)

# "domain events", "a domain name": a thing, and no domain that the node is in.
_THINGS_OF_DOMAINS = frozenset(
    "event events model models object objects name names entity entities logic registration registrations expiry "
    "availability rule rules".split()
)


def find_domain(structure: Structure, mentions: Sequence[Mention], *, named: bool) -> str:
    """Return the domain that was said, in snake_case, or an empty string; `named` where the name stands elsewhere."""
    for label in structure.labels:
        if label.field == "domain":
            value, _ = name_value(structure.text, label.start, end=label.end)
            if domain := _usable(value):
                return domain
    for index, token in enumerate(structure.text.tokens):
        if (
            token.low in _DOMAIN_WORDS
            and token.is_name
            and structure.text.low(index - 1) not in ("no", "any", "without")
            and structure.text.low(index + 1) not in _THINGS_OF_DOMAINS
        ) and (domain := _before(structure.text, index) or _after(structure.text, index)):
            return domain
    return _opening(structure.text, mentions) if named else ""


def _opening(text: Text, mentions: Sequence[Mention]) -> str:
    """Read `finance: a reducer named x` and `[finance] effect named x`: a plain word before the archetype."""
    bracket = text.low(0) in ("[", "(")
    closing = "])" if bracket else ":-—|"
    end = next((at for at in range(bracket, bracket + 3) if text.low(at) and text.low(at) in closing), 0)
    if not end or any(
        text.low(at) in lexicon.NO_TITLES | lexicon.FILLERS | lexicon.LABELS.keys() | lexicon.NODE_NOUNS
        or is_code_like(text.at(at).text)
        for at in range(bracket, end)
    ):
        return ""
    words = [text.at(at).text for at in range(bracket, end)]
    if words[-1].endswith("ed") or (len(words) > 1 and words[0].isupper()):
        return ""  # "WANTED: an effect"
    follows = any(m.role is Role.SAID and m.start - 1 <= end + 1 <= m.at for m in mentions)
    return _usable(" ".join(words)) if follows else ""


def domain_of_path(text: str) -> str:
    """Return the domain of a name written as `hr/employee_writer`, or an empty string."""
    before, slash, after = text.partition("/")
    return _usable(before) if slash and after and before.lower() not in lexicon.ARCHETYPE_WORDS else ""


def _usable(text: str) -> str:
    domain = "_".join(words_of(text))
    return domain if domain and domain not in _NO_DOMAINS and not name_problem(domain) else ""


def _stands_free(text: Text, index: int) -> bool:
    """Whether a name is bound to follow: `in domain healthcare for ...`."""
    return text.low(index - 1) in ("in", "for", "under", "of", "within", "into")


def _before(text: Text, index: int) -> str:
    """Read `in the human resources domain`, `a stock-trading domain effect`."""
    words: list[str] = []
    at = index - 1
    while (
        text.at(at).is_name
        and len(words) < 3
        and text.low(at) not in lexicon.STOP_WORDS | lexicon.DETERMINERS
    ):
        if text.low(at) in lexicon.CREATE_VERBS or _is_done(text.low(at)):
            break
        words.insert(0, text.at(at).text)
        at -= 1
    return _usable(" ".join(words))


def _is_done(low: str) -> bool:
    """Whether it is the `checks` of `checks domain records`; `orders` may well be a domain."""
    found = verb_at((low, ""))
    return found is not None and found[1] is Form.THIRD and singular(low) not in lexicon.NOUN_VERBS


def _after(text: Text, index: int) -> str:
    """Read `domain billing`, `the domain is energy`, `in the domain of logistics`."""
    at = index + 1
    if (
        text.low(at) == "of"
        and text.low(at + 1) in ("the", "this")
        and text.low(at + 2) in lexicon.NODE_NOUNS
    ):
        at += 3
    marked = text.low(at) in ("is", "of", ":", "=", "called", "named", "should")
    while text.low(at) in ("is", "of", ":", "=", "called", "named", "should", "be"):
        at += 1
    token = text.at(at)
    if token.kind is Kind.QUOTED or token.kind is Kind.WORD:
        value, end = name_value(text, at)
        plain = (
            marked
            or text.ends_clause(end)
            or (_stands_free(text, index) and text.low(end) in lexicon.STOP_WORDS)
        )
        return (
            _usable(value.split(" ")[0] if " " in value and not text.ends_clause(end) else value)
            if plain
            else ""
        )
    return ""
