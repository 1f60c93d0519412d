"""A disk that is full: an error to whoever publishes, a reason not to be ready, and over as soon as there is room.

Full for real: a small file system of its own where one may be mounted, else the system's limit on the size of files.
"""

from __future__ import annotations

import asyncio
import resource
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.nodes import running_node
from support.ports import free_port
from support.waiting import wait_until, wait_until_async
from support.wire import command, reading, send

from nodesmith.errors import PublishError
from nodesmith.runtime.bus import EventPublisher
from nodesmith.runtime.envelope import OutgoingRecord, make_envelope
from nodesmith.runtime.metrics import NodeMetrics
from nodesmith.runtime.outbox import OutboxBounds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.broker import RunBroker
    from support.nodes import RunningNode

STORING = Path(__file__).parent / "nodes" / "storing.py"
COMMANDS = "onex.cmd.demo.storing-requested.v1"
COMPLETED = "onex.evt.demo.storing-completed.v1"
TOLD = "onex.evt.demo.told.v1"


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """Mount a file system of that size."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("NOT TESTED ON A FULL DISK: no file system may be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path) -> Path:
    """Leave no byte on a disk, and return what to remove to have room again."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            return filler


async def test_on_a_full_disk_publish_is_an_error_until_there_is_room(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "4m") as disk:
        opened = EventPublisher(bootstrap_servers=f"127.0.0.1:{free_port()}", source="test")
        metrics = NodeMetrics(node="test")
        opened.keep_outbox(disk / "out", bounds=OutboxBounds(records=100, bytes=100_000_000), metrics=metrics)
        await opened.start()
        assert opened.outbox is not None
        envelope = make_envelope({"text": "x" * 100_000}, event_type="test.told", source="test")
        record = OutgoingRecord(topic=TOLD, envelope=envelope)
        await opened.publish(record)
        filler = fill(disk)
        with pytest.raises(PublishError, match=r"cannot be written: .*full") as caught:
            await publish_often(opened, record)
        assert caught.value.retryable
        assert "full" in opened.outbox.problem
        assert b"nodesmith_outbox_write_failures_total 1.0" in metrics.text()
        kept = opened.outbox.records
        await asyncio.to_thread(filler.unlink)

        async def again() -> bool:
            assert opened.outbox is not None
            return not opened.outbox.problem

        await wait_until_async(again, why="the outbox being written again")
        await opened.publish(record)
        assert opened.outbox.records == kept + 1
        await opened.close(0)


async def publish_often(opened: EventPublisher, record: OutgoingRecord) -> None:
    """Publish more than there may be room for in what SQLite has taken already."""
    for _ in range(50):
        await opened.publish(record)


def told(servers: str, node: RunningNode, sizes: list[int]) -> None:
    for size in sizes:
        send(servers, COMMANDS, command("demo.storing.tell", {"size": size}), key="k")
    assert node.process.poll() is None, node.output


@pytest.mark.parametrize("kind", ["disk", "limit"])
def test_a_node_on_a_full_disk_takes_no_command_says_so_and_goes_on_when_there_is_room(
    run_broker: RunBroker, tmp_path: Path, kind: str
) -> None:
    with (
        run_broker(tmp_path / "bus") as bus,
        reading(bus.bootstrap_servers, COMPLETED) as completed,
        data_folder(tmp_path, kind) as data,
    ):
        servers = bus.bootstrap_servers
        environment = {"KAFKA_BOOTSTRAP_SERVERS": servers, "NODESMITH_DATA_DIR": str(data)}
        with running_node(STORING, tmp_path / "log", environment=environment) as node:
            node.wait_ready()
            told(servers, node, [10])
            completed.wait_for_count(1)
            with no_room(data, kind, node):
                told(servers, node, [200_000] * 10)
                wait_until(lambda: not node.readiness()["ready"], seconds=20, why="the node not being ready")
                reasons = " ".join(node.readiness()["reasons"])
                assert "cannot be written" in reasons or "are away" in reasons
            completed.wait_for_count(11, seconds=40)
            node.wait_ready()
            told(servers, node, [20])
            last = completed.wait_for_count(12)[-1]
            assert last.payload == {"error": ""}
    # Every command was answered, and said truly whether what it had to tell was kept.
    with_error = [record for record in completed.records if record.payload["error"]]
    assert all("cannot be written" in record.payload["error"] for record in with_error)


@contextmanager
def data_folder(folder: Path, kind: str) -> Iterator[Path]:
    if kind == "disk":
        with small_disk(folder / "disk", "8m") as disk:
            yield disk
    else:
        yield folder / "data"


@contextmanager
def no_room(data: Path, kind: str, node: RunningNode) -> Iterator[None]:
    """Take all room away, and give it back."""
    if kind == "disk":
        filler = fill(data)
        yield
        filler.unlink()
        return
    if sys.platform != "linux":
        pytest.skip("NOT TESTED: the limit of another process can be set on Linux only")
    # No file may grow beyond what it has now; the node's log is beneath that.
    before = resource.prlimit(node.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(node.process.pid, resource.RLIMIT_FSIZE, (60_000, before[1]))
    yield
    resource.prlimit(node.process.pid, resource.RLIMIT_FSIZE, before)
