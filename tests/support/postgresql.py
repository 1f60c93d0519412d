"""A real PostgreSQL for tests: started in a folder of its own, on a free port of the loopback interface."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import psutil
import psycopg
import pytest
from psycopg.sql import SQL, Identifier
from support.ports import free_port
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

START_SECONDS = 30.0
STOP_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningPostgresql:
    """A server that takes connections of anybody on this machine."""

    process: subprocess.Popen[bytes]
    folder: Path
    port: int

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def ask_for_password(self, user: str, password: str) -> str:
        """Make a user whom the server knows by a password alone, and return its address without one."""
        rules = self.folder / "data" / "pg_hba.conf"
        rules.write_text(f"host all {user} 127.0.0.1/32 scram-sha-256\n{rules.read_text()}")
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(
                SQL("CREATE ROLE {} SUPERUSER LOGIN PASSWORD {}").format(Identifier(user), password)
            )
            connection.execute("SELECT pg_reload_conf()")
        return f"127.0.0.1:{self.port}/postgres"

    def stop(self) -> None:
        """End it at once, sessions and all, as a crash of its machine would."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(STOP_SECONDS)

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Stop every process of it, and let them go on: connections hold, and nothing is answered."""
        server = psutil.Process(self.process.pid)
        stopped = [server, *server.children(recursive=True)]
        for process in stopped:
            process.suspend()
        try:
            yield
        finally:
            for process in stopped:
                process.resume()


@contextmanager
def running_postgresql(folder: Path | None = None, port: int = 0) -> Iterator[RunningPostgresql]:
    """Run PostgreSQL on `folder`, made where it is missing.

    Where PostgreSQL cannot be had, the test that asks for it is skipped, and says so.
    """
    programs = _programs()
    own = folder is None
    # Not pytest's folder: that is closed to everybody else, and PostgreSQL refuses to run as root.
    folder = folder or Path(tempfile.mkdtemp(prefix="nodesmith-postgresql-"))
    port = port or free_port()
    try:
        if not (folder / "data").exists():
            _make(programs, folder)
        command = [
            *_as_postgres(), str(programs / "postgres"), "-D", str(folder / "data"), "-p", str(port), "-k", str(folder),
            "-c", "listen_addresses=127.0.0.1", "-c", "shared_buffers=16MB", "-c", "max_connections=40",
        ]  # fmt: skip
        with (
            (folder / "log").open("ab") as log,
            subprocess.Popen(command, stdout=log, stderr=log) as process,
        ):
            running = RunningPostgresql(process=process, folder=folder, port=port)
            try:
                _wait_until_it_answers(programs, running)
                yield running
            finally:
                if process.poll() is None:
                    running.stop()
    finally:
        if own:
            shutil.rmtree(folder, ignore_errors=True)


def _skip(reason: str) -> NoReturn:
    pytest.skip(f"NOT TESTED ON POSTGRESQL: {reason}")


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if found:
        return found[-1].parent
    if on_path := shutil.which("postgres"):
        return Path(on_path).parent
    _skip("PostgreSQL's server is not installed")


def _as_postgres() -> Sequence[str]:
    if os.geteuid() != 0:
        return ()
    try:
        user = pwd.getpwnam("postgres")
    except KeyError:
        _skip("PostgreSQL refuses to run as root, and there is no user 'postgres'")
    if shutil.which("setpriv") is None:
        _skip("PostgreSQL refuses to run as root, and setpriv is not installed")
    return ("setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups")


def _make(programs: Path, folder: Path) -> None:
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    command = [
        *_as_postgres(),
        str(programs / "initdb"),
        "-D",
        str(folder / "data"),
        "-U",
        "postgres",
        "-A",
        "trust",
    ]
    done = subprocess.run([*command, "-N"], capture_output=True, text=True, check=False)
    if done.returncode:
        _skip(f"initdb failed: {done.stderr.strip()}")


def _wait_until_it_answers(programs: Path, running: RunningPostgresql) -> None:
    asks = [str(programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(running.port)]

    def answers() -> bool:
        assert running.process.poll() is None, (running.folder / "log").read_text()
        return subprocess.run(asks, check=False).returncode == 0

    wait_until(answers, seconds=START_SECONDS, why="PostgreSQL answering")
