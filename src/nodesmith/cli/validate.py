"""`nodesmith validate`: check spec files and show every error."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nodesmith.errors import ExitCode, SpecError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodesmith.errors import Finding
    from nodesmith.spec.loading import LoadedFile
    from nodesmith.spec.model import NodeSpec


EXAMPLE = """\b
Examples:
  nodesmith validate customer_writer.node.yaml
  nodesmith validate orders/ --json"""


@click.command(short_help="Check spec files and show every error.", epilog=EXAMPLE)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(paths: tuple[Path, ...], as_json: bool) -> int:
    """Check node files, system files and folders of them; nothing is written.

    The nodes of all PATHs are checked against each other. Exits 0 where everything is valid, and 2 with every error,
    its place and what to do about it.
    """
    from nodesmith.spec.loading import load_files

    files: tuple[LoadedFile, ...] = ()
    findings: tuple[Finding, ...] = ()
    try:
        files = load_files(paths).files
    except SpecError as error:
        findings = error.findings
    if as_json:
        click.echo(json.dumps(_as_data(files, findings), ensure_ascii=False))
    else:
        _print(files, findings)
    return int(ExitCode.BAD_INPUT if findings else ExitCode.DONE)


def _print(files: Sequence[LoadedFile], findings: Sequence[Finding]) -> None:
    for finding in findings:
        click.echo(str(finding), err=True)
    for file in files:
        click.echo(f"{file.file}: {'; '.join(_summary(node) for node in file.nodes)}")
    if findings:
        number = len(findings)
        click.echo(f"error: {number} error{'' if number == 1 else 's'}", err=True)


def _summary(node: NodeSpec) -> str:
    return f"node {_full_name(node)} {node.archetype}, operations {', '.join(_operations(node))}"


def _full_name(node: NodeSpec) -> str:
    return f"{node.domain}/{node.name}" if node.domain else node.name


def _operations(node: NodeSpec) -> list[str]:
    from nodesmith.spec.operations import operations_of

    return [operation.name for operation in operations_of(node)]


def _as_data(files: Sequence[LoadedFile], findings: Sequence[Finding]) -> dict[str, object]:
    return {
        "valid": not findings,
        "files": [{"file": file.file, "nodes": [_node_data(node) for node in file.nodes]} for file in files],
        "findings": [asdict(finding) for finding in findings],
    }


def _node_data(node: NodeSpec) -> dict[str, object]:
    return {
        "node": _full_name(node),
        "archetype": node.archetype.value,
        "version": ".".join(str(number) for number in node.version),
        "event_bus": node.event_bus,
        "operations": _operations(node),
    }
