"""An understood sentence as a spec document, with everything in it that nobody said listed as assumed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nodesmith.spec.sentence import fields as field_rules
from nodesmith.spec.sentence.identifiers import field_name, operation_name
from nodesmith.spec.sentence.states import guess_state
from nodesmith.spec.sentence.systems import adapter_of, find_systems
from nodesmith.spec.sentence.words import agent_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodesmith.spec.sentence.operations import NamedOperation
    from nodesmith.spec.sentence.steps import Step
    from nodesmith.spec.sentence.structure import Structure

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


@dataclass(slots=True)
class _Draft:
    assumed: list[str] = field(default_factory=list)


def make_document(parts: Parts) -> tuple[dict[str, object], list[str]]:
    """Return the spec document and what was assumed in it."""
    draft = _Draft()
    document: dict[str, object] = {"node": parts.archetype, "name": parts.name}
    if parts.domain:
        document["domain"] = parts.domain
    document["version"] = "1.0.0"
    document["description"] = describe(parts.structure.text.clean)
    if parts.archetype == "reducer":
        document |= _reducer(parts, draft)
    elif parts.archetype == "orchestrator":
        document |= _orchestrator(parts, draft)
    else:
        document |= _plain(parts, draft)
    return document, draft.assumed


def describe(clean: str) -> str:
    """Return the sentence as one line of sane length."""
    line = " ".join(clean.split())
    if len(line) <= MAX_DESCRIPTION:
        return line
    return line[: MAX_DESCRIPTION - 1].rsplit(" ", 1)[0].rstrip() + "…"


def _plain(parts: Parts, draft: _Draft) -> dict[str, object]:
    operations = {operation.name: _operation(parts, operation, draft) for operation in parts.operations}
    made: dict[str, object] = {"operations": operations}
    if parts.archetype == "effect":
        systems = find_systems(parts.structure)
        adapter = adapter_of(systems)
        if adapter:
            made["adapter"] = adapter
    return made


def _operation(parts: Parts, operation: NamedOperation, draft: _Draft) -> dict[str, object]:
    single = len(parts.operations) == 1
    taken = field_rules.inputs(parts.structure) if single else []
    given = field_rules.outputs(parts.structure) if single else []
    inputs: dict[str, object] = {field.name: field.type for field in taken}
    outputs: dict[str, object] = {field.name: field.type for field in given}
    if not inputs:
        inputs = _assumed_input(parts, operation)
        draft.assumed.append(f"input of {operation.name}: {_shown(inputs)}")
    else:
        draft.assumed.append(f"types of the input of {operation.name}: {_shown(inputs)}")
    if not outputs:
        outputs = _assumed_output(parts, operation)
        draft.assumed.append(f"output of {operation.name}: {_shown(outputs)}")
    else:
        draft.assumed.append(f"types of the output of {operation.name}: {_shown(outputs)}")
    made: dict[str, object] = {"input": inputs, "output": outputs}
    if parts.archetype == "effect" and (key := next((n for n in inputs if n.endswith("_id")), "")):
        made = {"key": key, **made}
    return made


def _shown(fields: dict[str, object]) -> str:
    return ", ".join(f"{name}: {kind}" for name, kind in fields.items())


_MANY = frozenset(["list", "search", "find", "query", "export"])
_READS = frozenset(
    ["read", "get", "fetch", "query", "load", "download", "look_up", "lookup", "retrieve", "find"]
)
_ASKS = frozenset(["call", "ask", "request", "talk", "access", "contact", "hit", "connect", "integrate"])
_SENDS = frozenset(
    ["send", "mail", "email", "notify", "text", "message", "deliver", "send_out", "inform", "alert"]
)
_EMITS = frozenset(
    ["publish", "post", "push", "emit", "broadcast", "announce", "forward", "relay", "stream", "transmit"]
)
_WRITES = frozenset(
    ["write", "create", "insert", "update", "upsert", "store", "save", "persist", "put", "append", "record"]
)
_CHECKS = frozenset(["validate", "check", "verify", "detect", "match", "compare"])
_CALCULATES = frozenset(
    ["calculate", "compute", "estimate", "add", "sum", "multiply", "work_out", "price", "determine"]
)
_DONE = {
    "write": "written", "create": "created", "insert": "inserted", "update": "updated", "delete": "deleted",
    "send": "sent", "store": "stored", "save": "saved", "publish": "published", "upload": "uploaded",
    "post": "posted", "charge": "charged", "archive": "archived", "mail": "sent", "email": "sent", "notify": "notified",
    "persist": "stored", "remove": "removed", "reserve": "reserved", "upsert": "stored", "put": "written",
}  # fmt: skip


def _noun(parts: Parts, operation: NamedOperation) -> str:
    words = operation.entity or parts.entity or tuple(parts.name.split("_")[:1])
    return field_name("_".join(words[-2:]), fallback="item")


def _assumed_input(parts: Parts, operation: NamedOperation) -> dict[str, object]:
    noun = _noun(parts, operation)
    if parts.archetype == "compute":
        return {noun: "json"}
    if operation.verb in _ASKS:
        return {"query": "str"}
    if operation.verb in _SENDS:
        return {"recipient": "str", noun: "json"}
    if operation.verb in _EMITS:
        return {noun: "json"}
    identifier = field_name(f"{noun}_id", fallback="item_id")
    if operation.verb in _MANY:
        return {"limit": {"type": "int", "default": 100}}
    if operation.verb in _WRITES:
        return {identifier: "str", noun: "json"}
    return {identifier: "str"}


def _assumed_output(parts: Parts, operation: NamedOperation) -> dict[str, object]:
    noun = _noun(parts, operation)
    if parts.archetype == "compute":
        if operation.verb in _CHECKS:
            return {"valid": "bool", "reasons": {"type": "list[str]", "default": []}}
        kind = field_rules.type_of(noun)
        numeric = operation.verb in _CALCULATES
        return {"result": kind if kind in ("decimal", "int", "float") else ("decimal" if numeric else "json")}
    if operation.verb in _MANY:
        return {field_name(f"{noun}_list", fallback="items"): "json"}
    if operation.verb in _ASKS:
        return {"response": "json"}
    if operation.verb in _READS:
        return {noun: "json"}
    return {_DONE.get(operation.verb, "done"): "bool"}


def _reducer(parts: Parts, draft: _Draft) -> dict[str, object]:
    guess = guess_state(parts.structure, name=parts.name)
    draft.assumed.append(
        f"state: {', '.join(guess.fields)}" + ("" if guess.key_said else f", kept per {guess.key}")
    )
    source = "fields of the events" if guess.events_said else "events"
    draft.assumed.append(f"{source}: " + "; ".join(f"{n}({_shown(f)})" for n, f in guess.events.items()))
    state = {"key": guess.key, "fields": {guess.key: "str", **guess.fields}}
    return {"state": state, "events": {name: {"fields": fields} for name, fields in guess.events.items()}}


def _orchestrator(parts: Parts, draft: _Draft) -> dict[str, object]:
    key = field_name("_".join((*parts.entity[-2:], "id")) if parts.entity else "", fallback="request_id")
    steps: dict[str, object] = {}
    previous = ""
    for step in parts.steps:
        name, call = _call(step, parts.name)
        name = _free(name, steps)
        steps[name] = {"call": call, "with": {key: f"input.{key}"}} | (
            {"after": [previous]} if previous else {}
        )
        previous = name
    calls = ", ".join(f"{step['call']}" for step in steps.values() if isinstance(step, dict))
    draft.assumed += [f"the steps call {calls}", f"input and output of the workflow: {key}: str"]
    operation = parts.operations[0].name
    return {
        "operations": {operation: {"key": key, "input": {key: "str"}, "output": {key: "str"}}},
        "workflow": {"steps": steps, "result": {key: f"input.{key}"}},
    }


def _free(name: str, taken: dict[str, object]) -> str:
    number = 2
    free = name
    while free in taken or free == "input":
        free, number = f"{name}_{number}", number + 1
    return free


def _call(step: Step, own_name: str) -> tuple[str, str]:
    thing = "_".join(step.thing)
    if step.node:
        node = operation_name(step.node, fallback="worker")
        return node, f"{node}.run"
    if not step.verb:
        node = operation_name(thing, fallback="step")
        return node, f"{_other(node, own_name)}.run_{node}"
    agent = agent_of(step.verb)
    name = operation_name("_".join(filter(None, (step.verb, thing))), fallback="step")
    node = operation_name("_".join(filter(None, (thing, agent))), fallback="worker")
    return name, f"{_other(node, own_name)}.{name}"


def _other(node: str, own_name: str) -> str:
    return node if node != own_name else f"{node}_worker"
