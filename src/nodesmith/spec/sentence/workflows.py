"""An orchestrator's workflow: the entity it is about, its steps, and what undoes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.spec.sentence import lexicon
from nodesmith.spec.sentence.fields import workflow_inputs
from nodesmith.spec.sentence.identifiers import field_name, operation_name, tidy
from nodesmith.spec.sentence.phrases import noun_phrase
from nodesmith.spec.sentence.step_reading import Step, operation_of
from nodesmith.spec.sentence.things import object_words
from nodesmith.spec.sentence.undoing import opposite, says_undo
from nodesmith.spec.sentence.words import head_nouns

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nodesmith.spec.sentence.structure import Structure

_NOMINAL = ("ing", "ment", "tion", "al", "sion", "ance", "ery")
_NO_ENTITIES = frozenset(
    "nightly daily weekly monthly yearly hourly quarterly full new simple data batch end main bulk auto step all everything "
    "failure input workflow saga process".split()
)
_ENTITY_HEADS = frozenset("close closing start sync intake run payroll checkout cycle order".split())


def make_workflow(
    structure: Structure, *, name: str, steps: Sequence[Step], assumed: list[str]
) -> dict[str, object]:
    """Return operation and workflow of an orchestrator; adds what nobody said to `assumed`."""
    key = field_name(f"{_entity(structure, name, steps)}_id", fallback="request_id")
    said = [field for field in workflow_inputs(structure) if field.name != key]
    made: dict[str, dict[str, object]] = {}
    with_undo = says_undo(structure.text)
    for step in steps:
        step_name, call, undo = _names(step, name, with_undo=with_undo)
        sent = {field: f"input.{field}" for field in (key, *(f.name for f in said))}
        entry: dict[str, object] = {"call": call, "with": sent}
        if made:
            entry["after"] = [next(reversed(made))]
        made[_free(step_name, made)] = entry | ({"undo": undo} if undo else {})
    assumed += _told(made, key=key, with_undo=with_undo)
    if said:
        assumed.append("types of the input: " + ", ".join(f"{f.name}: {f.type}" for f in said))
        assumed.append("every step is sent the whole input")
    operation = tidy(["run", *name.split("_")]).name
    taken = {key: "str", **{field.name: field.type for field in said}}
    return {
        "operations": {operation: {"key": key, "input": taken, "output": {key: "str"}}},
        "workflow": {"steps": made, "result": {key: f"input.{key}"}},
    }


def _told(made: dict[str, dict[str, object]], *, key: str, with_undo: bool) -> Iterator[str]:
    yield f"the steps call {', '.join(str(step['call']) for step in made.values())}, one after the other"
    yield f"input and output of the workflow: {key}: str"
    if not with_undo:
        return
    undone = [f"{name} by {step['undo']}" for name, step in made.items() if "undo" in step]
    if undone:
        yield f"undo: {', '.join(undone)}"
    left = [name for name, step in made.items() if "undo" not in step]
    if left:
        yield f"no undo for {', '.join(left)}: the sentence does not tell what takes it back"


def _free(name: str, taken: dict[str, dict[str, object]]) -> str:
    number = 2
    free = name
    while free in taken or free == "input":
        free, number = f"{name}_{number}", number + 1
    return free


def _names(step: Step, own_name: str, *, with_undo: bool) -> tuple[str, str, str]:
    """Return a step's name, what it calls, and what undoes it (empty where nothing does)."""
    node, operation = operation_of(step)
    node, operation = operation_name(node, fallback="worker"), operation_name(operation, fallback="run")
    node = node if node != own_name else f"{node}_worker"
    if step.node:
        name = operation_name(f"{operation}_{node}" if step.operation else node, fallback="step")
    else:
        name = operation if step.verb else operation_name("_".join(step.thing), fallback="step")
    verb, _, rest = operation.partition("_")
    back = opposite(step.verb or verb, step.thing) if with_undo else ""
    thing = "_".join(step.thing) if step.verb else rest
    undo = operation_name("_".join(filter(None, (back, thing))), fallback="") if back else ""
    return name, f"{node}.{operation}", f"{node}.{undo}" if undo else ""


def _entity(structure: Structure, name: str, steps: Sequence[Step]) -> str:
    """Return what a workflow is about: what it runs for, what its name and its steps share, what recurs."""
    for found in (_run_for(structure), _shared(name, steps), _named(name)):
        if found:
            return found
    things = [step.thing[-1] for step in steps if step.thing and step.verb]
    common = max(things, key=things.count) if things else ""
    return common if things.count(common) > 1 else "request"


def _run_for(structure: Structure) -> str:
    """Read `for each order`, `when a ticket arrives`, `runs for every new customer`."""
    text = structure.text
    for index, token in enumerate(text.tokens):
        opens = token.low == "for" and text.low(index + 1) in ("each", "every", "all", "any")
        happens = token.low in ("when", "whenever", "once") and text.low(index + 1) in lexicon.INDEFINITE
        if opens or happens:
            words = object_words(noun_phrase(text, index + 1).words)
            if words and words[-1] not in _NO_ENTITIES:
                return "_".join(words[-2:])
    return ""


def _shared(name: str, steps: Sequence[Step]) -> str:
    words = name.split("_")
    return next((s.thing[-1] for s in steps if s.thing and s.verb and s.thing[-1] in words), "")


def _named(name: str) -> str:
    words = name.split("_")
    while len(words) > 1 and (
        words[-1] in head_nouns() or words[-1].endswith(_NOMINAL) or words[-1] in _ENTITY_HEADS
    ):
        words = words[:-1]
    return "" if not words or set(words) & _NO_ENTITIES else "_".join(object_words(words[-2:]))
