"""One soak: nodes under a steady load, sampled, and then whether they are flat and everything was answered."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from chaos.bus import KINDS
from confluent_kafka import Consumer, TopicPartition
from soak.flatness import Bounds, judge
from soak.load import Load
from soak.nodes import NODES, make_accounts, write_node
from soak.sampling import Sampler
from support.nodes import running_node

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from soak.flatness import Flatness, Sample
    from soak.nodes import Soaked
    from support.nodes import RunningNode

_READY_SECONDS = 60.0
_ANSWER_SECONDS = 60.0
_ASK_SECONDS = 10.0
_TOLD_EVERY_SECONDS = 15.0
# Below this part of the asked rate the load was no steady one, and nothing is shown.
_LEAST_OF_RATE = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is soaked, how, and what is flat; the warm-up is a part of `seconds`."""

    nodes: Sequence[str] = tuple(NODES)
    broker: str = "embedded"
    seconds: float = 300.0
    warm_up: float = 120.0
    rate: float = 300.0
    every: float = 1.0
    seed: int = 20_261_125
    bounds: Bounds = Bounds()  # noqa: RUF009 - frozen


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What became of one node, and every fault."""

    node: str
    broker: str
    seconds: float
    sent: int
    answered: int
    dead_letters: int
    flatness: Flatness
    faults: list[str]

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return asdict(self)


def soak(plan: Plan, folder: Path, *, tell: Callable[[str], None] = lambda _: None) -> list[Row]:
    """Run the nodes of `plan` in `folder` for its time, and return what was found; `tell` hears how far it is."""
    folder.mkdir(parents=True, exist_ok=True)
    nodes = {name: NODES[name] for name in plan.nodes}
    make_accounts(folder / "accounts.sqlite3")
    with ExitStack() as stack:
        bus = stack.enter_context(KINDS[plan.broker](folder / "bus", partitions=4))
        running = {
            name: _start(stack, node, folder, servers=bus.bootstrap_servers) for name, node in nodes.items()
        }
        for each in running.values():
            each.wait_ready(seconds=_READY_SECONDS)
        pids = {name: each.process.pid for name, each in running.items()}
        load = Load(
            bus.bootstrap_servers, [node.target for node in nodes.values()], rate=plan.rate, seed=plan.seed
        )
        sampler = Sampler({**pids, "broker": bus.process.pid}, every=plan.every)
        with load, sampler:
            _wait(plan, sampler, tell)
        answered = {
            name: _wait_for_answers(bus.bootstrap_servers, node, load.sent[node.target.topic])
            for name, node in nodes.items()
        }
        dead = {name: _count(bus.bootstrap_servers, [node.dead_letters]) for name, node in nodes.items()}
        exits = {name: each.stop() for name, each in running.items()}
    rows = []
    for name, node in nodes.items():
        sent, poison = load.sent[node.target.topic], load.poison[node.target.topic]
        flatness = judge(sampler.samples[name], warm_up=plan.warm_up, bounds=plan.bounds)
        found = {
            f"{sent} were sent, {plan.rate * plan.seconds:,.0f} were to be": sent
            < _LEAST_OF_RATE * plan.rate * plan.seconds,
            f"the broker did not take {len(load.refused)}": bool(load.refused),
            f"{answered[name]} answers to {sent} records": answered[name] != sent,
            f"{dead[name]} dead letters of {poison} poison records": dead[name] != poison,
            f"it ended with {exits[name]}": exits[name] != 0,
        }
        rows.append(
            Row(
                node=name,
                broker=plan.broker,
                seconds=plan.seconds,
                sent=sent,
                answered=answered[name],
                dead_letters=dead[name],
                flatness=flatness,
                faults=[*flatness.faults, *(fault for fault, is_so in found.items() if is_so)],
            )
        )
    return rows


def _start(stack: ExitStack, node: Soaked, folder: Path, *, servers: str) -> RunningNode:
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": servers,
        "NODESMITH_DATA_DIR": str(folder / "data"),
        "SQLITE_PATH": str(folder / "accounts.sqlite3"),
    }
    script = write_node(node, folder / "made")
    return stack.enter_context(running_node(script, folder / f"{node.name}.log", environment=environment))


def _wait(plan: Plan, sampler: Sampler, tell: Callable[[str], None]) -> None:
    """Let the time pass, and tell how it goes."""
    begun = told = time.monotonic()
    while (passed := time.monotonic() - begun) < plan.seconds:
        time.sleep(min(plan.every, plan.seconds - passed))
        if time.monotonic() - told >= _TOLD_EVERY_SECONDS:
            told = time.monotonic()
            now = "; ".join(
                f"{name} {_told(samples[-1])}" for name, samples in sampler.samples.items() if samples
            )
            tell(f"{told - begun:4.0f} s: {now}")


def _told(sample: Sample) -> str:
    return f"{sample.memory / 1e6:.1f} MB, {sample.threads} threads, {sample.files} files"


def _wait_for_answers(servers: str, node: Soaked, wanted: int) -> int:
    """Return how many answers there are, when there are enough or no more come."""
    deadline = time.monotonic() + _ANSWER_SECONDS
    while (there := _count(servers, node.answers)) < wanted and time.monotonic() < deadline:
        time.sleep(0.1)
    return there


def _count(servers: str, topics: Iterable[str]) -> int:
    """Return how many records topics hold."""
    consumer = Consumer({"bootstrap.servers": servers, "group.id": "soak-count", "log_level": 0})
    total = 0
    try:
        for topic in topics:
            for number in consumer.list_topics(topic, timeout=_ASK_SECONDS).topics[topic].partitions:
                place = TopicPartition(topic, number)
                low, high = consumer.get_watermark_offsets(place, timeout=_ASK_SECONDS)
                total += high - low
    finally:
        consumer.close()
    return total
