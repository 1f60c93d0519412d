"""What stands where: denied stretches, labelled lines, and the things a sentence says are done."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from nodesmith.spec.sentence import lexicon
from nodesmith.spec.sentence.identifiers import is_code_like
from nodesmith.spec.sentence.text import Kind, Text
from nodesmith.spec.sentence.words import Form, Verb, guessed_verb, head_nouns, singular, verb_at

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_LABEL_WORDS = 3
MAX_PHRASE = 6
_PARTICLES = frozenset(["out", "up", "down", "off", "away", "back", "over"])
# Behind these a preposition begins something else: "gives it to the customer".
_PRONOUNS = frozenset(["it", "them", "him", "her"])
# A sentence about one node has no more to say; what is beyond would only cost time.
MAX_ACTIONS = 80
MAX_CLAUSE = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A labelled place (`Type: effect`): which one, and where its value begins and ends."""

    field: str
    at: int
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """A noun phrase: its words without articles, and where it ends."""

    words: tuple[str, ...] = ()
    end: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """Something done to something: `writes customer records` and, behind `of`, whose."""

    verb: Verb
    form: Form
    at: int
    thing: Phrase
    whose: Phrase
    counted: str
    denied: bool
    opens: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """A text with what was found in it; `denied[i]` says that token i stands under a denial."""

    text: Text
    denied: tuple[bool, ...]
    labels: tuple[Label, ...]
    actions: tuple[Action, ...]
    doings: tuple[Action, ...]


def analyse(text: Text) -> Structure:
    """Find denials, labels and actions in a text."""
    denied = tuple(_denials(text))
    labels = tuple(find_labels(text))
    actions = tuple(islice(_actions(text, denied), MAX_ACTIONS))
    doings = tuple(action for action in actions if not action.denied and not is_introduction(text, action))
    return Structure(text=text, denied=denied, labels=labels, actions=actions, doings=doings)


def _denials(text: Text) -> Iterator[bool]:
    active = False
    for index in range(len(text.tokens)):
        low = text.low(index)
        ends = (
            low in lexicon.DENIAL_ENDS
            and text.low(index - 1) not in ("not", "or")
            and text.low(index + 1) != "/"
        )
        slashed = low == "/" and text.low(index + 1) == "o"
        if (text.ends_clause(index) and not slashed) or ends:
            active = False
        if _begins_denial(text, index):
            active = True
        yield active


def _begins_denial(text: Text, index: int) -> bool:
    low, following = text.low(index), text.low(index + 1)
    if (low, following) in (("rather", "than"), ("instead", "of"), ("other", "than"), ("free", "of")):
        return True
    if low == "no" and following in ("later", "longer", "more", "less", "problem", "matter"):
        return False
    if low == "not" and (following == "only" or text.low(index - 1) == "or"):
        return False
    if low == "nothing" and text.low(index - 1) == "that":
        return False
    return low in lexicon.DENIALS


def find_labels(text: Text) -> Iterator[Label]:
    """Yield `name: x`, `"type": "effect"`, `domain = crm` and their like, wherever a clause begins."""
    index = 0
    while index < len(text.tokens):
        label = _label_at(text, index)
        if label is None:
            index += 1
            continue
        yield label
        index = label.start


def _label_at(text: Text, index: int) -> Label | None:
    if not text.at(index).is_name or not _may_open_label(text, index):
        return None
    for length in range(MAX_LABEL_WORDS, 0, -1):
        field = lexicon.LABELS.get(" ".join(text.lows(index, length)))
        if field and _is_label_mark(text, index + length, opens=_opens_line(text, index)):
            start = index + length + 1
            return Label(field=field, at=index, start=start, end=_value_end(text, start))
    return None


def _opens_line(text: Text, index: int) -> bool:
    before = index - 1
    while text.at(before).kind is Kind.MARK and text.low(before) in (
        "{",
        "#",
        "##",
        "###",
        "/",
        "|",
        "*",
        "(",
    ):
        before -= 1
    return text.at(before).kind in (Kind.BREAK, Kind.BULLET)


