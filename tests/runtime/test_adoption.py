"""What becomes of a hand-written class's methods: operations, no operations, or an error that says how to mend it."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import pytest
from pydantic import BaseModel

from nodesmith.errors import InputError
from nodesmith.generation.event_bus_integration import event_bus_blocks
from nodesmith.generation.rendering import packaged_templates
from nodesmith.runtime import definition_of
from nodesmith.runtime.adoption import OWN_ATTRIBUTES, OWN_METHODS

if TYPE_CHECKING:
    from collections.abc import Callable

    from elsewhere import Unseen  # type: ignore[import-not-found]  # it is there for type checkers alone


class Asked(BaseModel):
    name: str


class Said(BaseModel):
    text: str


def names(node: object) -> list[str]:
    found = definition_of(node, name="greeter", domain="crm", archetype="effect")
    return [operation.name for operation in found.operations]


def refused(node: object) -> InputError:
    with pytest.raises(InputError) as caught:
        names(node)
    assert caught.value.fix
    return caught.value


class Greeter:
    """Greets people.

    All day long.
    """

    async def greet(self, request: Asked) -> Said:
        """Greet one person.

        Kindly.
        """
        return Said(text=f"Hello, {request.name}!")


async def test_a_node_says_what_its_class_says() -> None:
    definition = definition_of(
        Greeter(), name="greeter", domain="crm", archetype="compute", version=(2, 1, 0)
    )

    identity, operation = definition.identity, definition.operations[0]
    assert (identity.name, identity.domain, identity.archetype) == ("greeter", "crm", "compute")
    assert (identity.version, identity.description) == ((2, 1, 0), "Greets people.")
    assert (operation.name, operation.description) == ("greet", "Greet one person.")
    assert definition.capabilities == ("crm.greet",)
    assert await definition.run("greet", {"name": "Ada"}) == Said(text="Hello, Ada!")


def test_a_dataclass_that_says_nothing_of_itself_has_no_description() -> None:
    @dataclass
    class Node(Greeter):
        mark: str = "!"

    assert definition_of(Node(), name="x", archetype="effect").identity.description == ""


def logged(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def wrapper(*args: object) -> object:
        return method(*args)

    return wrapper


async def test_decorated_static_and_class_methods_are_operations_as_others_are() -> None:
    class Node(Greeter):
        @logged
        def wrapped(self, request: Asked) -> Said:
            return Said(text=request.name)

        @staticmethod
        def static(request: Asked) -> Said:
            return Said(text=request.name)

        @classmethod
        def of_class(cls, request: Asked) -> Said:
            return Said(text=cls.__name__)

        @functools.cache  # noqa: B019 - as somebody may have written it
        def cached(self, request: Asked) -> Said:
            return Said(text=request.name)

    definition = definition_of(Node(), name="x", archetype="compute")

    assert [item.name for item in definition.operations] == [
        "greet",
        "wrapped",
        "static",
        "of_class",
        "cached",
    ]
    assert await definition.run("of_class", {"name": "x"}) == Said(text="Node")


def test_what_takes_or_returns_anything_but_one_model_is_no_operation() -> None:  # noqa: C901 - each method is a case
    class Node(Greeter):
        LIMIT = 3

        class Inner:
            """A class is no method."""

        @property
        def trouble(self) -> Said:
            raise RuntimeError("a property is not read")

        def _hidden(self, request: Asked) -> Said: ...  # type: ignore[empty-body]
        def nothing(self) -> Said: ...  # type: ignore[empty-body]
        def two(self, request: Asked, other: Asked) -> Said: ...  # type: ignore[empty-body]
        def more(self, request: Asked, *, loud: bool = False) -> Said: ...  # type: ignore[empty-body]
        def text(self, request: str) -> Said: ...  # type: ignore[empty-body]
        def returns_text(self, request: Asked) -> str: ...  # type: ignore[empty-body]
        def any_model(self, request: BaseModel) -> BaseModel: ...  # type: ignore[empty-body]
        def untyped(self, request): ...  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        def seen_alone(self, request: Unseen) -> None: ...

    assert names(Node()) == ["greet"]


def test_a_hint_that_cannot_be_resolved_is_an_error_with_its_name() -> None:
    class Node(Greeter):
        def later(self, request: Unseen) -> Said: ...  # type: ignore[empty-body]

    error = refused(Node())

    assert "Node.later" in error.message
    assert "'Unseen'" in error.message
    assert "import Unseen" in error.fix


def test_models_inside_the_class_are_found() -> None:
    class Node:
        class Request(BaseModel):
            number: int

        def twice(self, request: Request) -> Said:
            return Said(text=str(request.number * 2))

    assert names(Node()) == ["twice"]


def test_a_node_without_an_operation_is_told_how_one_looks() -> None:
    class Node:
        pass

    assert "def greet(self, request: ModelIn) -> ModelOut" in refused(Node()).fix


def test_names_become_snake_case_and_must_not_meet() -> None:
    class Node:
        def greetThem(self, request: Asked) -> Said: ...  # type: ignore[empty-body]  # noqa: N802

    class Both(Node):
        def greet_them(self, request: Asked) -> Said: ...  # type: ignore[empty-body]

    assert names(Node()) == ["greet_them"]
    assert "greet_them" in refused(Both()).message


def test_what_opens_and_closes_is_opened_and_closed_with_the_node() -> None:
    class Node(Greeter):
        async def __aenter__(self) -> Self:
            return self

        async def __aexit__(self, *error: object) -> None: ...

    node = Node()

    assert definition_of(node, name="x", archetype="effect").resources is node
    assert definition_of(Greeter(), name="x", archetype="effect").resources is None


@pytest.mark.parametrize("name", OWN_METHODS + OWN_ATTRIBUTES)
def test_a_base_class_that_uses_a_name_of_ours_is_refused(name: str) -> None:
    base = type("Base", (Greeter,), {name: 1})

    error = refused(type("Node", (base,), {})())

    assert name in error.message
    assert "Base" in error.message


def test_a_class_derived_from_an_integrated_one_is_a_node_as_well() -> None:
    base = type("Node", (Greeter,), dict.fromkeys(OWN_METHODS))

    assert names(type("Derived", (base,), {"shutdown": None})()) == ["greet"]
    assert "Node" in refused(type("Integrated", (base,), dict.fromkeys(OWN_METHODS))()).message


def test_what_a_base_class_has_set_under_a_name_of_ours_is_refused() -> None:
    class Base(Greeter):
        def __init__(self) -> None:
            self._service = "of its own"

    class Node(Base):
        pass

    assert "_service" in refused(Node()).message


def test_the_names_of_ours_are_those_of_the_templates() -> None:
    values = {"name": "x", "domain": "", "archetype": "effect", "version": (1, 0, 0)}
    blocks = event_bus_blocks(packaged_templates(), service_name="x", adoption=values)

    assert tuple(blocks.method_definitions) == OWN_METHODS
    assert tuple(blocks.init_statements) == OWN_ATTRIBUTES
