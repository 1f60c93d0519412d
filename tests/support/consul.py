"""A real Consul for tests: one agent in dev mode on the loopback interface, which keeps nothing."""

from __future__ import annotations

import json
import signal
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

import pytest
from support.consul_distribution import NoConsulError, consul_program
from support.ports import free_port
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from support.certificates import Authority

START_SECONDS = 30.0
STOP_SECONDS = 10.0
ROOT_TOKEN = "5d2b0b3e-6d0e-4b6a-9a58-0d8f6a3f1c11"
_ACL = {"acl": {"enabled": True, "default_policy": "deny", "tokens": {"initial_management": ROOT_TOKEN}}}


@dataclass(slots=True, kw_only=True)
class RunningConsul:
    """An agent that answers at `port`, and may be killed, paused and started again there; its log is in `log`.

    What is asked here is asked past the client under test.
    """

    folder: Path
    port: int
    configuration: Mapping[str, Any] = field(default_factory=dict)
    token: str = ""
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, empty, and wait until it answers and leads itself."""
        configuration = self.folder / "configuration.json"
        configuration.write_text(json.dumps(self.configuration))
        flags = {"bind": "127.0.0.1", "http-port": self.port, "server-port": free_port()}
        flags |= {"serf-lan-port": free_port(), "serf-wan-port": -1, "dns-port": -1}
        flags |= {"grpc-port": -1, "grpc-tls-port": -1}
        command = [str(consul_program()), "agent", "-dev", "-config-file", str(configuration)]
        for name, value in flags.items():
            command += [f"-{name}", str(value)]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_until(self._leads, seconds=START_SECONDS, why="Consul's first answer")

    def kill(self) -> None:
        """Send SIGKILL, and wait until the process is gone: all that it knew is gone with it."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(STOP_SECONDS)

    def pause(self) -> None:
        """Let it accept connections and say nothing."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it answer again."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def services(self) -> dict[str, Any]:
        """Return the agent's services by their ids."""
        found: dict[str, Any] = self.ask("GET", "/v1/agent/services")
        return found

    def checks(self, service_id: str) -> dict[str, str]:
        """Return the status of each check of a service, by the check's id."""
        chosen = quote(f'ServiceID == "{service_id}"')
        found = self.ask("GET", f"/v1/agent/checks?filter={chosen}")
        return {check["CheckID"]: check["Status"] for check in found.values()}

    def passing(self, name: str) -> list[str]:
        """Return the ids of a service's instances that users of Consul are sent to."""
        found = self.ask("GET", f"/v1/health/service/{name}?passing=1")
        return [entry["Service"]["ID"] for entry in found]

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """Send a request with the agent's own token, and return the answer's JSON; None where it has none."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"X-Consul-Token": self.token} if self.token else {}
        request = Request(f"{self.address}{path}", data=data, method=method, headers=headers)
        with urlopen(request, timeout=5) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def _leads(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (
            f"Consul did not start:\n{(self.folder / 'log').read_text()[-2000:]}"
        )
        try:
            leader = self.ask("GET", "/v1/status/leader")
            return bool(leader) and bool(self.ask("GET", "/v1/catalog/nodes"))
        except (URLError, OSError):
            return False


@contextmanager
def running_consul(
    folder: Path, *, with_acl: bool = False, tls: Authority | None = None
) -> Iterator[RunningConsul]:
    """Run Consul; where it cannot be had, the test that asks for it is skipped, and says so.

    With `with_acl` everything is denied to whoever has no token, and the agent's own may do all. With `tls` it answers
    at `https_port` too, where a client shows a certificate of that authority.
    """
    try:
        consul_program()
    except NoConsulError as reason:
        pytest.skip(f"NOT TESTED ON CONSUL: {reason}")
    folder.mkdir(parents=True, exist_ok=True)
    configuration: dict[str, Any] = {"disable_update_check": True, "log_level": "warn"}
    if with_acl:
        configuration |= _ACL
    if tls is not None:
        configuration |= _tls(tls)
    running = RunningConsul(
        folder=folder,
        port=free_port(),
        configuration=configuration,
        token=ROOT_TOKEN if with_acl else "",
    )
    running.start()
    try:
        yield running
    finally:
        if running.process is not None and running.process.poll() is None:
            running.kill()


def _tls(authority: Authority) -> dict[str, Any]:
    agent = authority.issue("127.0.0.1", "localhost")
    files = {
        "ca_file": str(authority.file),
        "cert_file": str(agent.certificate),
        "key_file": str(agent.key),
    }
    return {"ports": {"https": free_port()}, "tls": {"https": {**files, "verify_incoming": True}}}


def https_port(consul: RunningConsul) -> int:
    """Return where an agent that was started with `tls` speaks it."""
    return int(consul.configuration["ports"]["https"])


def new_token(consul: RunningConsul, rules: str) -> str:
    """Make a token that may do what `rules` say, in Consul's own language, and return its secret."""
    policy = consul.ask("PUT", "/v1/acl/policy", {"Name": f"policy-{free_port()}", "Rules": rules})
    token = consul.ask("PUT", "/v1/acl/token", {"Policies": [{"ID": policy["ID"]}]})
    return str(token["SecretID"])
