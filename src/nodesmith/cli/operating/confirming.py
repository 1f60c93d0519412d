"""Asking before something goes for good."""

from __future__ import annotations

import click

from nodesmith.errors import InputError


def confirm(question: str, *, otherwise: str) -> None:
    """Ask on standard error, and return where the answer is yes; else raise InputError, which says `otherwise`."""
    try:
        sure = click.confirm(question, err=True)
    except click.Abort:
        click.echo(err=True)  # the question's line is not ended yet
        raise InputError(f"nobody answered, so {otherwise}", fix="say --yes where nobody can") from None
    if not sure:
        raise InputError(otherwise)
