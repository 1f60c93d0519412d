"""Hypothesis strategies for valid spec documents, and for texts that look a little like them."""

from __future__ import annotations

from hypothesis import strategies as st

NAMES = st.sampled_from(
    [
        "order_id",
        "customer",
        "total",
        "email",
        "state_of",
        "note",
        "amount",
        "created",
        "items_left",
        "kind",
        "label",
        "stock",
        "unit_price",
        "rate",
    ]
)
TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn", "Co")), max_size=30)
ENUMS = st.lists(TEXTS.filter(lambda text: len(text) > 0), min_size=1, max_size=4, unique=True)
SCALARS = st.sampled_from(
    ["str", "int", "float", "bool", "decimal", "uuid", "datetime", "date", "bytes", "json"]
)
TYPES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        inner.map("list[{}]".format), inner.map("dict[str, {}]".format), inner.map("{} | null".format)
    ),
    max_leaves=3,
).filter(lambda text: "| null | null" not in text)


RECORDS_OF_SCALARS = st.dictionaries(NAMES, SCALARS, min_size=1, max_size=3)
FIELDS = st.one_of(
    TYPES,
    st.fixed_dictionaries({"type": TYPES}, optional={"description": TEXTS}),
    st.fixed_dictionaries({"enum": ENUMS}, optional={"nullable": st.booleans()}),
    st.fixed_dictionaries({"type": st.just("str"), "default": TEXTS}),
    st.fixed_dictionaries({"type": st.just("list"), "items": st.fixed_dictionaries({"enum": ENUMS})}),
    st.fixed_dictionaries({"fields": RECORDS_OF_SCALARS}),
)
RECORDS = st.dictionaries(NAMES, FIELDS, max_size=4)
OPERATIONS = st.dictionaries(
    st.sampled_from(["store_order", "quote_price", "send_mail"]),
    st.fixed_dictionaries(
        {},
        optional={
            "description": TEXTS,
            "timeout": st.sampled_from([5, 0.5, "500ms", "2m"]),
            "input": RECORDS,
            "output": RECORDS,
        },
    ),
    min_size=1,
    max_size=3,
)
NODES = st.fixed_dictionaries(
    {"node": st.sampled_from(["effect", "compute"]), "name": NAMES, "operations": OPERATIONS},
    optional={
        "domain": NAMES,
        "version": st.sampled_from(["1.0.0", "0.10.3"]),
        "description": TEXTS,
        "event_bus": st.just(True),
    },
)

KEYS = st.sampled_from(
    [
        "node",
        "name",
        "domain",
        "version",
        "description",
        "operations",
        "adapter",
        "event_bus",
        "state",
        "events",
        "intents",
        "workflow",
        "system",
        "nodes",
        "key",
        "fields",
        "machine",
        "field",
        "initial",
        "transitions",
        "from",
        "on",
        "to",
        "steps",
        "result",
        "call",
        "with",
        "after",
        "undo",
        "retries",
        "timeout",
        "output",
        "input",
        "type",
        "enum",
        "items",
        "values",
        "default",
        "ge",
        "max_length",
        "pattern",
        "nullable",
        "a",
        "b",
    ]
)
WORDS = st.one_of(
    KEYS,
    SCALARS,
    st.sampled_from(
        ["effect", "compute", "reducer", "orchestrator", "a.b", "input.a", "list[", "5s", "get_state"]
    ),
    TEXTS,
)
LEAVES = st.one_of(
    WORDS, st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False)
)
JUNK = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS | WORDS, inner, max_size=5)),
    max_leaves=30,
)
