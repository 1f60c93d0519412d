"""English words: verbs in their forms, nouns in the singular, and what kind of node they speak of."""

from __future__ import annotations

from enum import StrEnum
from functools import cache

from nodesmith.records import dataclass
from nodesmith.spec.sentence import lexicon, lexicon_verbs

_VOWELS = "aeiou"
_STAY = frozenset(
    "status address analysis series news sales goods statistics stats metrics basis bus gas sms aws dns tls https "
    "access process progress success business class kudos address analytics physics logistics css ios rss js "
    "gps vies cms always canvas atlas previous various species premises terms alias virus bonus focus census radius "
    "iris redis ldaps sus this his its vs plus less across is was has does basics earnings savings "
    "maths politics hours lens pass loss boss cross cls odds corps perhaps".split()
)
_PLURALS = {
    "indices": "index", "matrices": "matrix", "vertices": "vertex", "people": "person", "children": "child",
    "men": "man", "women": "woman", "movies": "movie", "cookies": "cookie", "criteria": "criterion",
    "analyses": "analysis", "caches": "cache", "axes": "axis", "shoes": "shoe", "leaves": "leave", "lives": "life",
    "databases": "database", "purchases": "purchase", "releases": "release", "cases": "case", "houses": "house",
    "bases": "base", "responses": "response", "expenses": "expense", "licenses": "license", "phrases": "phrase",
    "warehouses": "warehouse", "invoices": "invoice", "images": "image", "courses": "course", "phases": "phase",
    "increases": "increase", "leases": "lease", "clauses": "clause", "nurses": "nurse", "purposes": "purpose",
    "searches": "search", "matches": "match", "axles": "axle", "queries": "query", "exercises": "exercise",
    "headaches": "headache", "heaters": "heater", "heroes": "hero", "potatoes": "potato", "sizes": "size",
    "quizzes": "quiz", "prizes": "prize", "causes": "cause", "mice": "mouse", "feet": "foot", "senses": "sense",
}  # fmt: skip


class Form(StrEnum):
    """How a verb stands in a text."""

    BASE = "base"
    THIRD = "third"
    GERUND = "gerund"
    PAST = "past"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """A verb the rules know: whose work it is, how sure that is, and who does it (`writer`)."""

    base: str
    archetype: str
    weight: int
    agent: str


@cache
def verbs() -> dict[str, Verb]:
    """Return every known verb by its base form; where two archetypes share one, the surer wins."""
    tables = zip(
        lexicon.ARCHETYPES,
        (
            lexicon_verbs.EFFECT_VERBS,
            lexicon_verbs.COMPUTE_VERBS,
            lexicon_verbs.REDUCER_VERBS,
            lexicon_verbs.ORCHESTRATOR_VERBS,
        ),
        strict=True,
    )
    found: dict[str, Verb] = {}
    for archetype, table in tables:
        for entry in table.replace("\n", " ").split(";"):
            if not entry.strip():
                continue
            base, weight, agent = entry.split()
            if base not in found or found[base].weight < int(weight):
                found[base] = Verb(base=base, archetype=archetype, weight=int(weight), agent=agent)
    return found


@cache
def verb_forms() -> dict[str, tuple[str, Form]]:
    """Return every form of every known verb: `writes` -> (`write`, third)."""
    forms: dict[str, tuple[str, Form]] = {}
    bases = [base for base in verbs() if "_" not in base] + [
        base for base in lexicon_verbs.PARTICLES if base not in verbs()
    ]
    spellings = {**{base: base for base in bases}, **lexicon_verbs.SPELLINGS}
    for spelling, base in spellings.items():
        if base not in bases:
            continue
        forms.setdefault(_third(spelling), (base, Form.THIRD))
        forms.setdefault(_gerund(spelling), (base, Form.GERUND))
        forms.setdefault(_past(spelling), (base, Form.PAST))
    for spelling, base in lexicon_verbs.IRREGULAR.items():
        if base in bases:
            form = Form.GERUND if spelling.endswith("ing") else Form.PAST
            forms[spelling] = (base, Form.THIRD if spelling == "puts" else form)
    for spelling, base in spellings.items():
        if base in bases:
            forms[spelling] = (base, Form.BASE)
    return forms


@cache
def head_nouns() -> dict[str, tuple[str, int]]:
    """Return the nouns that say what a node is: `validator` -> (`compute`, 3)."""
    found: dict[str, tuple[str, int]] = {}
    for verb in verbs().values():
        if verb.agent not in found or found[verb.agent][1] < verb.weight:
            found[verb.agent] = (verb.archetype, verb.weight)
    for archetype, table in lexicon.HEAD_NOUNS.items():
        for entry in table.split():
            noun, _, weight = entry.partition(":")
            found[noun] = (archetype, int(weight))
    return found


def verb_at(lows: tuple[str, ...]) -> tuple[Verb, Form, int] | None:
    """Return the verb that the words begin with, its form, and how many words it takes (`looks up`: 2)."""
    form = verb_forms().get(lows[0])
    if form is None:
        return None
    base, how = form
    particle = lexicon_verbs.PARTICLES.get(base, {}).get(lows[1]) if len(lows) > 1 else None
    if particle is not None:
        return verbs()[particle], how, 2
    known = verbs().get(base)
    return (known, how, 1) if known is not None else None


def guessed_verb(lows: tuple[str, ...], before: str) -> tuple[Verb, Form, int] | None:
    """Return a verb nobody listed, where only a verb can stand: `a node that frobnicates widgets`."""
    low, after = lows
    if low in lexicon.STOP_WORDS or not low.isalpha() or len(low) < 4 or after in lexicon.AUXILIARIES:
        return None
    if before in ("that", "which", "who") and low.endswith("s") and not low.endswith("ss"):
        base = low[:-2] if low.endswith(("shes", "ches", "xes", "sses", "zzes")) else low[:-1]
        return _unknown(base), Form.THIRD, 1
    if before in ("to", "can", "should", "must", "will") and after in lexicon.QUANTIFIERS:
        return _unknown(low), Form.BASE, 1
    return None


def _unknown(base: str) -> Verb:
    return Verb(base=base, archetype="", weight=0, agent=agent_of(base))


def agent_of(base: str) -> str:
    """Return who does a verb's work, as names say it: `write` -> `writer`; by rule where nobody listed the verb."""
    known = verbs().get(base)
    return known.agent if known is not None else base + ("r" if base.endswith("e") else "er")


def singular(word: str) -> str:
    """Return the singular of a noun, as well as plain rules and a list of exceptions do it."""
    if word in _PLURALS:
        return _PLURALS[word]
    if len(word) < 4 or word in _STAY or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "xes", "sses", "zzes")):
        return word[:-2]
    return word[:-1]


def plural(word: str) -> str:
    """Return the plural of a noun in the singular, by plain rules; a plural stays as it is."""
    if singular(word) != word or word in _STAY:
        return word
    known = next((several for several, one in _PLURALS.items() if one == word), "")
    return known or _third(word)


def _third(base: str) -> str:
    if base.endswith("y") and base[-2] not in _VOWELS:
        return base[:-1] + "ies"
    return base + ("es" if base.endswith(("s", "sh", "ch", "x", "z", "o")) else "s")


def _gerund(base: str) -> str:
    if base.endswith("e") and not base.endswith(("ee", "ye", "oe")):
        return base[:-1] + "ing"
    return base + "ing"


def _past(base: str) -> str:
    if base.endswith("e"):
        return base + "d"
    return base[:-1] + "ied" if base.endswith("y") and base[-2] not in _VOWELS else base + "ed"
