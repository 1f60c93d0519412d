"""What keeps a client from using a broker, found out by a look of our own and said in a person's words.

The Kafka client says of many faults only that all brokers are down: of a port that wants TLS, that speaks HTTP or nothing at
all, of a broker that asks for a user. One connection that sends two requests of the protocol tells them apart.
"""

from __future__ import annotations

import socket
import ssl
import struct
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nodesmith.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

LOOK_SECONDS = 2.0
_SHORTER_SECONDS = 1.0
_ONCE_MORE_SECONDS = 0.2
_DEFAULT_PORT = 9092
_LARGEST_ANSWER = 1_048_576
_HEAD_BYTES = 8
_API_VERSIONS, _SASL_HANDSHAKE = (18, 0), (17, 1)
_UNSUPPORTED_MECHANISM, _NO_SASL_HERE = 33, 34
_NO_MECHANISM = "NONE"
_HOST_MISMATCHES = frozenset({62, 64})  # OpenSSL's codes: of a host name, of an address
_UNKNOWN_AUTHORITY = frozenset({2, 18, 19, 20, 21})
_SET_PROTOCOL = (
    "set KAFKA_SECURITY_PROTOCOL to what the broker expects on this port, or name another port of it"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """What stands between a client and a broker, and what to do about it."""

    what: str
    fix: str = ""


class _Failed(Exception):  # noqa: N818 - control flow inside this module, with what was found
    def __init__(self, what: str, fix: str = "") -> None:
        super().__init__(what)
        self.obstacle = Obstacle(what=what, fix=fix)


class _ClosedError(Exception):
    """The other side has closed the connection."""


class _SilentError(Exception):
    """The other side says nothing."""


class _ForeignError(Exception):
    """The other side speaks another protocol: its first bytes."""

    def __init__(self, first: bytes) -> None:
        super().__init__(first)
        self.is_http = first.startswith(b"HTTP")


def examine(server: str, settings: Mapping[str, Any]) -> Obstacle | None:
    """Return what keeps a client of `settings` from using the broker at `server`; None where nothing was found.

    That a password is wrong is not found out here: none is sent. Blocks for some LOOK_SECONDS, and for as long as the
    system takes to resolve a host name.
    """
    host, port = _split(server)
    try:
        _Look(host, port, settings).look()
    except _Failed as found:
        return found.obstacle
    except (OSError, ValueError, struct.error):  # it has gone in this very moment: the next look will tell
        return None
    return None


def _split(server: str) -> tuple[str, int]:
    host, _, port = server.strip().rpartition("://")[2].rpartition(":")
    return (host.strip("[]"), int(port)) if host and port.isdigit() else (server.strip(), _DEFAULT_PORT)


class _Look:
    """One look at one broker; raises _Failed with what was found."""

    def __init__(self, host: str, port: int, settings: Mapping[str, Any]) -> None:
        self._host, self._port, self._settings = host, port, settings
        self._place = f"{host}:{port}"
        self._protocol = str(settings.get("security.protocol", "PLAINTEXT")).upper()

    def look(self) -> None:
        with self._connect() as connection:
            if self._protocol.endswith("SSL"):
                self._with_tls(connection)
            else:
                self._without_tls(connection)

    def _connect(self, seconds: float = LOOK_SECONDS) -> socket.socket:
        try:
            return socket.create_connection((self._host, self._port), timeout=seconds)
        except socket.gaierror as error:
            raise _Failed(
                f"the host name '{self._host}' cannot be resolved ({error.strerror})",
                "check the name in KAFKA_BOOTSTRAP_SERVERS, and the DNS of this host",
            ) from None
        except TimeoutError:
            raise _Failed(
                f"{self._place} does not take a connection within {seconds:g} s",
                "see that the broker runs there, and that no firewall is between",
            ) from None
        except OSError as error:
            reason = error.strerror or str(error)
            what = (
                f"nothing listens at {self._place}"
                if isinstance(error, ConnectionRefusedError)
                else self._place
            )
            raise _Failed(
                f"{what} ({reason})",
                "start one (`nodesmith broker`), or set KAFKA_BOOTSTRAP_SERVERS to where one is",
            ) from None

    def _without_tls(self, connection: socket.socket) -> None:
        try:
            try:
                self._speak_kafka(connection)
            except (_ClosedError, _ForeignError):
                self._speak_once_more()
        except (_ClosedError, _ForeignError) as error:
            if isinstance(error, _ForeignError) and error.is_http:
                raise self._http() from None
            if self._takes_tls():
                raise _Failed(
                    f"{self._place} expects TLS, and KAFKA_SECURITY_PROTOCOL is {self._protocol}",
                    _SET_PROTOCOL,
                ) from None
            said = (
                "closes the connection at once"
                if isinstance(error, _ClosedError)
                else "answers with something else"
            )
            raise _Failed(f"{self._place} does not speak Kafka: it {said}", _SET_PROTOCOL) from None
        except _SilentError:
            raise self._silent() from None

    def _with_tls(self, connection: socket.socket) -> None:
        try:
            with tls_context(self._settings).wrap_socket(connection, server_hostname=self._host) as stream:
                self._speak_kafka(stream)
        except ssl.SSLCertVerificationError as error:
            raise self._distrusted(error) from None
        except (ssl.SSLError, _ClosedError, ConnectionError) as error:
            reason = getattr(error, "reason", None) or ""
            if "CERTIFICATE" in reason or "UNKNOWN_CA" in reason:
                raise self._unknown_client(reason) from None
            raise self._no_tls(reason) from None
        except _ForeignError:
            raise _Failed(f"{self._place} speaks TLS, but not Kafka inside it", _SET_PROTOCOL) from None
        except (TimeoutError, _SilentError):
            raise self._silent() from None

    def _speak_once_more(self) -> None:
        """Ask anew: a broker that stops, or dies, at this very moment breaks off as well, and then it is not there any more."""
        time.sleep(_ONCE_MORE_SECONDS)
        with self._connect() as connection:
            self._speak_kafka(connection)

    def _speak_kafka(self, stream: socket.socket) -> None:
        """Ask what the broker can, and which mechanisms of authentication it offers."""
        _ask(stream, _API_VERSIONS)
        mechanism = str(self._settings.get("sasl.mechanism", ""))
        text = (mechanism or _NO_MECHANISM).encode()
        try:
            answer = _ask(stream, _SASL_HANDSHAKE, struct.pack(">h", len(text)) + text)
        except (_ClosedError, _ForeignError, _SilentError, OSError):
            return  # not every broker without users knows this question
        (code,) = struct.unpack_from(">h", answer)
        offered = ", ".join(_strings(answer[2:])) or "none"
        if code == _UNSUPPORTED_MECHANISM and not mechanism:
            raise _Failed(
                f"the broker at {self._place} asks for a user (SASL: {offered}), and KAFKA_SECURITY_PROTOCOL is {self._protocol}",
                "set KAFKA_SECURITY_PROTOCOL, KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD",
            )
        if code == _UNSUPPORTED_MECHANISM:
            raise _Failed(
                f"the broker at {self._place} does not offer {mechanism}; it offers {offered}",
                "set KAFKA_SASL_MECHANISM to one that it offers",
            )
        if code == _NO_SASL_HERE and mechanism:
            raise _Failed(
                f"the broker at {self._place} asks for no user on this port, and KAFKA_SECURITY_PROTOCOL is {self._protocol}",
                _SET_PROTOCOL,
            )

    def _takes_tls(self) -> bool:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with suppress(OSError, _Failed), self._connect() as connection, context.wrap_socket(connection):
            return True
        return False

    def _silent(self) -> _Failed:
        """Tell a broker that says nothing from a server that waits for a request it can read."""
        with suppress(OSError, _Failed), self._connect(_SHORTER_SECONDS) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            if connection.recv(4) == b"HTTP":
                return self._http()
        return _Failed(
            f"{self._place} takes the connection and then says nothing",
            "see whether the broker there is overloaded, stopped, or still starting",
        )

    def _http(self) -> _Failed:
        return _Failed(
            f"{self._place} speaks HTTP, not Kafka", "name the broker's own port in KAFKA_BOOTSTRAP_SERVERS"
        )

    def _no_tls(self, reason: str) -> _Failed:
        """Tell what is there instead of a broker that speaks TLS; that nothing is there any more is raised."""
        time.sleep(_ONCE_MORE_SECONDS)
        with suppress(OSError, _ClosedError), self._connect() as connection:
            try:
                _ask(connection, _API_VERSIONS)
            except _ForeignError as error:
                if error.is_http:
                    return self._http()
            except _SilentError:
                return self._silent()
            else:
                return _Failed(
                    f"the broker at {self._place} speaks without TLS, and KAFKA_SECURITY_PROTOCOL is {self._protocol}",
                    _SET_PROTOCOL,
                )
        said = f" ({reason.replace('_', ' ').lower()})" if reason else ""
        return _Failed(f"{self._place} breaks off the beginning of TLS{said}", _SET_PROTOCOL)

    def _distrusted(self, error: ssl.SSLCertVerificationError) -> _Failed:
        whose = f"the certificate of the broker at {self._place}"
        if error.verify_code in _HOST_MISMATCHES:
            return _Failed(
                f"{whose} is not for '{self._host}'",
                "name the broker in KAFKA_BOOTSTRAP_SERVERS as its certificate does",
            )
        if error.verify_code in _UNKNOWN_AUTHORITY:
            file = self._settings.get("ssl.ca.location")
            known = f"in {file} (KAFKA_SSL_CA_LOCATION)" if file else "this host knows"
            return _Failed(
                f"{whose} is signed by no authority {known}",
                "set KAFKA_SSL_CA_LOCATION to the certificate of the authority that signed it",
            )
        return _Failed(
            f"{whose} is not valid: {error.verify_message}", "let the broker have a valid certificate"
        )

    def _unknown_client(self, reason: str) -> _Failed:
        pair = "KAFKA_SSL_CERTIFICATE_LOCATION and KAFKA_SSL_KEY_LOCATION"
        if "ssl.certificate.location" not in self._settings:
            return _Failed(f"the broker at {self._place} asks for a certificate of the client", f"set {pair}")
        said = reason.partition("ALERT_")[2].replace("_", " ").lower() or "no reason given"
        return _Failed(
            f"the broker at {self._place} refuses the certificate in {self._settings['ssl.certificate.location']} ({said})",
            f"set {pair} to a pair whose authority the broker trusts",
        )


def tls_context(settings: Mapping[str, Any]) -> ssl.SSLContext:
    """Return what the Kafka client's settings mean for TLS in Python."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if str(settings.get("ssl.endpoint.identification.algorithm", "https")).lower() == "none":
        context.check_hostname = False
    if str(settings.get("enable.ssl.certificate.verification", "true")).lower() == "false":
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if authority := settings.get("ssl.ca.location"):
        is_folder = Path(authority).is_dir()
        context.load_verify_locations(**{"capath" if is_folder else "cafile": authority})
    else:
        context.load_default_certs()
    if certificate := settings.get("ssl.certificate.location"):
        # Without a password it would ask for one at the terminal.
        context.load_cert_chain(
            certificate, settings.get("ssl.key.location"), password=settings.get("ssl.key.password") or "-"
        )
    return context


def _ask(stream: socket.socket, question: tuple[int, int], body: bytes = b"") -> bytes:
    """Send a request of the Kafka protocol and return the answer after its head."""
    client = b"nodesmith"
    head = struct.pack(">hhih", *question, question[0], len(client)) + client
    try:
        stream.sendall(struct.pack(">i", len(head) + len(body)) + head + body)
        first = _read(stream, _HEAD_BYTES)
        size, number = struct.unpack(">ii", first)
        if number != question[0] or not _HEAD_BYTES <= size <= _LARGEST_ANSWER:
            raise _ForeignError(first)
        return _read(stream, size - 4)
    except TimeoutError:
        raise _SilentError from None
    except ConnectionError:
        raise _ClosedError from None


def _read(stream: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        try:
            more = stream.recv(count - len(data))
        except ConnectionError:
            more = b""
        if not more and data:
            raise _ForeignError(data)
        if not more:
            raise _ClosedError
        data += more
    return data


def _strings(data: bytes) -> list[str]:
    (count,) = struct.unpack_from(">i", data)
    found, at = [], 4
    for _ in range(min(count, 20)):
        (size,) = struct.unpack_from(">h", data, at)
        found.append(data[at + 2 : at + 2 + size].decode(errors="replace"))
        at += 2 + size
    return found
