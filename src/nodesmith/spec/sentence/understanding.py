"""One sentence, understood: archetype, name, domain, what it does, and what was assumed on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.errors import SentenceError
from nodesmith.naming import name_problem
from nodesmith.records import dataclass
from nodesmith.spec.sentence import lexicon
from nodesmith.spec.sentence.archetypes import Choice, choose_archetype, find_evidence
from nodesmith.spec.sentence.deriving import derived_names, last_resort
from nodesmith.spec.sentence.document import Parts, make_document
from nodesmith.spec.sentence.domains import domain_of_path, find_domain
from nodesmith.spec.sentence.identifiers import bare_words, tidy
from nodesmith.spec.sentence.mentions import Mention, Role, find_mentions
from nodesmith.spec.sentence.names import said_names
from nodesmith.spec.sentence.operations import find_operations, operation_of_name
from nodesmith.spec.sentence.step_reading import Step
from nodesmith.spec.sentence.steps import any_steps
from nodesmith.spec.sentence.structure import Structure, analyse
from nodesmith.spec.sentence.text import read
from nodesmith.spec.sentence.things import NamedOperation, object_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodesmith.spec.sentence.candidates import Candidate

EXAMPLE = 'nodesmith new "An effect called customer_writer that writes customers to PostgreSQL"'
CLEARLY_SAID = 57.0
SOME_PURPOSE = 44
GIVEN = 70.0
CLEARLY_NAMED = 85.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Understanding:
    """What a sentence was taken to mean; `document` is the spec in the file's form, `assumed` what nobody said."""

    archetype: str
    name: str
    domain: str
    document: dict[str, object]
    assumed: tuple[str, ...]


def understand(
    sentence: str, *, name: str | None = None, archetype: str | None = None, domain: str | None = None
) -> Understanding:
    """Return what a sentence asks for; `name`, `archetype` and `domain` win over what it says.

    Raises SentenceError where it says too little, and never anything else.
    """
    given_name, given_domain = _checked(name, what="name"), _checked(domain, what="domain")
    given_archetype = _checked_archetype(archetype)
    text = read(sentence)
    structure = analyse(text)
    mentions = find_mentions(structure)
    names = said_names(structure, mentions)
    if not any(token.is_name for token in text.tokens):
        raise _refusal("there is no sentence to understand")
    choice = _archetype(structure, mentions, names, given_archetype)
    _refuse_meaningless(structure, mentions, names, choice, named=bool(given_name))
    assumed: list[str] = []
    if text.read < text.given:
        assumed.append(f"only the first {text.read} of {text.given} characters were read")
    if not choice.said:
        assumed.append(f"archetype: {choice.archetype}, from {choice.why}")
    chosen, derived = _name(structure, mentions, names, choice.archetype, given_name, assumed)
    named = bool(given_name) or any(c.score >= CLEARLY_NAMED and c.at > 0 for c in names[:1])
    where = given_domain or find_domain(structure, mentions, named=named) or domain_of_path(derived)
    parts = _parts(structure, mentions, choice.archetype, chosen, where, assumed)
    document, guesses = make_document(parts)
    return Understanding(
        archetype=choice.archetype, name=chosen, domain=where, document=document, assumed=(*assumed, *guesses)
    )


def _checked(value: str | None, *, what: str) -> str:
    if value is None:
        return ""
    if problem := name_problem(value):
        fitting = tidy(bare_words(value)).name
        hint = f"--{what} {fitting}" if fitting and not name_problem(fitting) else f"--{what} customer_writer"
        raise SentenceError(f"the {what} {value[:80]!r} {problem}", fix=hint)
    return value


def _checked_archetype(value: str | None) -> str:
    if value is None or value in lexicon.ARCHETYPES:
        return value or ""
    raise SentenceError(f"{value[:80]!r} is no archetype", fix="one of " + ", ".join(lexicon.ARCHETYPES))


def _refusal(message: str) -> SentenceError:
    return SentenceError(message, fix=f"say what the node is called and what it does, such as\n    {EXAMPLE}")


def _archetype(
    structure: Structure, mentions: Sequence[Mention], names: Sequence[Candidate], given: str
) -> Choice:
    if given:
        return Choice(archetype=given, said=True, why="given")
    said = _evident(structure, mentions, names)
    if said.archetype or not _asks_for_something(structure, names):
        return said
    return Choice(
        archetype="compute", said=False, why="nothing that speaks of the outside, of state or of steps"
    )


