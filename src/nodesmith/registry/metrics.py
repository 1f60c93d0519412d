"""What a registry measures of itself and of the nodes, in Prometheus' text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from nodesmith import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from prometheus_client import Metric

    from nodesmith.registry.service import Registry


class RegistryMetrics:
    """The numbers of one registry. No label has a value that others can make up without bounds."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._collectors = CollectorRegistry()
        ProcessCollector(registry=self._collectors)
        self._collectors.register(self)

    def text(self) -> bytes:
        """Return what `/metrics` answers."""
        return generate_latest(self._collectors)

    def collect(self) -> Iterator[Metric]:
        """Return every family."""
        registry, overview = self._registry, self._registry.overview
        info = GaugeMetricFamily("nodesmith_registry_info", "Always 1.", labels=["version"])
        info.add_metric([__version__], 1)
        yield info
        yield _by("nodesmith_registry_nodes", "Nodes, by how they are.", "state", overview.node_states())
        yield _by(
            "nodesmith_registry_instances",
            "Instances, by how they are; those that ended lately among them.",
            "state",
            overview.instance_states(),
        )
        ignored = CounterMetricFamily(
            "nodesmith_registry_ignored_sightings",
            "Records of the discovery topics that were not believed, by the reason.",
            labels=["reason"],
        )
        for reason, number in registry.counts.by_reason().items():
            ignored.add_metric([reason], number)
        yield ignored
        yield CounterMetricFamily(
            "nodesmith_registry_read_records",
            "Records of the discovery topics that were read.",
            value=registry.listening.records,
        )
        for name, text, value in (
            ("conflicts", "Instances that are not alone under their id.", len(overview.in_conflict())),
            ("unknown", "Those that beat and have not introduced themselves.", len(registry.fleet.unknown())),
            ("backlog", "Records that were read and wait for their turn.", registry.listening.backlog),
            ("watchers", "Streams of changes that are open.", len(registry.watchers)),
            ("bus_up", "1 where the bus is heard.", int(not registry.reasons)),
        ):
            yield GaugeMetricFamily(f"nodesmith_registry_{name}", text, value=value)
        if registry.projection is not None:
            in_step = registry.projection.document()["state"] == "in step"
            yield GaugeMetricFamily(
                "nodesmith_registry_consul_in_step",
                "1 where Consul shows what is known here.",
                value=int(in_step),
            )


def _by(name: str, text: str, label: str, numbers: Mapping[str, int]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for value, number in numbers.items():
        family.add_metric([value], number)
    return family
