"""Where Consul is and how to speak to it: by Consul's own variables, as its own command line reads them."""

from __future__ import annotations

import os
import re
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast
from urllib.parse import urlsplit

from nodesmith.errors import InputError
from nodesmith.runtime.security import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

HttpChecks = Literal["auto", "always", "never"]

ADDRESS = "CONSUL_HTTP_ADDR"
HTTP_CHECKS = "NODESMITH_CONSUL_HTTP_CHECKS"
DEFAULT_FLEET = "default"
DEFAULT_PORT = 8500
MOST_FLEET = 32
# Only while no registry runs does a check turn critical by itself: what a registry says holds while it is started again,
# and is not said so often that thousands of instances keep an agent busy.
TTL_SECONDS = 60.0
# Read by Consul's own tools, and by nothing here.
UNUSED = (
    "CONSUL_NAMESPACE",
    "CONSUL_PARTITION",
    "CONSUL_CAPATH",
    "CONSUL_TLS_SERVER_NAME",
    "CONSUL_HTTP_AUTH",
)
_CHOICES = ("auto", "always", "never")
_FLEET = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_TRUE = frozenset({"1", "t", "true"})
_FALSE = frozenset({"0", "f", "false"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsulSettings:
    """One agent, and how the fleet is shown there.

    `token_file` is read whenever the services are, so that a token can be exchanged while the registry runs. `http_checks`
    says for which nodes Consul is to look at the health endpoint itself: `auto` where it can be expected to reach it, which
    for a loopback address is only where agent and node run on this host. What is said of a node's health holds for
    `ttl_seconds`, or the node's own time to live where that is longer. `unused` are variables that are set in vain.
    """

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    tls: bool = False
    verify: bool = True
    token: str = field(default="", repr=False)
    token_file: str = ""
    ca_file: str = ""
    client_cert: str = ""
    client_key: str = ""
    fleet: str = DEFAULT_FLEET
    http_checks: HttpChecks = "auto"
    ttl_seconds: float = TTL_SECONDS
    hostname: str = field(default_factory=socket.gethostname)
    unused: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        """`http://127.0.0.1:8500`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"


def read_consul_settings(
    address: str = "", *, fleet: str = DEFAULT_FLEET, environment: Mapping[str, str] | None = None
) -> ConsulSettings | None:
    """Return the settings; None where neither `address` nor CONSUL_HTTP_ADDR says that Consul is wanted.

    Raises InputError for what cannot be used; files are looked at.
    """
    values = os.environ if environment is None else environment
    given = address or values.get(ADDRESS, "")
    if not given:
        return None
    tls, host, port = _read_address(given, named="the address of Consul" if address else ADDRESS)
    ssl = _read_flag(values, "CONSUL_HTTP_SSL", default=False)
    files = {name: _read_file(values, name) for name in _FILES}
    if bool(files["CONSUL_CLIENT_CERT"]) != bool(files["CONSUL_CLIENT_KEY"]):
        raise InputError(
            "one of CONSUL_CLIENT_CERT and CONSUL_CLIENT_KEY is set without the other", fix="set both"
        )
    return ConsulSettings(
        host=host,
        port=port,
        tls=tls or ssl,
        verify=_read_flag(values, "CONSUL_HTTP_SSL_VERIFY", default=True),
        token=Secret(values.get("CONSUL_HTTP_TOKEN", "")),
        token_file=files["CONSUL_HTTP_TOKEN_FILE"],
        ca_file=files["CONSUL_CACERT"],
        client_cert=files["CONSUL_CLIENT_CERT"],
        client_key=files["CONSUL_CLIENT_KEY"],
        fleet=_read_fleet(fleet),
        http_checks=_read_choice(values),
        unused=tuple(name for name in UNUSED if values.get(name)),
    )


_FILES = ("CONSUL_HTTP_TOKEN_FILE", "CONSUL_CACERT", "CONSUL_CLIENT_CERT", "CONSUL_CLIENT_KEY")
_WRITTEN = "write HOST:PORT, http://HOST:PORT or https://HOST:PORT; a token is CONSUL_HTTP_TOKEN"


def _read_address(text: str, *, named: str) -> tuple[bool, str, int]:
    """Return whether it asks for TLS, the host and the port; what is wrong is said without it, as it may hold a password."""
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
        parts = urlsplit("")
    more = parts.username is not None or parts.path.strip("/") or parts.query or parts.fragment
    if parts.scheme not in {"http", "https"} or not host or more:
        raise InputError(f"{named} cannot be used as one", fix=_WRITTEN)
    return parts.scheme == "https", host, DEFAULT_PORT if port is None else port


def _read_flag(values: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = values.get(name, "").strip().lower()
    if not text:
        return default
    if text not in _TRUE | _FALSE:
        raise InputError(f"{name} is {text!r}", fix="use true or false")
    return text in _TRUE


def _read_file(values: Mapping[str, str], name: str) -> str:
    path = values.get(name, "")
    if path:
        try:
            Path(path).open("rb").close()
        except OSError as error:
            # Without its path: who took the variable for that of the token has put the token there.
            raise InputError(
                f"{name} names a file that cannot be read: {error.strerror}", fix="name one that can be"
            ) from None
    return path


def _read_fleet(fleet: str) -> str:
    if not _FLEET.fullmatch(fleet) or len(fleet) > MOST_FLEET:
        raise InputError(
            f"a fleet cannot be called {fleet[:100]!r}",
            fix=f"use lower-case letters, digits and single dashes, {MOST_FLEET} characters at most",
        )
    return fleet


def _read_choice(values: Mapping[str, str]) -> HttpChecks:
    choice = values.get(HTTP_CHECKS, "").strip().lower() or "auto"
    if choice not in _CHOICES:
        raise InputError(f"{HTTP_CHECKS} is {choice!r}", fix=f"use one of {', '.join(_CHOICES)}")
    return cast("HttpChecks", choice)
