"""What is generated: one node, and systems of any size with every archetype in them."""

from __future__ import annotations

NAME = "customer_writer"


def one_node(description: str = "Writes customer records.") -> str:
    """Return the spec of one effect node."""
    return f"""\
node: effect
name: {NAME}
domain: crm
description: {description}
operations:
  upsert_customer:
    description: Insert or update one customer.
    key: customer_id
    input:
      customer_id: uuid
      email: {{type: str, max_length: 254}}
      tags: {{type: "list[str]", default: []}}
    output:
      created: bool
"""


def system(nodes: int) -> str:
    """Return a system of as many nodes: an effect, a compute node, a reducer and an orchestrator in turn."""
    kinds = (_effect, _compute, _reducer, _orchestrator)
    return "".join(
        ["system: large\nnodes:\n", *(kinds[number % 4](number, number // 4) for number in range(nodes))]
    )


def _effect(number: int, group: int) -> str:
    return f"""\
- node: effect
  name: item_store_{group}
  domain: shop
  description: Stores items, as number {number} of many.
  operations:
    store_item:
      description: Insert or update one item.
      key: item_id
      input: {{item_id: uuid, email: {{type: str, max_length: 254}}, tags: {{type: "list[str]", default: []}}}}
      output: {{created: bool}}
"""


def _compute(number: int, group: int) -> str:
    return f"""\
- node: compute
  name: item_pricer_{group}
  domain: shop
  description: Prices items, as number {number} of many.
  event_bus: true
  operations:
    price_item:
      input: {{amount: decimal, kind: {{enum: [new, used, broken]}}}}
      output: {{total: decimal}}
"""


def _reducer(number: int, group: int) -> str:
    return f"""\
- node: reducer
  name: item_stock_{group}
  domain: shop
  description: Counts items, as number {number} of many.
  state:
    key: item_id
    fields: {{item_id: uuid, quantity: {{type: int, default: 0}}}}
  events:
    item_received: {{fields: {{item_id: uuid, quantity: int}}}}
    item_sold: {{fields: {{item_id: uuid, quantity: int}}}}
  intents:
    reorder_item: {{fields: {{item_id: uuid}}}}
"""


def _orchestrator(number: int, group: int) -> str:
    return f"""\
- node: orchestrator
  name: item_sale_{group}
  domain: shop
  description: Sells items, as number {number} of many.
  operations:
    sell_item:
      input: {{amount: decimal, kind: {{enum: [new, used, broken]}}}}
      output: {{total: decimal}}
  workflow:
    steps:
      price:
        call: item_pricer_{group}.price_item
        with: {{amount: input.amount, kind: input.kind}}
        timeout: 5s
    result: {{total: price.total}}
"""
