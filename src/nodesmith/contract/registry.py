"""Class names for everything a node's code defines, each given once; what cannot have one is a finding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.contract.enums import EnumContract, enum_members
from nodesmith.contract.models import UNTYPED_FACTORY, ModelContract, ModelField, ModelRole
from nodesmith.contract.types import TypeContract, resolve_type
from nodesmith.contract.values import decimal_value, is_mutable, python_code, python_repr
from nodesmith.errors import Finding
from nodesmith.naming import pascal
from nodesmith.spec.model import (
    DictType,
    EnumType,
    FieldSpec,
    ListType,
    NullableType,
    RecordType,
    ScalarName,
    ScalarType,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

# With its folder, a longer module name does not fit every file system.
MAX_MODULE_LENGTH = 150


class ClassRegistry:
    """Gives classes their names and collects what is wrong; one for each contract that is built.

    A nested record or an enum is named after its field (`ModelAddress`, `EnumStatus`). An equal one under the same
    field name is the same class; a different one is named after its owner, too (`ModelPlaceOrderInputAddress`).
    """

    def __init__(self, subjects: Iterable[str]) -> None:
        """Keep the names of the models free that `model` will be asked for: `upsert_customer_input`."""
        self.findings: list[Finding] = []
        # class name -> what it stands for: two things of one class name are told apart by it.
        self._taken: dict[str, str] = {}
        self._records: dict[str, ModelContract] = {}
        self._enums: dict[str, EnumContract] = {}
        for subject in subjects:
            self._take(f"Model{pascal(subject)}", subject)

    def model(
        self, subject: str, fields: Iterable[FieldSpec], *, role: ModelRole, description: str, path: str
    ) -> ModelContract:
        """Return the model of `fields`, named after `subject`: `upsert_customer_input`."""
        fields = tuple(fields)
        names = frozenset(field.name for field in fields)
        module = f"model_{subject}"
        self._check_module(module, path)
        return ModelContract(
            class_name=f"Model{pascal(subject)}",
            module=module,
            role=role,
            description=description,
            fields=tuple(
                self._field(field, owner=subject, names=names, path=f"{path}.{field.name}")
                for field in fields
            ),
        )

    def find(self, rule: str, message: str, path: str, fix: str = "choose another name") -> None:
        """Note one thing that is wrong."""
        self.findings.append(Finding(rule=rule, message=message, path=path, fix=fix))

    def _take(self, class_name: str, thing: str) -> None:
        # Also for one and the same: the operation `a_step` and the step `a` each have an `a_step_input`.
        if class_name in self._taken:
            message = f"'{self._taken[class_name]}' and '{thing}' would both be the class {class_name}"
            self.find("class-name-collision", message, thing)
        self._taken.setdefault(class_name, thing)

    def _field(self, spec: FieldSpec, *, owner: str, names: frozenset[str], path: str) -> ModelField:
        kind = resolve_type(
            spec.type,
            field_names=names,
            record=lambda record, element: self._record(record, _subject(spec, element=element), owner, path),
            enum=lambda enum, element: self._enum(enum, _subject(spec, element=element), owner, path),
        )
        default = "" if spec.required else python_code(spec.default, kind)
        mutable = is_mutable(default)
        return ModelField(
            spec=spec,
            name=spec.name,
            type=kind,
            required=spec.required,
            default="" if mutable else default,
            factory=_factory(default, kind) if mutable else "",
            description=spec.description,
            constraints=_constraints(spec, kind),
        )

    def _record(self, record: RecordType, subject: str, owner: str, path: str) -> ModelContract:
        subject = self._free_subject("Model", subject, owner, repr(record), path)
        class_name = f"Model{pascal(subject)}"
        if class_name not in self._records:
            self._records[class_name] = self.model(
                subject,
                record.fields,
                role=ModelRole.RECORD,
                description=f"One `{subject}` record.",
                path=path,
            )
        return self._records[class_name]

    def _enum(self, enum: EnumType, subject: str, owner: str, path: str) -> EnumContract:
        subject = self._free_subject("Enum", subject, owner, repr(enum), path)
        class_name = f"Enum{pascal(subject)}"
        if class_name not in self._enums:
            self._check_module(f"enum_{subject}", path)
            self._enums[class_name] = EnumContract(
                class_name=class_name,
                module=f"enum_{subject}",
                description=f"What `{subject}` may be.",
                members=enum_members(enum.values),
            )
        return self._enums[class_name]

    def _free_subject(self, prefix: str, subject: str, owner: str, thing: str, path: str) -> str:
        """Return the short or else the owner's name for a nested `thing`, which takes it."""
        for candidate in (subject, f"{owner}_{subject}"):
            marked = f"{candidate}: {thing}"
            if self._taken.setdefault(f"{prefix}{pascal(candidate)}", marked) == marked:
                return candidate
        names = f"{prefix}{pascal(subject)} and {prefix}{pascal(owner)}{pascal(subject)}"
        self.find("class-name-collision", f"{names} are both taken by something else", path)
        return f"{owner}_{subject}"

    def _check_module(self, module: str, path: str) -> None:
        if len(module) > MAX_MODULE_LENGTH:
            self.find(
                "name-too-long",
                f"the module {module[:40]}... would have a name of {len(module)} characters",
                path,
            )


def element_name(field: str) -> str:
    """Return what one element of a list or dict field is called: `line` for `lines`, `stock_item` for `stock`."""
    if field.endswith("ies") and len(field) > len("ties"):
        return f"{field[:-3]}y"
    if field.endswith(("sses", "xes", "ches", "shes")):
        return field[:-2]
    if field.endswith("s") and not field.endswith(("ss", "us", "is")) and len(field) > len("as"):
        return field[:-1]
    return f"{field}_item"


def _subject(spec: FieldSpec, *, element: bool) -> str:
    return element_name(spec.name) if element else spec.name


def _factory(default: str, kind: TypeContract) -> str:
    if default in ("[]", "{}"):
        return "list" if default == "[]" else "dict"
    return f"lambda: {default}" if _is_plain(kind) else UNTYPED_FACTORY.format(default)


def _is_plain(kind: TypeContract) -> bool:
    """Return whether a type checker guesses the type of a default from its values alone: `list[str]`, a record."""
    if kind.model is not None:
        return True
    inner = kind.inner
    return isinstance(kind.spec, ListType | DictType) and inner is not None and not _is_open(inner)


def _is_open(kind: TypeContract) -> bool:
    return kind.inner is not None or kind.spec == ScalarType(ScalarName.JSON)


def _without_null(kind: TypeContract) -> TypeContract:
    while isinstance(kind.spec, NullableType) and kind.inner is not None:
        kind = kind.inner
    return kind


def _constraints(spec: FieldSpec, kind: TypeContract) -> tuple[tuple[str, str], ...]:
    is_decimal = _without_null(kind).spec == ScalarType(ScalarName.DECIMAL)
    return tuple(
        (name, repr(decimal_value(value)) if is_decimal else python_repr(value))
        for name, value in spec.constraints.items()
    )