def _may_open_label(text: Text, index: int) -> bool:
    if text.starts_clause(index):
        return True
    # `name = "x" type = "effect"`, and `domain=x` in the middle of a sentence
    if text.low(index) not in lexicon.LABELS or text.low(index) in (
        "id",
        "class",
        "node",
        "service",
        "component",
    ):
        return False
    return text.low(index + 1) == "=" or (
        text.low(index + 1) == ":" and text.low(index) in ("name", "type", "kind")
    )


def _is_label_mark(text: Text, index: int, *, opens: bool) -> bool:
    mark = text.low(index)
    if mark in (":", "=", "=>"):
        return True
    return opens and mark in ("-", "—", "->", "--") and text.at(index).kind is Kind.MARK


def _value_end(text: Text, start: int) -> int:
    end = start
    while end < len(text.tokens) and text.at(end).kind is not Kind.BREAK:
        if text.low(end) in ("|", ";") or (end > start and _label_follows(text, end)):
            break
        end += 1
    return end


def _label_follows(text: Text, index: int) -> bool:
    for length in range(1, MAX_LABEL_WORDS):
        if " ".join(text.lows(index, length)) in lexicon.LABELS and text.low(index + length) in (":", "="):
            return True
    return False


def _actions(text: Text, denied: tuple[bool, ...]) -> Iterator[Action]:
    index = 0
    while index < len(text.tokens):
        found = verb_at(text.lows(index, 2)) if text.at(index).kind is Kind.WORD else None
        if found is not None and not _stands_as_verb(text, index, found[1]):
            found = None
        elif found is None and text.at(index).kind is Kind.WORD:
            found = guessed_verb(text.lows(index, 2), text.low(index - 1))
        if found is None:
            index += 1
            continue
        action = _action(text, index, found, denied=denied[index])
        yield action
        index = max(index + found[2], action.thing.end if _follows(text, index + found[2], action) else 0)


def _action(text: Text, index: int, found: tuple[Verb, Form, int], *, denied: bool) -> Action:
    verb, form, length = found
    start = _after_list(text, index + length)
    thing, whose, counted = _objects(text, start)
    return Action(
        verb=verb,
        form=form,
        at=index,
        thing=thing,
        whose=whose,
        counted=counted,
        denied=denied,
        opens=text.starts_clause(index),
    )


def _follows(text: Text, index: int, action: Action) -> bool:
    """Whether the object stands right behind its verb, so that no verb is to be looked for in it."""
    return bool(action.thing.words) and _after_list(text, index) == index and action.whose.end >= action.thing.end


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
    if text.low(index) in ("call", "name") and after in ("it", "this", "that", "them"):
        return False
    if form is Form.PAST:
        return before in ("is", "are", "be", "been", "was", "were", "gets") and after not in ("by",)
    if form is Form.BASE:
        return (
            text.starts_clause(index)
            or (after in lexicon.DETERMINERS and text.low(_clause_start(text, index)) in ("given", "when", "if", "for"))
            or before in lexicon.AUXILIARIES
            or before in ("to", "and", "or", "then", "that", "which", "who", "i", "we", "you", "they", "please", "first",
                          "finally", "should", "next", "also", "lastly", "will", "he", "she", "it", "just", "only")
        )  # fmt: skip
    if form is Form.THIRD:
        # "order imports" is a noun, "it imports orders" is none
        if "many" in text.lows(index - 2, 2):
            return False  # "how many API calls each tenant made"
        strong = before in ("that", "which", "it", "who", "and", ",") or text.starts_clause(index)
        if singular(text.low(index)) in lexicon.NOUN_VERBS and not strong and after in lexicon.STOP_WORDS:
            return False
        return not text.ends_clause(index + 1) and after not in ("of", "are", "were", "by") or before in (
            "that", "which", "it", "and",
        )  # fmt: skip
    return after not in ("of", "service", "node", "effect", "compute", "reducer", "orchestrator", "domain")


def is_compute_verb(text: Text, index: int) -> bool:
    """Whether `compute` is something to do there, and not the archetype."""
    before, after = text.low(index - 1), text.low(index + 1)
    if before in lexicon.DETERMINERS | lexicon.ADJECTIVES:
        return False
    if after in lexicon.NODE_NOUNS and after not in lexicon.DETERMINERS:
        return False
    if text.starts_clause(index) and before != ":" and _goes_with_thing(text, index + 1):
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
    listed = text.low(index - 2) == "," and text.low(end) in (",", "and", "\n", ".")
    return end > index and (listed or text.low(end) in lexicon.PREPOSITIONS)


