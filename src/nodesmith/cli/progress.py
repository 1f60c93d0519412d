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
from nodesmith.errors import ExitCode, NodesmithError
from nodesmith.generation.pipeline import run
from nodesmith.generation.report import STAGES, PipelineReport, Record, StageEvent, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from nodesmith.generation.report import Listener
    from nodesmith.spec.model import SystemSpec


def run_pipeline(
    parse: Callable[[], SystemSpec],
    *,
    target: Path,
    verify: bool,
    as_json: bool,
    told: Mapping[str, object] = MappingProxyType({}),
) -> int:
    """Generate the nodes that `parse`, which is stage 1, returns; show it, and return the exit status.

    With `as_json` one object goes to standard output, after a failure too: the nodes as far as they came, `error`, and
    what is in `told` when it is printed.
    """
    record = Record(target=target)
    try:
        with _shown() as show:
            _generate(parse, target=target, verify=verify, listeners=(record.add, show))
    except NodesmithError as error:
        report(error, as_json=False)
        if as_json:
            failure = describe(error, getattr(error, "findings", ()))
            click.echo(
                json.dumps({**record.report().document(), **told, "error": failure}, ensure_ascii=False)
            )
        return int(error.exit_code)
    if as_json:
        click.echo(json.dumps({**record.report().document(), **told}, ensure_ascii=False))
    else:
        _print_outcome(record.report())
    return int(ExitCode.DONE)


def _generate(
    parse: Callable[[], SystemSpec], *, target: Path, verify: bool, listeners: tuple[Listener, ...]
) -> None:
    def tell(event: StageEvent) -> None:
        for listener in listeners:
            listener(event)

    started = time.perf_counter()
    specs = parse()
    run(specs, target, verify=verify, report=tell, parse_ms=(time.perf_counter() - started) * 1000)


def _print_outcome(outcome: PipelineReport) -> None:
    for node in outcome.nodes:
        click.echo(f"{node.path} ({len(node.files)} files)")


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
