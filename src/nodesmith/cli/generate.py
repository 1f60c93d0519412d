"""`nodesmith generate`: make nodes from spec files."""

from __future__ import annotations

from pathlib import Path

import click

from nodesmith.cli.options import output_option

EXAMPLE = """\b
Examples:
  nodesmith generate customer_writer.node.yaml -o nodes
  nodesmith generate orders/system.yaml -o nodes --verify"""


@click.command(
    "generate",
    help="Make nodes from SPEC: a node file, a system file, or a folder of them.\n\n"
    "Several of them are one system, whose nodes are checked against each other. Handlers, resources and the tests of "
    "handlers are written once and never again; where another file differs from what would be written, nothing is "
    "written at all.",
    epilog=EXAMPLE,
)
@click.argument("specs", metavar="SPEC...", nargs=-1, required=True, type=click.Path(path_type=Path))
@output_option
@click.option(
    "--verify",
    is_flag=True,
    help="Then import, type-check, test, start and stop each node in a fresh process.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what was done as one JSON object.")
def command(specs: tuple[Path, ...], output: Path, verify: bool, as_json: bool) -> int:
    """Run the pipeline and return the exit status."""
    from nodesmith.cli.progress import run_pipeline
    from nodesmith.generation.parse import parse

    return run_pipeline(lambda: parse(specs), target=output, verify=verify, as_json=as_json)
