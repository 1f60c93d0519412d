"""`nodesmith generate`: make nodes from spec files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from nodesmith.cli.options import output_option, templates_option

EXAMPLE = """\b
Examples:
  nodesmith generate customer_writer.node.yaml -o nodes
  nodesmith generate orders/system.yaml -o nodes --verify
  nodesmith generate orders/system.yaml -o nodes --diff
  nodesmith generate orders/system.yaml -o nodes --conflict markers"""


@click.command(
    "generate",
    help="Make nodes from SPEC: a node file, a system file, or a folder of them. Several of them are one system, whose nodes "
    "are checked against each other.\n\nGenerated again, nodes follow the spec and keep your edits: what only you changed "
    "stays, what both changed is merged, handlers, resources and the tests of handlers are never written again, and what "
    "you deleted stays deleted. Where you and the spec changed the same lines, nothing at all is written before you "
    "choose with --conflict.",
    epilog=EXAMPLE,
)
@click.argument("specs", metavar="SPEC...", nargs=-1, required=True, type=click.Path(path_type=Path))
@output_option
@templates_option
@click.option("--dry-run", is_flag=True, help="Show what would become of each file, and write nothing.")
@click.option("--diff", is_flag=True, help="Print what would change as a patch, and write nothing.")
@click.option("--check", is_flag=True, help="Exit with 1 where anything would change, and write nothing.")
@click.option(
    "--conflict",
    type=click.Choice(["markers", "ours", "theirs", "reject"]),
    help="Where you and the spec changed the same lines: write both between markers, keep yours, take nodesmith's, or keep "
    "yours and put nodesmith's file beside it as .rej.",
)
@click.option(
    "--restore",
    metavar="PATH",
    multiple=True,
    help="Write a file again that you deleted, or all of a folder's. May be repeated.",
)
@click.option(
    "--verify",
    is_flag=True,
    help="Then import, type-check, test, start and stop each node in a fresh process.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what was done as one JSON object.")
def command(specs: tuple[Path, ...], output: Path, templates: Path | None, **options: Any) -> int:
    """Run the pipeline and return the exit status."""
    from nodesmith.cli.configuration import templates_in_use
    from nodesmith.cli.progress import Asked, run_pipeline
    from nodesmith.generation.parse import parse

    asked = Asked(**options)
    if asked.preview and asked.verify:
        raise click.UsageError(
            "--verify looks at what was written; with --dry-run, --diff or --check nothing is."
        )
    in_use = templates_in_use(templates)
    return run_pipeline(lambda: parse(specs), target=output, asked=asked, templates=in_use)
