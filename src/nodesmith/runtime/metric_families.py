"""Counters, durations and gauges whose cells cost next to nothing to change, shown in Prometheus' text when it is asked for.

The client's own counters lock and look labels up at every change, which is a good part of what a command costs. Here a
cell is a plain number that one thread changes; whoever reads sees it a moment late at worst.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Generic, TypeVar

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from prometheus_client import Metric

# What OpenTelemetry advises for durations of messaging, in seconds.
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
# A label has at most so many values; whatever comes after that is counted together, under OpenTelemetry's name for it.
MOST_VALUES = 100
OTHER = "_OTHER"

Values = tuple[str, ...]
CellT = TypeVar("CellT")


class Count:
    """A number that grows."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0

    def inc(self, by: int = 1) -> None:
        """Add to it."""
        self.value += by


class Times:
    """How long things took, counted by `BOUNDS`."""

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        self.total = 0.0

    def observe(self, seconds: float) -> None:
        """Count one."""
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.total += seconds


class Known:
    """The values a family's labels have had, so that values from outside cannot become too many."""

    def __init__(self, labels: int) -> None:
        self._seen: list[set[str]] = [set() for _ in range(labels)]

    def bounded(self, values: Values) -> Values:
        """Return `values`, those that would be one too many as `_OTHER`."""
        return tuple(self._admit(seen, value) for seen, value in zip(self._seen, values, strict=True))

    @staticmethod
    def _admit(seen: set[str], value: str) -> str:
        if value not in seen:
            if len(seen) >= MOST_VALUES:
                return OTHER
            seen.add(value)
        return value


class Cells(Generic[CellT]):
    """The cells of a family that one thread changes, found by the values of their labels."""

    def __init__(self, new_cell: Callable[[], CellT], known: Known) -> None:
        self.cells: dict[Values, CellT] = {}
        self._new_cell = new_cell
        self._known = known

    def __call__(self, *values: str) -> CellT:
        """Return the cell of these values, in the order of the family's labels; made where there is none."""
        cell = self.cells.get(values)
        if cell is not None:
            return cell
        return self.cells.setdefault(self._known.bounded(values), self._new_cell())


class Family(Generic[CellT]):
    """One name in `/metrics`; `fixed` are labels that have the same value in all of its lines."""

    def __init__(
        self,
        name: str,
        text: str,
        labels: Sequence[str],
        new_cell: Callable[[], CellT],
        *,
        fixed: Mapping[str, str],
    ) -> None:
        self.name = name
        self.text = text
        self.labels = (*fixed, *labels)
        self._fixed = tuple(fixed.values())
        self._new_cell = new_cell
        self._known = Known(len(labels))
        self._writers: list[Cells[CellT]] = []

    def writer(self) -> Cells[CellT]:
        """Return cells for one more thread."""
        cells = Cells(self._new_cell, self._known)
        self._writers.append(cells)
        return cells

    def read(self) -> dict[Values, list[CellT]]:
        """Return the cells of all threads, by the values of all labels."""
        found: dict[Values, list[CellT]] = {}
        for writer in self._writers:
            for values, cell in list(writer.cells.items()):
                found.setdefault((*self._fixed, *values), []).append(cell)
        return found


class Counters(Family[Count]):
    """Numbers that grow."""

    def __init__(
        self, name: str, text: str, labels: Sequence[str] = (), *, fixed: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(name, text, labels, Count, fixed=fixed or {})

    def collect(self) -> Metric:
        """Return what is shown."""
        metric = CounterMetricFamily(self.name, self.text, labels=self.labels)
        for values, cells in self.read().items():
            metric.add_metric(values, sum(cell.value for cell in cells))
        return metric


class Durations(Family[Times]):
    """Times, in seconds."""

    def __init__(
        self, name: str, text: str, labels: Sequence[str] = (), *, fixed: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(name, text, labels, Times, fixed=fixed or {})

    def collect(self) -> Metric:
        """Return what is shown."""
        metric = HistogramMetricFamily(self.name, self.text, labels=self.labels)
        for values, cells in self.read().items():
            metric.add_metric(values, _buckets(cells), sum(cell.total for cell in cells))
        return metric


class Gauges:
    """Numbers as they are when somebody looks."""

    def __init__(
        self, name: str, text: str, labels: Sequence[str] = (), *, fixed: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self.text = text
        self.labels = (*(fixed or {}), *labels)
        self._fixed = tuple((fixed or {}).values())
        self._values: dict[Values, float] = {}

    def set(self, value: float, *values: str) -> None:
        """Show `value`."""
        self._values[values] = value

    def replace(self, numbers: Mapping[Values, float]) -> None:
        """Show these and nothing else."""
        self._values = dict(numbers)

    def replace_bounded(self, numbers: Mapping[Values, float]) -> None:
        """Show these and nothing else; of more than a label may have, the largest one for all of the rest."""
        known = Known(len(self.labels) - len(self._fixed))
        shown: dict[Values, float] = {}
        for values, number in numbers.items():
            bounded = known.bounded(values)
            shown[bounded] = max(number, shown.get(bounded, number))
        self._values = shown

    def collect(self) -> Metric:
        """Return what is shown."""
        metric = GaugeMetricFamily(self.name, self.text, labels=self.labels)
        for values, number in self._values.items():
            metric.add_metric((*self._fixed, *values), number)
        return metric


class Shown:
    """What a registry asks for the families of a node."""

    def __init__(self, families: Sequence[Counters | Durations | Gauges]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        """Return every family."""
        for family in self._families:
            yield family.collect()


def _buckets(cells: Sequence[Times]) -> list[tuple[str, float]]:
    """Return the counts as Prometheus wants them: up to each bound, all that is below it."""
    total, buckets = 0, []
    for number, bound in enumerate((*(str(bound) for bound in BOUNDS), "+Inf")):
        total += sum(cell.counts[number] for cell in cells)
        buckets.append((bound, float(total)))
    return buckets
