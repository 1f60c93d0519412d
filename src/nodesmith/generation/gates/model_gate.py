"""The gate for models: what pydantic cannot build is found, wherever it is built."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from nodesmith.errors import Finding
from nodesmith.generation.gates.declared import are_ours
from nodesmith.generation.gates.models import ROOT, ModelSources, broken_models

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from nodesmith.contract.node_contract import NodeContract
    from nodesmith.generation.files import NodeFiles
    from nodesmith.generation.gates.models import BrokenModel


class ModelBuilder(Protocol):
    """What builds models: of several nodes, while the block runs; what is given, called, returns each one's broken ones."""

    def at_work(
        self, nodes: Sequence[ModelSources]
    ) -> AbstractContextManager[Callable[[], Sequence[Sequence[BrokenModel]]]]: ...


class BuildsHere:
    """Builds models in this process, which imports pydantic for it."""

    @contextmanager
    def at_work(self, nodes: Sequence[ModelSources]) -> Iterator[Callable[[], list[list[BrokenModel]]]]:
        """Build nothing before it is asked for: the block may find that there is no need."""
        yield lambda: [list(broken_models(*node)) for node in nodes]


@contextmanager
def models_at_work(
    nodes: Mapping[str, NodeFiles], contracts: Sequence[NodeContract], builder: ModelBuilder
) -> Iterator[Callable[[], list[Finding]]]:
    """Let the nodes' models be built while the block runs; what is given, called, returns what was found."""
    sources = [_sources(nodes[contract.folder], contract) for contract in contracts]
    with builder.at_work(sources) as finish:
        yield lambda: list(_findings(contracts, finish()))


def _sources(files: NodeFiles, contract: NodeContract) -> ModelSources:
    """Return the modules that hold data only; nothing else of the node is run, and nothing of a team's templates."""
    if not are_ours(files, contract):
        return {}, []
    modules = {ROOT: ""}
    for package in ("models", "enums"):
        modules[f"{ROOT}.{package}"] = ""
        start = f"{contract.version_folder}/{package}/"
        for path, file in files.items():
            if path.startswith(start) and path.endswith(".py") and not path.endswith("__init__.py"):
                modules[f"{ROOT}.{package}.{path.removeprefix(start).removesuffix('.py')}"] = file.text
    return modules, [(f"{ROOT}.models.{model.module}", model.class_name) for model in contract.models]


def _findings(
    contracts: Iterable[NodeContract], broken: Iterable[Iterable[BrokenModel]]
) -> Iterator[Finding]:
    for contract, models in zip(contracts, broken, strict=True):
        for module, message in models:
            path = "/".join([contract.folder, contract.version_folder, *module.split(".")[1:]])
            yield Finding(rule="model", message=message, file=f"{path}.py")
