"""The things a text says are done, and which of them only ask for the node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.records import dataclass
from nodesmith.spec.sentence import lexicon
from nodesmith.spec.sentence.identifiers import is_code_like
from nodesmith.spec.sentence.passives import is_passive, subject_of
from nodesmith.spec.sentence.phrases import Phrase, objects
from nodesmith.spec.sentence.text import Kind
from nodesmith.spec.sentence.words import Form, Verb, guessed_verb, head_nouns, singular, verb_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nodesmith.spec.sentence.text import Text

# A sentence about one node has no more to say; what is beyond would only cost time.
MAX_ACTIONS = 40
MAX_CLAUSE = 40
MAX_WORDS_BEFORE = 4
_MEANS = frozenset("call query hit ask talk contact access request connect integrate use invoke".split())
_CONDITIONS = frozenset(["given", "when", "if", "for"])
_BEFORE_BASE = frozenset(
    "to and or then that which who i we you they please first finally next also lastly he she it just only".split()
)
_BEHIND_VERBS = frozenset("it them him her us me this these that after when if once whenever".split())
_CREATES = frozenset(
    "create build make generate write add get provide produce set_up implement have design".split()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """Something done to something: `writes customer records` and, behind `of`, whose.

    `is_means` tells that it only says by what something else is done: `query the SAP API to create orders`.
    """

    verb: Verb
    form: Form
    at: int
    thing: Phrase
    whose: Phrase
    counted: str
    denied: bool
    is_means: bool


def find_actions(text: Text, denied: tuple[bool, ...]) -> Iterator[Action]:
    index = 0
    previous: Action | None = None
    while index < len(text.tokens):
        found = verb_at(text.lows(index, 2)) if text.at(index).kind is Kind.WORD else None
        if found is not None and not _acts(text, index, found, previous):
            found = None
        elif found is None and text.at(index).kind is Kind.WORD:
            found = guessed_verb(text.lows(index, 2), text.low(index - 1))
        if found is None:
            index += 1
            continue
        action = _action(text, index, found, denied=denied[index])
        yield action
        previous = None if is_introduction(text, action) else action
        index = max(index + found[2], action.thing.end if _follows(text, index + found[2], action) else 0)


def _acts(text: Text, index: int, found: tuple[Verb, Form, int], previous: Action | None) -> bool:
    listed = previous is not None and _is_listed_noun(text, index, found, previous)
    return not listed and _stands_as_verb(text, index, found[1])


def _is_listed_noun(text: Text, index: int, found: tuple[Verb, Form, int], previous: Action) -> bool:
    """Whether it is the `reports` of `sends mails and reports to customers`, and no second verb."""
    if text.low(index) not in lexicon.NOUN_VERBS and singular(text.low(index)) not in lexicon.NOUN_VERBS:
        return False
    if (
        text.low(index - 1) not in ("and", "or", ",")
        or not previous.thing.words
        or previous.thing.end > index
    ):
        return False
    if any(text.low(at) in (".", ";", "\n", ":", "that", "which") for at in range(previous.at, index)):
        return False
    if found[1] is not previous.form and Form.PAST not in (found[1], previous.form):
        return True
    behind = text.at(_after_list(text, index + found[2]))
    compound = found[1] is Form.BASE and behind.low in lexicon.GENERIC_TAILS
    return compound or not behind.is_name or behind.low in lexicon.STOP_WORDS - _BEHIND_VERBS


def _action(text: Text, index: int, found: tuple[Verb, Form, int], *, denied: bool) -> Action:
    verb, form, length = found
    start = _after_list(text, index + length)
    thing, whose, counted = objects(text, start)
    if form is Form.PAST:
        thing = Phrase(words=subject_of(text, index).words, end=index + length)
    return Action(
        verb=verb,
        form=form,
        at=index,
        thing=thing,
        whose=whose,
        counted=counted,
        denied=denied or text.low(start) == "nothing",
        is_means=verb.base in _MEANS
        and text.low(thing.end) == "to"
        and verb_at((text.low(thing.end + 1), "")) is not None,
    )


def _follows(text: Text, index: int, action: Action) -> bool:
    """Whether the object stands right behind its verb, so that no verb is to be looked for in it."""
    return (
        bool(action.thing.words)
        and _after_list(text, index) == index
        and action.whose.end >= action.thing.end
    )


def _stands_as_verb(text: Text, index: int, form: Form) -> bool:
    before, after = text.low(index - 1), text.low(index + 1)
    if before == "of" or (before in lexicon.DETERMINERS and before not in ("that", "this", "it")):
        return False
    if text.low(index) == "compute" and not is_compute_verb(text, index):
        return False
    if text.low(index) in lexicon.GOING_ON and after in lexicon.STATE_NOUNS:
        return False  # "a streaming average"
    if text.low(index) == "order" and after not in lexicon.QUANTIFIERS:
        return False
    if text.low(index) == "orders" and before not in ("that", "which", "it", "then", "next", "and"):
        return False
    if (text.low(index) in ("call", "name") and after in ("it", "this", "that", "them")) or gives_name(
        text, index
    ):
        return False
    if form is Form.PAST:
        return is_passive(text, index)
    if form is Form.BASE:
        return _stands_as_base(text, index)
    if form is Form.THIRD:
        # "order imports" is a noun, "it imports orders" is none
        if after in ("each", "every", "per", "api", "apis") and _is_counted(text, index):
            return False  # "the number of API calls every user made"
        if "many" in text.lows(index - 2, 2):
            return False  # "how many API calls each tenant made"
        strong = before in ("that", "which", "it", "who", "and", ",") or text.starts_clause(index)
        if singular(text.low(index)) in lexicon.NOUN_VERBS and not strong and after in lexicon.STOP_WORDS:
            return False
        return (not text.ends_clause(index + 1) and after not in ("of", "are", "were", "by")) or before in (
            "that", "which", "it", "and",
        )  # fmt: skip
    return after not in ("of", "service", "node", "effect", "compute", "reducer", "orchestrator", "domain")


def _stands_as_base(text: Text, index: int) -> bool:
    """Whether a base form is something to do: `to write`, `and store`, `at the end load`."""
    before = text.low(index - 1)
    if text.starts_clause(index) or text.lows(index - 2, 2) == ("the", "end"):
        return True
    if before in ("node", "what") and text.low(index) not in lexicon.NOUN_VERBS | set(lexicon.ARCHETYPES):
        return True
    if text.low(index + 1) in lexicon.DETERMINERS and text.low(clause_start(text, index)) in _CONDITIONS:
        return True
    return before in lexicon.AUXILIARIES | _BEFORE_BASE


def gives_name(text: Text, index: int) -> bool:
    """Whether `call` gives a name there: `a node which we would call OrderPoster`, `I'd name it so`."""
    if text.low(index) not in ("call", "name", "dub", "title", "label", "christen"):
        return False
    at = index - 1
    while text.low(at) in lexicon.AUXILIARIES | {"to", "just", "simply", "maybe", "like", "want"}:
        at -= 1
    named = text.at(index + 1)
    written = named.kind is Kind.QUOTED or is_code_like(named.text) or named.text[:1].isupper()
    return text.low(at) in ("we", "i", "you", "people", "everybody", "they") and written and named.is_name


def _is_counted(text: Text, index: int) -> bool:
    at = index - 1
    while text.at(at).is_name and text.low(at) not in lexicon.STOP_WORDS and index - at < MAX_WORDS_BEFORE:
        at -= 1
    return text.low(at) == "of" or "many" in text.lows(at + 1, index - at - 1)


def is_compute_verb(text: Text, index: int) -> bool:
    """Whether `compute` is something to do there, and not the archetype."""
    before, after = text.low(index - 1), text.low(index + 1)
    if before in lexicon.DETERMINERS | lexicon.ADJECTIVES:
        return False
    if after in lexicon.NODE_NOUNS and after not in lexicon.DETERMINERS:
        return False
    if (
        text.starts_clause(index)
        and (before != ":" or _is_commanded(text, index))
        and _goes_with_thing(text, index + 1)
    ):
        return True
    return before in ("to", "can", "should", "will", "must", "could", "we", "i", "and", "then", "would") or (
        after in (lexicon.QUANTIFIERS - {"that"}) | {"how", "what", "whether"}
    )


def _goes_with_thing(text: Text, index: int) -> bool:
    """Whether plain words follow that an item of a list or a preposition ends: `compute wages, ...`."""
    end = index
    while (
        text.at(end).kind is Kind.WORD
        and text.at(end).text.islower()
        and text.low(end) not in lexicon.STOP_WORDS
    ):
        if is_code_like(text.at(end).text) or text.low(end) in lexicon.NAMING_WORDS | lexicon.NODE_NOUNS:
            return False
        end += 1
    listed = text.low(index - 2) in (",", ":") and text.low(end) in (",", "and", "\n", ".")
    return end > index and (listed or text.low(end) in lexicon.PREPOSITIONS)


def _is_commanded(text: Text, index: int) -> bool:
    """Whether another command follows behind a comma: `compute wages, pay staff`."""
    comma = next((at for at in range(index, index + 8) if text.ends_clause(at)), index)
    found = verb_at(text.lows(comma + 1, 2)) if text.low(comma) == "," else None
    return found is not None and found[1] is Form.BASE


def clause_start(text: Text, index: int) -> int:
    start = index
    while not text.starts_clause(start) and index - start < MAX_CLAUSE:
        start -= 1
    return start


def _after_list(text: Text, index: int) -> int:
    """Skip `, update and delete` after `create`: the object of a list of verbs stands behind the last."""
    at = index
    while at - index < MAX_CLAUSE:
        ahead = at
        while text.low(ahead) in (",", "and", "or", "/", "&"):
            ahead += 1
        found = verb_at(text.lows(ahead, 2)) if ahead > at else None
        if found is None or text.at(ahead).kind is not Kind.WORD:
            break
        at = ahead + found[2]
    return at


def is_introduction(text: Text, action: Action) -> bool:
    """Whether `create` and its like only ask for the node: `Write an order validator`."""
    if action.verb.base not in _CREATES:
        return False
    words = action.thing.words
    if text.low(action.at + 1) in ("me", "us"):
        return True
    if not words:
        return action.verb.base != "write"
    last = words[-1].lower()
    if any(word.lower() in lexicon.ARCHETYPE_WORDS for word in words) or is_code_like(words[0]):
        return True
    if words[0].lower() in lexicon.NODE_NOUNS:
        return True
    agent = last.endswith(("er", "or")) or text.low(action.at + 1) in lexicon.INDEFINITE
    return last in lexicon.NODE_NOUNS or (last in head_nouns() and agent)
