"""Models that pydantic cannot build."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from typing import TYPE_CHECKING

from nodesmith.errors import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import ModuleType

    from nodesmith.contract.node_contract import NodeContract
    from nodesmith.generation.files import NodeFiles

ROOT = "_nodesmith_models_under_check"


def model_findings(files: NodeFiles, contract: NodeContract) -> Iterator[Finding]:
    """Import every model from memory, under a name of its own, and yield those that cannot be built."""
    sources = dict(_sources(files, contract.version_folder))
    finder = _MemoryFinder(sources)
    sys.meta_path.insert(0, finder)
    try:
        for model in contract.models:
            path = f"{contract.version_folder}/models/{model.module}.py"
            try:
                built = getattr(import_module(f"{ROOT}.models.{model.module}"), model.class_name)
                if not built.__pydantic_complete__:
                    yield Finding(rule="model", message=f"{model.class_name} is not complete", file=path)
            except Exception as error:  # noqa: BLE001 - whatever building it raises, it cannot be built
                yield Finding(rule="model", message=f"{type(error).__name__}: {error}", file=path)
    finally:
        sys.meta_path.remove(finder)
        for name in [name for name in sys.modules if name == ROOT or name.startswith(f"{ROOT}.")]:
            del sys.modules[name]


def _sources(files: NodeFiles, version_folder: str) -> Iterator[tuple[str, str]]:
    """Yield the modules that hold data only, by their name here; nothing else of the node is run."""
    yield ROOT, ""
    for package in ("models", "enums"):
        yield f"{ROOT}.{package}", ""
        start = f"{version_folder}/{package}/"
        for path, file in files.items():
            if path.startswith(start) and path.endswith(".py") and not path.endswith("__init__.py"):
                yield f"{ROOT}.{package}.{path.removeprefix(start).removesuffix('.py')}", file.text


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
