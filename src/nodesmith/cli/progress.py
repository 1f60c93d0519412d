"""Run the pipeline where a person can see it: progress on standard error, the outcome on standard output."""

from __future__ import annotations

import json
import sys
import time
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING

import click

from nodesmith.cli.application import describe, report
from nodesmith.cli.configuration import told_of
from nodesmith.cli.outcome import document, lines
from nodesmith.errors import ExitCode, NodesmithError
from nodesmith.generation.pipeline import run
from nodesmith.generation.report import STAGES, PipelineReport, Record, StageEvent, Status
from nodesmith.generation.update.changes import Choices, Resolution
from nodesmith.generation.update.conflicts import UnfinishedError
from nodesmith.generation.write import unresolved
from nodesmith.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from nodesmith.generation.rendering import Templates
    from nodesmith.generation.report import Listener
    from nodesmith.generation.update.changes import Plan
    from nodesmith.spec.model import SystemSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What to do and show: with any of `dry_run`, `diff` and `check` nothing is written."""

    verify: bool
    as_json: bool
    conflict: str | None = None
    restore: tuple[str, ...] = ()
    dry_run: bool = False
    diff: bool = False
    check: bool = False

    @property
    def preview(self) -> bool:
        """Say whether only to look."""
        return self.dry_run or self.diff or self.check

    def choices(self) -> Choices:
        """Return what the generator is told of it."""
        conflict = Resolution(self.conflict) if self.conflict else None
        return Choices(conflict=conflict, restore=self.restore, preview=self.preview)


def run_pipeline(
    parse: Callable[[], SystemSpec],
    *,
    target: Path,
    asked: Asked,
    templates: Templates | None = None,
    told: Mapping[str, object] = MappingProxyType({}),
) -> int:
    """Generate the nodes that `parse`, which is stage 1, returns; show it, and return the exit status.

    For JSON one object goes to standard output, after a failure too: the nodes as far as they came, `files` with what
    becomes of each, `recovered` where an interrupted run had left something, `error` where there is one, conflicts that are
    only looked at included, and what is in `told`.
    """
    record = Record(target=target)
    told = {**told_of(templates), **told}
    if templates is not None:
        click.echo(
            f"templates: {templates.shown_folder} ({', '.join(sorted(templates.overrides))})", err=True
        )
    try:
        with _shown() as show:
            _generate(parse, target=target, asked=asked, templates=templates, listeners=(record.add, show))
    except NodesmithError as error:
        _show_conflicts(record.report().plan)
        report(error, as_json=False)
        if asked.as_json:
            failure = describe(error, getattr(error, "findings", ()))
            _print_json(record.report(), {**told, "error": failure}, diff=asked.diff)
        is_stale = asked.check and isinstance(error, UnfinishedError)
        return int(ExitCode.STALE if is_stale else error.exit_code)
    return _end(record.report(), target, asked, told)


def _generate(
    parse: Callable[[], SystemSpec],
    *,
    target: Path,
    asked: Asked,
    templates: Templates | None,
    listeners: tuple[Listener, ...],
) -> None:
    def tell(event: StageEvent) -> None:
        for listener in listeners:
            listener(event)

    started = time.perf_counter()
    specs = parse()
    run(
        specs,
        target,
        verify=asked.verify,
        report=tell,
        parse_ms=(time.perf_counter() - started) * 1000,
        templates=templates,
        choices=asked.choices(),
        builder=click.get_current_context().obj,
    )


def _end(outcome: PipelineReport, target: Path, asked: Asked, told: Mapping[str, object]) -> int:
    """Show what was done, or what would be, and return the exit status."""
    plan = outcome.plan
    assert plan is not None, "a run that did not fail has planned"
    if plan.recovered:
        click.echo(plan.recovered, err=True)
    _show_conflicts(plan)
    error = unresolved(plan, target) if plan.conflicts else None
    if asked.as_json:
        failure = {"error": describe(error, error.findings)} if error else {}
        _print_json(outcome, {**told, **failure}, diff=asked.diff)
    elif asked.diff:
        from nodesmith.cli.diffs import plan_diff

        click.echo(plan_diff(plan), nl=False)
    else:
        for line in lines(plan, target, planned=asked.preview):
            click.echo(line)
    if error:
        report(error, as_json=False)
        return int(error.exit_code)
    if asked.check:
        click.echo("stale: generate again" if plan.is_stale else "up to date", err=True)
    return int(ExitCode.STALE if asked.check and plan.is_stale else ExitCode.DONE)


def _print_json(outcome: PipelineReport, told: Mapping[str, object], *, diff: bool) -> None:
    plan = outcome.plan
    files = {"files": document(plan, diff=diff)} if plan else {}
    recovered = {"recovered": plan.recovered} if plan and plan.recovered else {}
    click.echo(json.dumps({**outcome.document(), **files, **recovered, **told}, ensure_ascii=False))


def _show_conflicts(plan: Plan | None) -> None:
    if plan and plan.conflicts:
        from nodesmith.cli.diffs import conflict_diff

        click.echo(conflict_diff(plan), nl=False, err=True)


@contextmanager
def _shown() -> Iterator[Listener]:
    """Give what shows events: a bar a node on a terminal, a line a stage anywhere else."""
    if not sys.stderr.isatty():
        yield _print_line
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=len(STAGES) * 2),
        TextColumn("{task.fields[stage]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        tasks: dict[str, TaskID] = {}

        def show(event: StageEvent) -> None:
            if event.node not in tasks:
                tasks[event.node] = progress.add_task(event.node, total=len(STAGES), stage="")
            ended = event.status is not Status.STARTED
            progress.update(tasks[event.node], advance=int(ended), stage=_stage_words(event))
            if event.detail:
                progress.console.print(event.detail, markup=False, highlight=False)

        yield show


def _print_line(event: StageEvent) -> None:
    if event.status is not Status.STARTED:
        detail = f"  {event.detail}" if event.detail else ""
        click.echo(f"{event.node}  {_stage_words(event)}  {event.ms:.1f} ms{detail}", err=True)


def _stage_words(event: StageEvent) -> str:
    return f"{event.number} {event.name} {event.status}"
