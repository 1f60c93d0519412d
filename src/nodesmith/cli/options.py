"""Options that several commands have in common."""

from __future__ import annotations

from pathlib import Path

import click

output_option = click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    show_default=True,
    help="The folder to put each node's folder in.",
)
