"""The node as a process of its own. This file is yours: it is never written again."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / "start_node.py"
SECONDS = 30.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == http.HTTPStatus.OK
    except ConnectionError:
        return False
    finally:
        connection.close()


def test_the_node_starts_answers_and_stops(tmp_path: Path) -> None:
    port = free_port()
    process = subprocess.Popen(
        [
            sys.executable,
            str(SCRIPT),
            "--skip-event-bus",
            "--health-port",
            str(port),
        ],
        cwd=tmp_path,
        env={
            **os.environ,
            "HEALTH_HOST": "127.0.0.1",
            "NODESMITH_DATA_DIR": str(tmp_path),
        },
    )
    try:
        deadline = time.monotonic() + SECONDS
        while not is_ready(port):
            assert process.poll() is None, "the node ended by itself"
            assert time.monotonic() < deadline, "the node did not become ready"
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=SECONDS) == 0
    finally:
        process.kill()
        process.wait()