def _clause_start(text: Text, index: int) -> int:
    start = index
    while not text.starts_clause(start) and index - start < MAX_CLAUSE:
        start -= 1
    return start


def _after_list(text: Text, index: int) -> int:
    """Skip `, update and delete` after `create`: the object of a list of verbs stands behind the last."""
    at = index
    while True:
        ahead = at
        while text.low(ahead) in (",", "and", "or", "/", "&"):
            ahead += 1
        found = verb_at(text.lows(ahead, 2)) if ahead > at else None
        if found is None or text.at(ahead).kind is not Kind.WORD:
            return index if at == index else at
        at = ahead + found[2]


def _objects(text: Text, index: int) -> tuple[Phrase, Phrase, str]:
    """Return what is acted on, whose it is, and the word it was counted by (`a list of`)."""
    start = index
    if text.low(start) in _PARTICLES and text.at(start + 1).is_name and text.low(start + 1) not in ("of", "to", "with"):
        start += 1
    if text.low(start) in ("whether", "if", "which", "what"):
        start += 1
    thing = noun_phrase(text, start)
    if not thing.words and text.low(thing.end) in ("of", "to", "with") and text.low(start) not in _PRONOUNS:
        thing = noun_phrase(text, thing.end + 1)  # "keeps track of stock", "talks to the Stripe API"
    if text.low(thing.end) != "of":
        return thing, Phrase(end=thing.end), ""
    whose, counted = _behind_of(text, thing.end + 1)
    if thing.words and singular(thing.words[-1].lower()) in lexicon.GENERIC_HEADS:
        return whose, Phrase(end=whose.end), thing.words[-1].lower()
    return thing, whose, counted


def _behind_of(text: Text, index: int) -> tuple[Phrase, str]:
    phrase = noun_phrase(text, index)
    if phrase.words and singular(phrase.words[-1].lower()) in lexicon.GENERIC_HEADS and text.low(phrase.end) == "of":
        return noun_phrase(text, phrase.end + 1), phrase.words[-1].lower()
    return phrase, ""


def noun_phrase(text: Text, index: int) -> Phrase:
    """Return the words of the noun phrase at `index`, without articles and counting words."""
    words: list[str] = []
    at = index
    while text.low(at) in lexicon.QUANTIFIERS:
        at += 1
    counted = text.low(at - 1) == "many"
    while at < len(text.tokens) and len(words) < MAX_PHRASE:
        token = text.at(at)
        if token.low == "'s" and words and text.at(at + 1).is_name:
            at += 1
            continue
        if not token.is_name or token.low in lexicon.STOP_WORDS or token.low.startswith("'"):
            break
        if text.lows(at, 3) == ("step", "by", "step"):
            break
        if token.low in lexicon.DETERMINERS | lexicon.NAMING_WORDS | lexicon.HAPPENING:
            break
        if words and ((not counted and _is_next_verb(text, at)) or _is_participle(text, at)):
            break
        words.append(token.text)
        at += 1
    return Phrase(words=tuple(words), end=at)


def _is_participle(text: Text, index: int) -> bool:
    """Whether it is the `seen` of `the last price seen for a product`."""
    low, after = text.low(index), text.low(index + 1)
    found = verb_at((low, ""))
    past = (found is not None and found[1] is Form.PAST) or low in (
        "seen",
        "made",
        "done",
        "sold",
        "used",
        "known",
    )
    return past and (text.ends_clause(index + 1) or after in lexicon.PREPOSITIONS)


def _is_next_verb(text: Text, index: int) -> bool:
    found = verb_at(text.lows(index, 2))
    if found is None or found[1] in (Form.BASE, Form.PAST):
        return False
    after = text.at(index + found[2])
    if found[1] is Form.GERUND and after.low not in lexicon.QUANTIFIERS and singular(after.low) == after.low:
        return False  # "a user onboarding process"
    return after.is_name and after.low not in lexicon.STOP_WORDS - lexicon.DETERMINERS


_CREATES = frozenset(
    "create build make generate write add get provide produce set_up implement have design".split()
)


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
