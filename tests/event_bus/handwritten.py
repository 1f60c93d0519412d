"""Nodes as people write them, in folders as they lay them out; none knows anything of an event bus."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

MODELS = """\
from pydantic import BaseModel


class Order(BaseModel):
    number: int
    lines: list[int] = []


class Receipt(BaseModel):
    text: str
"""


class HandWritten(NamedTuple):
    """A node's files, by their path; `call` is a command for it: operation, payload, answer."""

    module: str
    files: dict[str, str]
    call: tuple[str, dict[str, object], dict[str, object]]
    options: tuple[str, ...] = ()
    name: str = ""
    domain: str = ""

    def write(self, target: Path) -> Path:
        """Write the files and return the path of the node's module."""
        for path, text in self.files.items():
            place = target / path
            place.parent.mkdir(parents=True, exist_ok=True)
            encoding = "latin-1" if "latin-1" in text[:40] else "utf-8"
            place.write_bytes(text.encode(encoding))
        return target / self.module


# A dataclass in a plain folder, with tabs; what lies beside it is imported absolutely.
PRINTER = HandWritten(
    name="printer",
    module="printing/node.py",
    files={
        "printing/orders.py": MODELS,
        "printing/node.py": '''\
# -*- coding: latin-1 -*-
"""Prints receipts, à la carte."""
from __future__ import annotations
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from orders import Order, \\
	Receipt

if TYPE_CHECKING:
	from uuid import UUID


@dataclass
class NodePrinterEffect:
	"""Prints receipts, à la carte."""

	head: str = "Reçu"
	printed: list[int] = field(default_factory=list)

	async def print_receipt(self, order: Order) -> Receipt:
		"""Print one receipt."""
		self.printed.append(order.number)
		return Receipt(text=f"{self.head} {order.number}")

	def last(self) -> int | None:
		return self.printed[-1] if self.printed else None
''',
    },
    call=("print_receipt", {"number": 7}, {"text": "Reçu 7"}),
)

# A plain class without `__init__`, with CRLF and a mark at its start, in a package, with relative imports. Beside it lies
# what would be taken for a library, if its folder were searched for modules.
ADDER = HandWritten(
    name="adder",
    domain="shop",
    module="shop/node_shop_adder_compute/node.py",
    files={
        "shop/__init__.py": "",
        "shop/models.py": MODELS,
        "shop/node_shop_adder_compute/__init__.py": "",
        "shop/node_shop_adder_compute/email.py": "raise RuntimeError('this is no library')\n",
        "shop/node_shop_adder_compute/node.py": "\ufeff"
        + '''\
from ..models import (
    Order,  # what is bought
    Receipt)
class Helper: total = 0
class NodeAdderCompute:
    """Adds up."""
    class Inner:
        def shutdown(self): return 1
    @staticmethod
    def add_up(order: Order) -> Receipt: return Receipt(text=str(sum(order.lines)))
'''.replace("\n", "\r\n"),
    },
    call=("add_up", {"number": 1, "lines": [1, 2, 3]}, {"text": "6"}),
)

# Its own `__init__` ends in a nested block; a base class in the same module; it opens and closes something.
STORE = HandWritten(
    name="store",
    domain="shop",
    module="store/keeper.py",
    files={
        "store/keeper.py": """\
#!/usr/bin/env python3
import logging, os

try:
    import asyncio
except ImportError:
    asyncio = None

"""
        + MODELS
        + '''

class Base:
    def describe(self, order: Order) -> Receipt:
        """Say what an order is."""
        return Receipt(text=f"{order.number} of {self.kind}")


class Keeper(Base):
    def __init__(self, kind="orders"):
        self.kind = kind
        self.open = False
        if os.environ.get("KIND"):
            with open(os.environ["KIND"]) as file:
                for line in file:
                    self.kind = line
        # that is all

    async def __aenter__(self):
        self.open = True
        return self

    async def __aexit__(self, *error):
        self.open = False
        logging.getLogger("keeper").warning("closed")

    async def keep(self, order: Order) -> Receipt:
        assert self.open
        return Receipt(text=f"kept {order.number}")


if __name__ == "__main__":
    print(Keeper().kind)
''',
    },
    call=("keep", {"number": 3}, {"text": "kept 3"}),
    options=("--class", "Keeper", "--name", "store", "--archetype", "effect", "--domain", "shop"),
)

# Calls two of its own helpers one after the other: a flow, written by hand, in a folder that is a package without knowing.
FLOW = HandWritten(
    name="checkout",
    module="flows/node.py",
    files={
        "flows/parts.py": MODELS,
        "flows/node.py": """\
from .parts import Order, Receipt


def registered(cls):
    cls.is_registered = True
    return cls


@registered
class NodeCheckoutOrchestrator:
    def __init__(self): self.steps = ["price", "pay"]; self.done = 0

    async def check_out(self, order: Order) -> Receipt:
        texts = [await getattr(self, "_" + step)(order) for step in self.steps]
        return Receipt(text=", ".join(texts))

    async def _price(self, order): return f"priced {order.number}"

    async def _pay(self, order): return f"paid {order.number}"
""",
    },
    call=("check_out", {"number": 5}, {"text": "priced 5, paid 5"}),
)

NODES = {"dataclass": PRINTER, "package": ADDER, "resources": STORE, "orchestrator": FLOW}
