"""Start a node as a process, and stop it when it is told to: what stands under every `start_node.py`."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import logging
import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from nodesmith.errors import ExitCode, NodesmithError
from nodesmith.runtime.config import read_config
from nodesmith.runtime.logs import last_words, set_up_logging
from nodesmith.runtime.settings import (
    NodeSettings,
    event_bus_skipped,
    read_log_format,
    read_log_level,
    read_port,
)
from nodesmith.runtime.watchdog import Press, Watchdog
from nodesmith.variables import in_words

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from nodesmith.runtime.definition import NodeDefinition
    from nodesmith.runtime.service import NodeService

logger = logging.getLogger("nodesmith.runtime.start")

# Objects made and not yet freed, collections of the young among them, and of the middle-aged; Python's own are 700, 10, 10.
_COLLECT_AFTER = (20_000, 20, 100)

# What `nodesmith state` starts a node's script with: the node does not run, its handlers fold for a person who asks.
STATE_WORK = "--state-work"

_EPILOG = """\
example:
  %(prog)s --kafka-servers localhost:9092 --health-port 8080

config file:
  [node]
  kafka_servers = "localhost:9092"
  health_port = 8080

Flags win over the config file, and that over the environment. All there is to set there:

"""


class RunnableNode(Protocol):
    """What a node class offers to be started."""

    definition: NodeDefinition
    _instance_id: str
    _shutdown_event: asyncio.Event
    _service: NodeService | None

    async def initialize(self) -> None:
        """Start the node's service."""

    async def shutdown(self) -> None:
        """Drain and stop it."""


def run_node(node_class: Callable[[], RunnableNode], argv: Sequence[str] | None = None) -> int:
    """Run a node until SIGTERM or SIGINT, and return the process's exit status.

    0 when it drained, 2 for settings that cannot be, 5 when work was cut off or the node could not start. Flags and the
    config file are put into the environment before the node is made. Of the process's main thread. A thread that cannot be
    stopped does not keep the process: it is ended a moment after its main thread.
    """
    words = sys.argv[1:] if argv is None else argv
    if words[:1] == [STATE_WORK]:
        from nodesmith.runtime.state_rebuild.worker import work

        return work(node_class, words[1:])
    watchdog = Watchdog()
    status = _run(node_class, argv, watchdog)
    watchdog.returned(status)
    return status


def _run(node_class: Callable[[], RunnableNode], argv: Sequence[str] | None, watchdog: Watchdog) -> int:
    try:
        watchdog.listen()
        os.environ.update(_settings_of(_arguments(argv)))
        settings = NodeSettings.from_environment()
        event_bus_skipped()
        watchdog.drain_seconds = settings.drain_seconds
        node = node_class()
        _log(settings, node)
        return asyncio.run(_live_and_tell(node, watchdog))
    except NodesmithError as error:
        last_words(error.message, fix=error.fix)
        return int(error.exit_code)
    except SystemExit as stop:  # argparse: 0 after --help, 2 for bad usage
        return stop.code if isinstance(stop.code, int) else int(ExitCode.BAD_INPUT)
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001 - a person gets words, not frames
        return _unexpected(error)


async def _live_and_tell(node: RunnableNode, watchdog: Watchdog) -> int:
    """Run the node to its end; what the event loop does after that has little time."""
    status = int(ExitCode.SYSTEM_FAILED)
    try:
        status = await _live(node, watchdog)
    finally:
        watchdog.done(status)
    return status


