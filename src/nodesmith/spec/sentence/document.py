"""An understood sentence as a spec document, with everything in it that nobody said listed as assumed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.records import dataclass
from nodesmith.spec.sentence import fields as field_rules
from nodesmith.spec.sentence.bus import on_the_bus
from nodesmith.spec.sentence.defaults import guess_fields
from nodesmith.spec.sentence.identifiers import field_name
from nodesmith.spec.sentence.states import guess_state
from nodesmith.spec.sentence.systems import adapter_of, describe_systems, find_systems
from nodesmith.spec.sentence.workflows import make_workflow

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nodesmith.spec.sentence.step_reading import Step
    from nodesmith.spec.sentence.structure import Structure
    from nodesmith.spec.sentence.things import NamedOperation

MAX_DESCRIPTION = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What was understood, before it becomes a document."""

    structure: Structure
    archetype: str
    name: str
    domain: str
    operations: Sequence[NamedOperation]
    steps: Sequence[Step]
    entity: tuple[str, ...]


def make_document(parts: Parts) -> tuple[dict[str, object], list[str]]:
    """Return the spec document and what was assumed in it."""
    assumed: list[str] = []
    document: dict[str, object] = {"node": parts.archetype, "name": parts.name}
    if parts.domain:
        document["domain"] = parts.domain
    document["version"] = "1.0.0"
    document["description"] = describe(parts.structure.text.clean)
    if parts.archetype in ("compute", "reducer") and on_the_bus(parts.structure, name=parts.name):
        document["event_bus"] = True  # the other two are always on it
    if parts.archetype == "reducer":
        document |= _reducer(parts, assumed)
    elif parts.archetype == "orchestrator":
        document |= make_workflow(parts.structure, name=parts.name, steps=parts.steps, assumed=assumed)
    else:
        document |= _plain(parts, assumed)
    return document, assumed


def describe(clean: str) -> str:
    """Return the sentence as one line of sane length."""
    line = " ".join(clean.split())
    if len(line) <= MAX_DESCRIPTION:
        return line
    return line[: MAX_DESCRIPTION - 1].rsplit(" ", 1)[0].rstrip() + "…"


def shown(fields: Mapping[str, object]) -> str:
    """Return fields as one line tells them: `email: str, limit: int`."""
    return ", ".join(f"{name}: {_shown_type(kind)}" for name, kind in fields.items())


def _shown_type(kind: object) -> str:
    if isinstance(kind, dict):
        return str(kind["type"]) if "type" in kind else "one of " + ", ".join(kind["enum"])
    return str(kind)


def _plain(parts: Parts, assumed: list[str]) -> dict[str, object]:
    operations = {operation.name: _operation(parts, operation, assumed) for operation in parts.operations}
    made: dict[str, object] = {"operations": operations}
    if parts.archetype == "effect":
        systems = find_systems(parts.structure)
        if adapter := adapter_of(systems):
            made["adapter"] = adapter
        assumed += describe_systems(parts.structure, systems)
    return made


def _operation(parts: Parts, operation: NamedOperation, assumed: list[str]) -> dict[str, object]:
    noun = _noun(parts, operation)
    guess = guess_fields(operation, archetype=parts.archetype, noun=noun)
    taken, given = _said_fields(parts, operation)
    inputs = {field.name: field.type for field in taken} or guess.inputs
    outputs = {field.name: field.type for field in given} or guess.outputs
    results = {field.name for field in given}
    inputs = {name: kind for name, kind in inputs.items() if name not in results} or inputs
    for what, said, fields in (("input", taken, inputs), ("output", given, outputs)):
        if not said:
            assumed.append(f"{what} of {operation.name}: {shown(fields)}")
        elif not all(field.typed for field in said):
            assumed.append(f"types of the {what} of {operation.name}: {shown(fields)}")
    made: dict[str, object] = {"input": inputs, "output": outputs}
    if parts.archetype == "effect" and (key := next((n for n in inputs if n.endswith("_id")), "")):
        made = {"key": key, **made}
    return made


def _said_fields(
    parts: Parts, operation: NamedOperation
) -> tuple[list[field_rules.Field], list[field_rules.Field]]:
    """Return the fields that the sentence names for an operation; they are its own where it is the only one."""
    structure = parts.structure
    single = len(parts.operations) == 1
    taken = field_rules.inputs(structure) if single else []
    given = field_rules.outputs(structure) if single else []
    action = next((a for a in structure.doings if a.at == operation.at), None)
    if action is not None and not taken:
        key = field_rules.lookup_key(structure, action) if parts.archetype == "effect" else None
        taken = (
            [key] if key else field_rules.sources(structure, action) if parts.archetype == "compute" else []
        )
    return taken, given


def _noun(parts: Parts, operation: NamedOperation) -> str:
    words = operation.entity or parts.entity or tuple(parts.name.split("_")[:1])
    return field_name("_".join(words[-2:]), fallback="item")


def _reducer(parts: Parts, assumed: list[str]) -> dict[str, object]:
    guess = guess_state(parts.structure, name=parts.name)
    assumed.append(f"state: kept per {guess.key}, with {shown(guess.fields)}")
    source = "fields of the events" if guess.events_said else "events"
    assumed.append(f"{source}: " + "; ".join(f"{n}({shown(f)})" for n, f in guess.events.items()))
    state = {"key": guess.key, "fields": {guess.key: "str", **guess.fields}}
    made: dict[str, object] = {
        "state": state,
        "events": {name: {"fields": fields} for name, fields in guess.events.items()},
    }
    if guess.intents:
        assumed.append(
            "fields of the intents: " + "; ".join(f"{n}({shown(f)})" for n, f in guess.intents.items())
        )
        made["intents"] = {name: {"fields": fields} for name, fields in guess.intents.items()}
    return made
