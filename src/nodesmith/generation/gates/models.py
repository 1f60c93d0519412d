"""Builds models from memory, under names of their own.

Little is imported here: it also runs in a process that is started for nothing else (`model_process`).
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import ModuleType

ROOT = "_nodesmith_models_under_check"

ModelSources = tuple[dict[str, str], list[tuple[str, str]]]
"""A node's modules of models and enums, by their names here, and the classes to build, each after its module's name."""

BrokenModel = tuple[str, str]
"""The module of a class that cannot be built, and why."""


def broken_models(modules: Mapping[str, str], classes: Sequence[tuple[str, str]]) -> Iterator[BrokenModel]:
    """Import every model and yield those that cannot be built."""
    finder = _MemoryFinder(modules)
    sys.meta_path.insert(0, finder)
    try:
        for module, class_name in classes:
            try:
                built = getattr(import_module(module), class_name)
                if not built.__pydantic_complete__:
                    yield module, f"{class_name} is not complete"
            except Exception as error:  # noqa: BLE001 - whatever building it raises, it cannot be built
                yield module, f"{type(error).__name__}: {error}"
    finally:
        sys.meta_path.remove(finder)
        for name in [name for name in sys.modules if name == ROOT or name.startswith(f"{ROOT}.")]:
            del sys.modules[name]


class _MemoryFinder:
    """Finds and loads modules whose source is at hand."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self._sources = sources

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 - importlib's signature
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        if fullname not in self._sources:
            return None
        is_package = fullname.count(".") < len(("root", "package"))
        # Not a subclass of importlib.abc.Loader: to import that takes longer than to build the models.
        return ModuleSpec(fullname, self, is_package=is_package)  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> None:
        """Leave it to importlib."""

    def exec_module(self, module: ModuleType) -> None:
        source = self._sources[module.__name__]
        # What is run is what stage 4 wrote: the shapes are ours, the texts in it are literals.
        exec(compile(source, f"<{module.__name__}>", "exec"), module.__dict__)  # noqa: S102
