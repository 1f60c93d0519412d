"""Start a node's script off the bus, wait until it says it is ready, ask it to stop: exit 0 where all of it went well.

Run as `python -m nodesmith.generation.start_and_stop SCRIPT`.
"""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory

READY_SECONDS = 30.0
STOP_SECONDS = 30.0
PAUSE_SECONDS = 0.02


def start_and_stop(script: Path) -> str:
    """Return what went wrong, or an empty text."""
    port = _free_port()
    command = [sys.executable, str(script), "--skip-event-bus", "--health-port", str(port)]
    with TemporaryDirectory() as folder:
        environment = {**os.environ, "HEALTH_HOST": "127.0.0.1", "NODESMITH_DATA_DIR": folder}
        process = subprocess.Popen(command, cwd=folder, env=environment)
        try:
            return _wait_until_ready(process, port) or _stop(process)
        finally:
            process.kill()
            process.wait()


def _wait_until_ready(process: subprocess.Popen[bytes], port: int) -> str:
    deadline = time.monotonic() + READY_SECONDS
    while not _is_ready(port):
        if process.poll() is not None:
            return f"the node ended by itself, with exit status {process.returncode}, before it was ready"
        if time.monotonic() > deadline:
            return f"the node was not ready after {READY_SECONDS:g} s"
        time.sleep(PAUSE_SECONDS)
    return ""


def _stop(process: subprocess.Popen[bytes]) -> str:
    process.send_signal(signal.SIGTERM)
    try:
        status = process.wait(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        return f"the node still ran {STOP_SECONDS:g} s after SIGTERM"
    return f"the node ended with exit status {status} after SIGTERM" if status else ""


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=READY_SECONDS)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    problem = start_and_stop(Path(sys.argv[1]))
    if problem:
        sys.exit(problem)
