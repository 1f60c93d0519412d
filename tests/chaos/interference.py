"""The proxy's process, from outside."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HOST = "127.0.0.2"
_STOP_SECONDS = 10.0


class Proxy:
    """Everything that goes to the broker goes through here."""

    def __init__(self, port: int) -> None:
        self.servers = f"{HOST}:{port}"
        command = [sys.executable, "-m", "chaos.proxy", HOST, str(port)]
        path = [str(Path(__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path)}
        self._process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._heard()

    def tell(self, line: str) -> None:
        """Tell it what to do, and wait until it is done."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        self._heard()

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _heard(self) -> None:
        assert self._process.stdout is not None
        assert self._process.stdout.readline(), "the proxy has ended"
