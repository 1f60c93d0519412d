"""What a node serves at `/metrics`, read as Prometheus reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prometheus_client.parser import text_string_to_metric_families

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prometheus_client.samples import Sample
    from support.nodes import RunningNode


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """All samples of one look; `kinds` are the types of what is served, by its name."""

    samples: tuple[Sample, ...]
    kinds: Mapping[str, str]

    def value(self, name: str, **labels: str) -> float:
        """Return the sum over the samples that have these labels."""
        return sum(self.by(name, **labels).values())

    def by(self, name: str, *shown: str, **labels: str) -> dict[tuple[str, ...], float]:
        """Return the samples that have these labels, by the values of those in `shown`; zeros are left out."""
        found: dict[tuple[str, ...], float] = {}
        for sample in self.samples:
            if sample.name == name and labels.items() <= sample.labels.items():
                values = tuple(sample.labels[label] for label in shown)
                found[values] = found.get(values, 0.0) + sample.value
        return {values: number for values, number in found.items() if number}


def read_numbers(text: str) -> Numbers:
    families = list(text_string_to_metric_families(text))
    samples = tuple(sample for family in families for sample in family.samples)
    return Numbers(samples=samples, kinds={family.name: family.type for family in families})


def numbers_of(node: RunningNode) -> Numbers:
    status, text = node.get("/metrics")
    assert status == 200
    return read_numbers(text)
