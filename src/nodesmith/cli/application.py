"""The group of commands, and the one place where an exception becomes a message and an exit status."""

from __future__ import annotations

import json
import os
import sys
import traceback
from importlib import import_module
from typing import TYPE_CHECKING

import click

from nodesmith import __version__
from nodesmith.errors import ExitCode, Finding, NodesmithError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodesmith.generation.gates.model_gate import ModelBuilder

# name -> what it does; each is `command` in `nodesmith.cli.<name>`, loaded only when it is needed.
COMMANDS = {
    "new": "Make a node from one sentence.",
    "generate": "Make nodes from spec files.",
    "integrate": "Put a node that was written by hand on the event bus.",
    "validate": "Check spec files and show every error.",
    "schema": "Print the JSON Schema of spec files.",
    "broker": "Run a Kafka-protocol broker for a laptop and for tests.",
    "up": "Run a broker and every node under a folder.",
    "call": "Send a command to a running node and print its result.",
    "nodes": "See the nodes that are on the bus, and how they are.",
    "registry": "Show who is on the bus, as a page, an HTTP API and in Consul.",
    "tail": "Follow what goes over the bus.",
    "topics": "List, describe, create, grow and delete topics.",
    "dlq": "See, replay and delete what a node could not do.",
    "state": "See a reducer's state, check it against its topics, and rebuild it.",
}

EXAMPLE = 'Example:\n\n  nodesmith new "An effect called customer_writer that writes customers to PostgreSQL" -o nodes'
STATUSES = """\b
Exit status:
  0    done
  1    a difference was found: generate --check, state compare
  2    bad usage or input
  3    a person's files are in the way
  4    a gate of the pipeline failed
  5    the running system failed or did not answer
  130  interrupted (Ctrl-C) before it was done"""


class CommandGroup(click.Group):
    """A group whose commands are imported when they are asked for, so that a start stays fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the commands in the order a person meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return the command, or None where there is no such one."""
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"nodesmith.cli.{cmd_name}").command
        if not isinstance(command, click.Command):
            raise TypeError(f"nodesmith.cli.{cmd_name}.command is no click command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(
    cls=CommandGroup,
    help="From one sentence to a running, discoverable event-driven service.",
    epilog=f"\b\n{EXAMPLE}\n\n{STATUSES}",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="nodesmith", message="%(prog)s %(version)s")
def application() -> None:
    """Hold the commands."""


def run(arguments: Sequence[str], builder: ModelBuilder | None = None) -> int:  # noqa: PLR0911 - one return a way to end
    """Run one command and return its exit status; no traceback reaches a person.

    `builder` builds models for a command that makes nodes.
    """
    try:
        status = application.main(
            args=list(arguments), prog_name="nodesmith", standalone_mode=False, obj=builder
        )
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        error.show()
        if "--json" in arguments:
            click.echo(json.dumps({"error": described("UsageError", error.format_message())}))
        return int(ExitCode.BAD_INPUT)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return 130  # 128 and SIGINT, as shells count
    except NodesmithError as error:
        report(error, as_json="--json" in arguments)
        return int(error.exit_code)
    except BrokenPipeError:
        # Whoever read our output has gone; Python would complain again when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except ModuleNotFoundError as error:
        if (error.name or "nodesmith").partition(".")[0] != "nodesmith":
            raise  # an extra is not installed; `main` says so, also where it is one that this module needs
        return unexpected(error)
    except Exception as error:  # noqa: BLE001 - the last line of defence: a person gets words, not frames
        return unexpected(error)
    return status if isinstance(status, int) else int(ExitCode.DONE)


def report(error: NodesmithError, *, as_json: bool) -> None:
    """Write an error and its findings to standard error, and with `as_json` as one object to standard output."""
    findings: tuple[Finding, ...] = getattr(error, "findings", ())
    for finding in findings:
        click.echo(str(finding), err=True)
    click.echo(f"error: {error.message}", err=True)
    if error.fix:
        click.echo(f"  fix: {error.fix}", err=True)
    if as_json:
        click.echo(json.dumps({"error": describe(error, findings)}, ensure_ascii=False))


def describe(error: NodesmithError, findings: Sequence[Finding]) -> dict[str, object]:
    """Return an error as plain data."""
    return described(type(error).__name__, error.message, fix=error.fix, findings=findings)


def described(
    kind: str, message: str, *, fix: str = "", findings: Sequence[Finding] = ()
) -> dict[str, object]:
    """Return what is wrong as plain data, as every command's `--json` has it."""
    return {
        "type": kind,
        "message": message,
        "fix": fix,
        "findings": [
            {
                "file": finding.file,
                "line": finding.line,
                "column": finding.column,
                "path": finding.path,
                "rule": finding.rule,
                "message": finding.message,
                "fix": finding.fix,
            }
            for finding in findings
        ],
    }


def unexpected(error: Exception) -> int:
    """Report a fault of nodesmith's own in one line; the frames only for who asks."""
    click.echo(f"error: nodesmith itself failed: {type(error).__name__}: {error}", err=True)
    if os.environ.get("NODESMITH_TRACEBACK"):
        traceback.print_exception(error)
    else:
        click.echo("  fix: run it again with NODESMITH_TRACEBACK=1 and report what it prints", err=True)
    return int(ExitCode.SYSTEM_FAILED)
