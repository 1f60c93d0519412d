"""Every way to write a name, at every place, for every archetype, with distractors around it."""

from __future__ import annotations

import itertools

import pytest

from nodesmith.spec.sentence import understand

WRITTEN = {
    "order_ledger": [
        "OrderLedger", "order_ledger", "order-ledger", "order ledger", "Order Ledger", "'OrderLedger'",
        "`order_ledger`", '"Order Ledger"', "ORDER_LEDGER", "NodeOrderLedger", "**OrderLedger**", "“OrderLedger”",
    ],
    "quill": ["quill", "Quill", "`quill`"],
    "http_bridge": ["HTTPBridge", "http_bridge", "HTTP bridge"],
    "s3_writer": ["S3Writer", "s3_writer"],
}  # fmt: skip
PURPOSES = {
    "effect": [
        "writes orders to PostgreSQL",
        "reads rows from a table called customers",
        "publishes OrderPlaced events",
    ],
    "compute": ["calculates the total of a basket", "validates IBANs without any I/O"],
    "reducer": ["counts orders per customer", "keeps the balance of each account from deposit events"],
    "orchestrator": ["first reserves stock, then takes the payment and finally sends the parcel"],
}
FORMS = [
    "Create {a} node called {n} that {p}", "{n}: {k} node that {p}", "I need {a} ({n}) that {p}",
    "Name: {n}\nType: {k}\nDescription: {p}", "Build {a} node that {p}. Call it {n}.", "Build {a} node that {p}, named {n}",
    "Please make {a} node which {p}; name it {n}", "{n} is {a} node that {p}", "{n} ({k}) {p}", "{n}, {a} node, {p}",
    "{k} node {n} that {p}", "{n} - {k} - {p}", "# {n}\n\n{k} node. It {p}.", "- name: {n}\n- type: {k}\n- it {p}",
    "As a developer I want {a} node named {n} that {p} so that my work is easier", "A node called {n} that {p}",
    "Could you please generate {n}, {a} node that {p}?", "{n} {p}", "Make {n}. It {p}.", " {n}\n{k}\n{p}",
    "{a} called {n} that {p} and is called by the checkout {o}", "Not a {o}: {a} called {n} that {p}",
    "{a} that {p}; its results feed the totals {o}. The name is {n}.", "Create {k} node for the shop that {p} named {n}",
]  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_a_name_is_found_however_it_is_written(form: str) -> None:
    missed = []
    for kind, (name, forms) in itertools.product(PURPOSES, WRITTEN.items()):
        for purpose, written in itertools.product(PURPOSES[kind], forms):
            a = f"{'an' if kind[0] in 'eo' else 'a'} {kind}"
            other = "effect" if kind == "reducer" else "reducer"
            sentence = form.format(n=written, a=a, k=kind.upper(), p=purpose, o=other)
            understood = understand(sentence)
            if (understood.archetype, understood.name) != (kind, name):
                missed.append((sentence, understood.archetype, understood.name))

    assert missed == []


@pytest.mark.parametrize(
    "form",
    [
        "In the {d} domain, create an effect node called x_feed that reads rows",
        "Create an effect node called x_feed in the {d} domain that reads rows",
        "Create an effect node called x_feed for the {d} domain",
        "Name: x_feed\nType: effect\nDomain: {d}",
        "effect x_feed, domain={d}, reads rows",
        "effect x_feed (domain: {d}) reads rows",
        "The domain is {d} and the node x_feed, an effect, reads rows",
    ],
)
@pytest.mark.parametrize(("written", "domain"), [("billing", "billing"), ("stock-trading", "stock_trading")])
def test_a_domain_is_found_wherever_it_stands(form: str, written: str, domain: str) -> None:
    understood = understand(form.format(d=written))

    assert (understood.name, understood.domain) == ("x_feed", domain)