async def _live(node: RunnableNode, watchdog: Watchdog) -> int:
    """Run the node until it is told to stop, also while it starts, and return the exit status."""
    loop = asyncio.get_running_loop()
    services: list[NodeService] = []  # the node forgets its own when it stops

    def heard(press: Press) -> None:
        logger.info("stopping" if press is Press.DRAIN else "stopping at once")
        node._shutdown_event.set()  # noqa: SLF001 - the node's fixed names
        for service in _noted(services, node):
            if press is not Press.DRAIN:
                service.hurry()

    def tell(press: Press) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has closed
            loop.call_soon_threadsafe(heard, press)

    watchdog.attach(tell, running=lambda: sum(service.unfinished for service in _noted(services, node)))
    await _unless_stopped(node.initialize(), node._shutdown_event)  # noqa: SLF001
    _noted(services, node)
    _collect_less()
    await node._shutdown_event.wait()  # noqa: SLF001
    watchdog.expect_end()  # also where the node stops by itself
    await node.shutdown()
    cut_off = sum(service.cut_off for service in services)
    if cut_off:
        logger.error("%s commands were cut off; they were not committed", cut_off)
    return int(ExitCode.SYSTEM_FAILED if cut_off else ExitCode.DONE)


def _collect_less() -> None:
    """Let Python look for garbage in circles less often: with thousands of commands under way that took a third of the time.

    What is there by now stays, so no later collection has to look through it.
    """
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)


def _noted(services: list[NodeService], node: RunnableNode) -> list[NodeService]:
    """Return the node's services, with the one it has now."""
    service = node._service  # noqa: SLF001 - the node's fixed name
    if service is not None and service not in services:
        services.append(service)
    return services


async def _unless_stopped(work: Coroutine[None, None, None], stop: asyncio.Event) -> None:
    """Do `work`, and cancel it when `stop` is set before it is done."""
    working, stopping = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        working.cancel()  # nothing to one that is done
        await asyncio.wait({working})
    finally:
        stopping.cancel()
    if not working.cancelled():
        working.result()


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Run this node until it is told to stop (SIGTERM or Ctrl-C).",
        epilog=_EPILOG + in_words(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--config", metavar="FILE", type=Path, help="a TOML file with settings")
    parser.add_argument("--kafka-servers", metavar="HOST:PORT,...", help="where the event bus is")
    parser.add_argument("--skip-event-bus", action="store_true", help="run without the event bus")
    parser.add_argument("--health-port", metavar="PORT", help="where health is served; 0 is any free port")
    parser.add_argument("--log-level", metavar="LEVEL", help="DEBUG, INFO, WARNING, ERROR or CRITICAL")
    parser.add_argument("--log-format", metavar="FORMAT", help="console, or json: one object a line")
    return parser.parse_args(argv)


def _settings_of(arguments: argparse.Namespace) -> dict[str, str]:
    """Return what flags and the config file set, by the names of the environment's variables."""
    if arguments.log_format is not None:  # first, and at once: what is wrong with the others is told in it
        os.environ["LOG_FORMAT"] = read_log_format("--log-format", arguments.log_format)
    settings = read_config(arguments.config) if arguments.config else {}
    if arguments.log_format is not None:
        settings["LOG_FORMAT"] = os.environ["LOG_FORMAT"]
    if arguments.kafka_servers is not None:
        settings["KAFKA_BOOTSTRAP_SERVERS"] = arguments.kafka_servers
    if arguments.skip_event_bus:
        settings["NODESMITH_SKIP_EVENT_BUS"] = "1"
    if arguments.health_port is not None:
        settings["HEALTH_PORT"] = str(read_port("--health-port", arguments.health_port))
    if arguments.log_level is not None:
        settings["LOG_LEVEL"] = read_log_level("--log-level", arguments.log_level)
    return settings


def _log(settings: NodeSettings, node: RunnableNode) -> None:
    identity = node.definition.identity
    about = {
        "node": identity.name,
        "instance": node._instance_id,  # noqa: SLF001 - the node's fixed name
        "version": ".".join(map(str, identity.version)),
    }
    set_up_logging(level=settings.log_level, log_format=settings.log_format, about=about)


def _unexpected(error: Exception) -> int:
    hint = (
        ""
        if os.environ.get("NODESMITH_TRACEBACK")
        else "run it again with NODESMITH_TRACEBACK=1 to see where"
    )
    last_words(f"the node failed: {type(error).__name__}: {error}", fix=hint)
    if os.environ.get("NODESMITH_TRACEBACK"):
        traceback.print_exception(error)
    return int(ExitCode.SYSTEM_FAILED)
