"""Follow who comes, changes and goes, as the registry's own part that listens sees it, without a registry."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from nodesmith.cli.operating.columns import in_columns
from nodesmith.cli.operating.node_text import figures_data, or_dash
from nodesmith.registry import clock
from nodesmith.registry.service import Registry
from nodesmith.registry.settings import RegistrySettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from nodesmith.registry.instance import Change, Instance
    from nodesmith.runtime.inquiry import Inquiry

LOOK_SECONDS = 0.5
ANSWER_SECONDS = 5.0
HEAD = (
    *("node", "type", "version", "instance", "state", "in flight", "lag", "per second", "p99 ms"),
    *("errors", "dead letters", "last error", "seen"),
)
# For what stands above and below the table.
ROOM = 6
CLEAR = "\x1b[H\x1b[2J\x1b[3J"


class Lines:
    """One line a change, as text or as JSON: for files, pipes and other programs."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json

    def show(self, changes: Sequence[Change], _registry: Registry, _instances: Sequence[Instance]) -> None:
        """Print what has changed."""
        for change in changes:
            if _is_news(change):
                click.echo(json.dumps(_change_data(change)) if self._as_json else _change_line(change))


class Screen:
    """A table that is drawn anew."""

    def show(self, _changes: Sequence[Change], registry: Registry, instances: Sequence[Instance]) -> None:
        """Draw everybody who is known."""
        now = clock.now()
        rows = [_row(each, now) for each in instances]
        title = f"{sum(each.alive for each in instances)} alive at {registry.settings.kafka_servers}"
        problem = "".join(f"\n{reason}" for reason in registry.reasons)
        width, height = shutil.get_terminal_size()
        lines = in_columns(HEAD, rows).splitlines()
        shown = lines[: max(1, height - ROOM)]
        left = f"\nand {len(lines) - len(shown)} more" if len(lines) > len(shown) else ""
        click.echo(f"{CLEAR}{title}, {datetime.now(UTC):%H:%M:%S} UTC; Ctrl-C ends it{problem}\n")
        click.echo("\n".join(line[:width] for line in shown) + left)


async def watch(
    kafka_servers: str,
    whom: Sequence[Inquiry],
    *,
    as_json: bool,
    seconds: float | None,
    say: Callable[[str], None],
) -> None:
    """Show who is there and what changes, for so many seconds or for ever; raise BusUnavailableError without a bus.

    `say` is told, once each, of what may make it not the truth: nobody answers, or the bus goes away meanwhile.
    """
    shown: Lines | Screen = Screen() if sys.stdout.isatty() and not as_json else Lines(as_json=as_json)
    async with _listening(kafka_servers) as registry:
        watcher = registry.watchers.watch()
        assert watcher is not None, "nobody else watches this one"
        complaints = _Complaints(registry, say)
        ends_at = None if seconds is None else clock.now() + seconds
        while ends_at is None or clock.now() < ends_at:
            changes: Sequence[Change] = ()
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    changes = await watcher.next() or ()
            except TimeoutError:
                pass
            there = [each for each in registry.fleet.instances() if _concerned(each, whom)]
            instances = sorted(there, key=_by_name)
            shown.show([each for each in changes if _concerned(each.instance, whom)], registry, instances)
            complaints.look(instances)


class _Complaints:
    """What is wrong, said once."""

    def __init__(self, registry: Registry, say: Callable[[str], None]) -> None:
        self._registry = registry
        self._say = say
        self._begun = clock.now()
        self._said: tuple[str, ...] = ()

    def look(self, instances: Sequence[Instance]) -> None:
        """Say what is wrong now and was not before."""
        wrong = self._registry.reasons
        if not wrong and not instances and clock.now() - self._begun > ANSWER_SECONDS:
            wrong = (f"nobody has answered within {ANSWER_SECONDS:g} s; waiting for somebody to come",)
        for reason in wrong:
            if reason not in self._said:
                self._say(reason)
        self._said = wrong


@asynccontextmanager
async def _listening(kafka_servers: str) -> AsyncIterator[Registry]:
    from nodesmith.cli.operating.system import check_broker

    await check_broker(kafka_servers, seconds=ANSWER_SECONDS)
    registry = Registry(RegistrySettings(kafka_servers=kafka_servers))
    await registry.start()
    try:
        yield registry
    finally:
        await registry.stop()


def _by_name(instance: Instance) -> tuple[str, str, str]:
    return instance.full_name, instance.instance_id, instance.node_id


def _is_news(change: Change) -> bool:
    """Return whether it happened to somebody who is or was alive while we watched; numbers alone are no news."""
    was_alive = change.before is not None and change.before.alive
    return not change.only_figures and (change.instance.alive or was_alive)


def _concerned(instance: Instance, whom: Sequence[Inquiry]) -> bool:
    return any(
        each.concerns(
            name=instance.name,
            domain=instance.domain,
            node_id=instance.node_id,
            instance_id=instance.instance_id,
        )
        for each in whom
    )


def _change_line(change: Change) -> str:
    instance, before = change.instance, change.before
    was = f" (was {before.state})" if before is not None and before.state != instance.state else ""
    waits = f", waits for {', '.join(instance.waits_for)}" if instance.waits_for else ""
    conflict = f", {instance.conflict}" if instance.conflict else ""
    return (
        f"{datetime.now(UTC):%H:%M:%S.%f}"[:-3]
        + f"  {change.kind:<9}  {instance.full_name}  {instance.version}"
        f"  {instance.instance_id or instance.node_id}  {instance.state}{was}{waits}{conflict}"
    )


def _change_data(change: Change) -> dict[str, object]:
    instance, before = change.instance, change.before
    return {
        "at": datetime.now(UTC).isoformat(),
        "change": change.kind,
        "node": instance.name,
        "domain": instance.domain,
        "type": instance.archetype,
        "version": instance.version,
        "node_id": instance.node_id,
        "instance": instance.instance_id,
        "incarnation": instance.incarnation,
        "state": instance.state,
        "before": before and before.state,
        "waits_for": list(instance.waits_for),
        "conflict": instance.conflict,
        "contract_digest": instance.contract_digest,
        "figures": figures_data(instance.figures),
    }


def _row(instance: Instance, now: float) -> tuple[str, ...]:
    figures = instance.figures
    return (
        instance.full_name,
        instance.archetype,
        instance.version,
        instance.instance_id or "-",
        instance.state + (", conflict" if instance.conflict else ""),
        *(or_dash(each) for each in (instance.in_flight, figures.lag, instance.rate_per_second)),
        *(or_dash(each) for each in (figures.p99_ms, figures.errors, figures.dead_letters)),
        or_dash(figures.last_error),
        f"{max(0.0, now - instance.last_seen):.0f}s ago",
    )
