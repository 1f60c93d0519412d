"""Models of a contract: one pydantic class a file, with every field as Python source would say it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from nodesmith.contract.types import Import
from nodesmith.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nodesmith.contract.enums import EnumContract
    from nodesmith.contract.types import TypeContract
    from nodesmith.spec.model import FieldSpec


class ModelRole(StrEnum):
    """What a model is for."""

    INPUT = "input"
    OUTPUT = "output"
    STATE = "state"
    EVENT = "event"
    INTENT = "intent"
    STEP_INPUT = "step input"
    STEP_OUTPUT = "step output"
    RECORD = "record"


# A type checker does not look into a default's factory for its type: what it would guess wrong is said to be Any.
UNTYPED_FACTORY = "lambda: cast(Any, {})"
UNTYPED_IMPORTS = frozenset({Import(module="typing", name="Any"), Import(module="typing", name="cast")})


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelField:
    """One field; `default`, `factory` and the constraints' values are Python expressions, empty where there is none.

    A field that is not required has either a `default` or, where every object needs its own, a `factory`. `spec` has
    the same values as plain data.
    """

    spec: FieldSpec
    name: str
    type: TypeContract
    required: bool = True
    default: str = ""
    factory: str = ""
    description: str = ""
    constraints: tuple[tuple[str, str], ...] = ()

    @property
    def annotation(self) -> str:
        """Return the type as the class body writes it."""
        return self.type.annotation

    @property
    def imports(self) -> frozenset[Import]:
        """Return what the declaration needs beside pydantic's `Field`."""
        is_untyped = self.factory.startswith(UNTYPED_FACTORY.partition("{")[0])
        return self.type.imports | (UNTYPED_IMPORTS if is_untyped else frozenset())

    @property
    def needs_field_call(self) -> bool:
        """Return whether the declaration calls pydantic's `Field`."""
        return bool(self.factory or self.description or self.constraints)

    @property
    def declaration(self) -> str:
        """Return `name: annotation`, with its default or `Field(...)` where it has one; unformatted."""
        declared = f"{self.name}: {self.annotation}"
        if not self.needs_field_call:
            return declared if self.required else f"{declared} = {self.default}"
        arguments = [
            *([f"default={self.default}"] if self.default else []),
            *([f"default_factory={self.factory}"] if self.factory else []),
            *(f"{name}={code}" for name, code in self.constraints),
            *([f"description={self.description!r}"] if self.description else []),
        ]
        return f"{declared} = Field({', '.join(arguments)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelContract:
    """One generated pydantic model, alone in its module under `models/`."""

    class_name: str
    module: str
    role: ModelRole
    description: str
    fields: tuple[ModelField, ...]

    @property
    def imports(self) -> tuple[Import, ...]:
        """Return what the fields need, sorted; pydantic's `BaseModel`, `ConfigDict` and `Field` are not among it."""
        return tuple(sorted({imported for field in self.fields for imported in field.imports}))

    @property
    def needs_field_call(self) -> bool:
        """Return whether the module has to import pydantic's `Field`."""
        return any(field.needs_field_call for field in self.fields)

    def field(self, name: str) -> ModelField:
        """Return the field of that name; raise KeyError where there is none."""
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(name)


def models_of(model: ModelContract) -> Iterator[ModelContract]:
    """Yield a model and, after it, every model its fields rest on; one may come twice."""
    yield model
    for kind in _types_of(model):
        if kind.model is not None:
            yield from models_of(kind.model)


def enums_of(model: ModelContract) -> Iterator[EnumContract]:
    """Yield every enum a model or one of its nested models uses; one may come twice."""
    for nested in models_of(model):
        for kind in _types_of(nested):
            if kind.enum is not None:
                yield kind.enum


def _types_of(model: ModelContract) -> Iterator[TypeContract]:
    for field in model.fields:
        kind: TypeContract | None = field.type
        while kind is not None:
            yield kind
            kind = kind.inner
