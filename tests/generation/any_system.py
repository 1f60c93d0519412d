"""A hypothesis strategy for valid system documents that use everything the format has, twice over: odd and plain."""

from __future__ import annotations

from typing import Any

from generation.any_fields import Build, Pair, distinct_names, may_be_key, names, put, same
from hypothesis import strategies as st

from nodesmith.naming import pascal

TIMEOUTS = (5, 0.5, "500ms", "2m", "0.001ms", 604800, "1h")
VERSIONS = ("1.0.0", "0.0.1", "12.3.99999")


@st.composite
def systems(draw: Any) -> Pair:
    """Return a system of one to four nodes; an orchestrator among them calls the others."""
    build = Nodes(draw)
    found: list[Pair] = []
    for name in draw(distinct_names(1, 3)):
        found.append(build.pick(build.worker, build.worker, build.reducer)(name, found))
    if draw(st.booleans()):
        name = draw(
            names().filter(lambda name: all(pascal(name) != pascal(node.odd["name"]) for node in found))
        )
        found.append(build.orchestrator(name, found))
    system = Pair({"system": "any_system"}, {"system": "any_system"})
    build.described(system)
    put(system, "nodes", Pair([node.odd for node in found], [node.plain for node in found]))
    return system


class Nodes(Build):
    """Draws whole nodes."""

    def start(self, archetype: str, name: str) -> Pair:
        node = same_start(archetype, name)
        self.maybe(node, "domain", lambda: same("odd_domain"))
        self.maybe(node, "version", lambda: same(self.pick(*VERSIONS)))
        return self.described(node)

    def worker(self, name: str, _others: list[Pair]) -> Pair:
        """Return an effect or a compute node."""
        archetype = self.pick("effect", "compute")
        node = self.start(archetype, name)
        if archetype == "effect":
            self.maybe(node, "adapter", lambda: same(self.pick("postgresql", "sqlite", "redis", "http")))
        self.maybe(node, "event_bus", lambda: same(value=True))
        operations = Pair({}, {})
        for operation in self.draw(distinct_names(1, 3)):
            put(operations, operation, self.operation())
        put(node, "operations", operations)
        return node

    def operation(self) -> Pair:
        found = self.described(Pair({}, {}))
        fields = self.fields()
        put(found, "input", fields)
        put(found, "output", self.fields())
        self.maybe(found, "timeout", lambda: same(self.pick(*TIMEOUTS)))
        keys = [name for name, field in fields.odd.items() if may_be_key(field)]
        if keys:
            self.maybe(found, "key", lambda: same(self.pick(*keys)))
        return found

    def reducer(self, name: str, others: list[Pair]) -> Pair:
        node = self.start("reducer", name)
        put(node, "event_bus", same(value=True))
        fields = self.fields(high=3, filled=True)
        key = self.draw(names().filter(lambda name: pascal(name) not in map(pascal, fields.odd)))
        kind = self.pick("str", "uuid", "int", "datetime")
        put(fields, key, same(kind))
        state = Pair({"key": key}, {"key": key})
        put(state, "fields", fields)
        events = Pair({}, {})
        for event in self.draw(distinct_names(1, 2)):
            if event != "get_state":
                put(events, event, self.event(event, key, kind))
        put(node, "events", events)
        self.maybe(state, "machine", lambda: self.machine(fields, list(events.odd)))
        put(node, "state", state)
        self.maybe(node, "intents", self.intents)
        return node

    def event(self, name: str, key: str, kind: str) -> Pair:
        found = self.described(Pair({}, {}))
        put(found, "fields", self.with_key(self.fields(high=3), key, kind))
        self.maybe(found, "from", lambda: same(f"elsewhere/somebody.did_{name}"))
        return found

    def with_key(self, fields: Pair, key: str, kind: str) -> Pair:
        for part in (fields.odd, fields.plain):
            for name in [name for name in part if pascal(name) == pascal(key)]:
                del part[name]
            part[key] = kind
        return fields

    def intents(self) -> Pair:
        found = Pair({}, {})
        for name in self.draw(distinct_names(1, 2)):
            intent = self.described(Pair({}, {}))
            put(intent, "fields", self.fields(high=2))
            put(found, name, intent)
        return found

    def machine(self, fields: Pair, events: list[str]) -> Pair:
        kind, value = self.enum()
        put(fields, "machine_state", kind)
        machine = same_machine()
        put(machine, "initial", value)
        odd, plain = kind.odd["enum"], kind.plain["enum"]
        transitions = Pair([], [])
        for number, event in enumerate(events):
            for part, states in ((transitions.odd, odd), (transitions.plain, plain)):
                source = states if number else states[0]
                part.append({"on": event, "from": source, "to": states[-1]})
        put(machine, "transitions", transitions)
        return machine

    def orchestrator(self, name: str, others: list[Pair]) -> Pair:
        node = self.start("orchestrator", name)
        given = self.fields()
        operation = self.described(Pair({}, {}))
        put(operation, "input", given)
        steps, outputs = Pair({}, {}), Pair({}, {})
        result = Pair({}, {})
        for step in self.draw(
            distinct_names(1, 4).map(lambda found: [n for n in found if n != "input"] or ["only"])
        ):
            put(steps, step, self.step(given, steps))
            for field in steps.odd[step].get("output", {}):
                if pascal(field) not in map(pascal, outputs.odd):
                    put(
                        outputs,
                        field,
                        Pair(*(part[step]["output"][field] for part in (steps.odd, steps.plain))),
                    )
                    put(result, field, same(f"{step}.{field}"))
        text = self.text()
        if "said" not in outputs.odd:
            put(outputs, "said", same("str"))
            put(result, "said", Pair({"value": text.odd}, {"value": text.plain}))
        put(operation, "output", outputs)
        named = self.draw(names())
        put(node, "operations", Pair({named: operation.odd}, {named: operation.plain}))
        workflow = Pair({}, {})
        put(workflow, "steps", steps)
        put(workflow, "result", result)
        put(node, "workflow", workflow)
        return node

    def step(self, given: Pair, before: Pair) -> Pair:
        """Return a step that calls a node of another system, with references to the input and to earlier steps."""
        found = Pair({"call": "far_away/other.do_it"}, {"call": "far_away/other.do_it"})
        bound = Pair({}, {})
        for field in given.odd:
            if self.draw(st.booleans()):
                put(bound, field, same(f"input.{field}"))
        for step, spec in before.odd.items():
            for field in spec.get("output", {}):
                if self.draw(st.booleans()) and field not in bound.odd:
                    put(bound, field, same(f"{step}.{field}"))
        text = self.text()
        literal = self.pick(
            Pair({"value": text.odd}, {"value": text.plain}), same(1), same(-1.5), same(value=True), same(None),
            Pair([text.odd, None, 1], [text.plain, None, 1]), same([1, 2]), Pair({"value": {text.odd: []}}, {"value": {text.plain: []}}),
        )  # fmt: skip
        if "literal_value" not in bound.odd:
            put(bound, "literal_value", literal)
        put(found, "with", bound)
        self.maybe(found, "output", lambda: self.fields(1, 2))
        self.maybe(found, "timeout", lambda: same(self.pick(*TIMEOUTS)))
        self.maybe(found, "retries", lambda: same(self.pick(0, 1, 100)))
        self.maybe(found, "undo", lambda: same("far_away/other.undo_it"))
        reads = {value.split(".")[0] for value in bound.odd.values() if isinstance(value, str)} - {"input"}
        if not reads and before.odd:
            self.maybe(found, "after", lambda: same([self.pick(*before.odd)]))
        return found


def same_start(archetype: str, name: str) -> Pair:
    return Pair({"node": archetype, "name": name}, {"node": archetype, "name": name})


def same_machine() -> Pair:
    return Pair({"field": "machine_state"}, {"field": "machine_state"})