def _asks_for_something(structure: Structure, names: Sequence[Candidate]) -> bool:
    """Whether it tells something to do, though not what kind of node does it."""
    asked = any(c.why == "what is asked for" and len(c.text.split()) > 1 for c in names)
    return asked or any(action.thing.words for action in structure.doings) or _tells_what_it_does(structure)


def _tells_what_it_does(structure: Structure) -> bool:
    """Whether `that` or `which` is followed by a word that may be a verb nobody listed."""
    text = structure.text
    for index, token in enumerate(text.tokens):
        following = text.at(index + 1)
        relative = token.low in ("that", "which", "it") and following.is_name and text.at(index + 2).is_name
        known = following.low in lexicon.STOP_WORDS | lexicon.FILLERS | lexicon.NODE_NOUNS
        if relative and not known and following.low.endswith("s"):
            return True
    return False


def _evident(structure: Structure, mentions: Sequence[Mention], names: Sequence[Candidate]) -> Choice:
    likely = [c for c in names if c.score >= 45]
    return choose_archetype(find_evidence(structure, mentions, likely))


def _refuse_meaningless(
    structure: Structure,
    mentions: Sequence[Mention],
    names: Sequence[Candidate],
    choice: Choice,
    *,
    named: bool,
) -> None:
    said_name = named or (bool(names) and names[0].score >= CLEARLY_SAID)
    doing = [a for a in structure.doings if a.thing.words or said_name or a.at > 0]
    if not choice.archetype and said_name:
        raise _refusal("it does not tell which kind of node this is")
    if not choice.archetype:
        raise _refusal("the sentence does not tell what the node is to do")
    said = any(m.role is Role.SAID for m in mentions)
    has_matter = (
        bool(doing)
        or said_name
        or any(c.score >= SOME_PURPOSE for c in derived_names(structure, mentions, choice.archetype))
    )
    if not has_matter:
        what = (
            f"an {choice.archetype} node" if choice.archetype[0] in "aeiou" else f"a {choice.archetype} node"
        )
        raise _refusal(
            f"it asks for {what}, but not for what" if said else "it does not tell what the node is to do"
        )


def _name(
    structure: Structure, mentions: Sequence[Mention], names: Sequence[Candidate], archetype: str, given: str,
    assumed: list[str],
) -> tuple[str, str]:  # fmt: skip
    if given:
        return given, given
    candidates = sorted(
        [*names, *derived_names(structure, mentions, archetype), *last_resort(structure, archetype)],
        key=lambda candidate: -candidate.score,
    )
    for candidate in candidates:
        written = candidate.text.rpartition("/")[2] if "/" in candidate.text else candidate.text
        tidied = tidy(bare_words(written, archetype=archetype))
        if tidied.name and not name_problem(tidied.name):
            if tidied.changed:
                assumed.append(f"name: {tidied.name}, because {tidied.changed}")
            elif candidate.score < GIVEN:
                assumed.append(f"name: {tidied.name}, {candidate.why}")
            return tidied.name, candidate.text
        if candidate.score >= GIVEN:
            raise SentenceError(
                f"the name {candidate.text[:80]!r} cannot be written in Latin letters",
                fix="give one with --name, such as --name customer_writer",
            )
    raise _refusal("it does not tell a name, nor anything to make one from")


def _parts(
    structure: Structure,
    mentions: Sequence[Mention],
    archetype: str,
    name: str,
    domain: str,
    assumed: list[str],
) -> Parts:
    entity = next((words for a in structure.doings if (words := object_words(a.thing.words))), ())
    steps: Sequence[Step] = ()
    operations: list[NamedOperation] = []
    if archetype == "orchestrator":
        steps = any_steps(structure, mentions)
        if not steps:
            steps = [Step(thing=(name,))]
            assumed.append("one step, because the sentence tells none")
    elif archetype != "reducer":
        operations = find_operations(structure, entity=entity, archetype=archetype, name=name)
        if not operations:
            operations = [operation_of_name(name, archetype)]
            assumed.append(f"operation: {operations[0].name}, from the name")
    return Parts(
        structure=structure, archetype=archetype, name=name, domain=domain, operations=operations, steps=steps,
        entity=entity,
    )  # fmt: skip
