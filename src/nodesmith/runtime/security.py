"""How the Kafka clients of a program show who they are and know whom they talk to: from its environment.

Every setting that is wrong, or that contradicts another one, is an error with its name and what to do; none repeats a secret.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from nodesmith.errors import InputError
from nodesmith.runtime.further_settings import further_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER")
PROTOCOL = "KAFKA_SECURITY_PROTOCOL"
MECHANISM = "KAFKA_SASL_MECHANISM"

# The client's own names by the names of variables.
_PASSWORD_SETTINGS = {"KAFKA_SASL_USERNAME": "sasl.username", "KAFKA_SASL_PASSWORD": "sasl.password"}
_TOKEN_SETTINGS = {
    "KAFKA_SASL_OAUTHBEARER_CLIENT_ID": "sasl.oauthbearer.client.id",
    "KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET": "sasl.oauthbearer.client.secret",
    "KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL": "sasl.oauthbearer.token.endpoint.url",
    "KAFKA_SASL_OAUTHBEARER_SCOPE": "sasl.oauthbearer.scope",
}
_TLS_SETTINGS = {
    "KAFKA_SSL_CA_LOCATION": "ssl.ca.location",
    "KAFKA_SSL_CERTIFICATE_LOCATION": "ssl.certificate.location",
    "KAFKA_SSL_KEY_LOCATION": "ssl.key.location",
    "KAFKA_SSL_KEY_PASSWORD": "ssl.key.password",
}
SECRETS = ("KAFKA_SASL_PASSWORD", "KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET", "KAFKA_SSL_KEY_PASSWORD")
VARIABLES = (
    *(PROTOCOL, MECHANISM, *_PASSWORD_SETTINGS, *_TOKEN_SETTINGS, *_TLS_SETTINGS),
    *(f"{name}_FILE" for name in SECRETS),
)


class Secret(str):
    """A text that is not shown where a dictionary or an object that holds it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Return what says only that there is one."""
        return "'***'"


def client_security(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return librdkafka's settings for what KAFKA_SECURITY_PROTOCOL and its kin ask for; raise InputError.

    Files are read to see that they can be used. KAFKA_CLIENT_<NAME> are further settings of the client.
    """
    values = _given(environment)
    protocol = _one_of(values, PROTOCOL, PROTOCOLS)
    if not protocol:
        _refuse_all(
            values, "and KAFKA_SECURITY_PROTOCOL is not", fix=f"{PROTOCOL} is one of {', '.join(PROTOCOLS)}"
        )
        return further_settings(environment)
    settings: dict[str, Any] = {"security.protocol": protocol}
    is_sasl, is_tls = protocol.startswith("SASL_"), protocol.endswith("SSL")
    sasl, tls = _part(values, "KAFKA_SASL_"), _part(values, "KAFKA_SSL_")
    if is_sasl:
        settings.update(_sasl(sasl))
    else:
        _refuse_all(
            sasl, f"and {PROTOCOL} is {protocol}, which knows no users", fix=f"set {PROTOCOL} to SASL_SSL"
        )
    if is_tls:
        settings.update(_tls(tls))
    else:
        other = "SASL_SSL" if is_sasl else "SSL"
        _refuse_all(
            tls, f"and {PROTOCOL} is {protocol}, which is without TLS", fix=f"set {PROTOCOL} to {other}"
        )
    return {**settings, **further_settings(environment)}


def _given(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what is set, secrets read from their files."""
    values = {name: environment[name] for name in VARIABLES if environment.get(name)}
    for name in SECRETS:
        file = values.pop(f"{name}_FILE", "")
        if name in values and file:
            raise InputError(
                f"{name} and {name}_FILE are both set", fix="set one of them: the file is the safer one"
            )
        if file:
            # Named without its path: who took the variable for that of the secret has put the secret there.
            values[name] = _read(f"{name}_FILE", file, shown="the file it names").rstrip("\r\n")
            if not values[name]:
                raise InputError(
                    f"{name}_FILE names an empty file", fix="write the secret into it, and nothing else"
                )
        if name in values:
            values[name] = Secret(values[name])
    return values


def _part(values: Mapping[str, str], prefix: str) -> dict[str, str]:
    return {name: value for name, value in values.items() if name.startswith(prefix)}


def _one_of(values: dict[str, str], name: str, choices: tuple[str, ...]) -> str:
    text = values.pop(name, "")
    if text and text.upper() not in choices:
        raise InputError(f"{name} is {text!r}", fix=f"use one of {', '.join(choices)}")
    return text.upper()


def _refuse_all(values: Mapping[str, str], why: str, *, fix: str) -> None:
    for name in values:
        raise InputError(f"{name} is set, {why}", fix=f"{fix}, or leave {name} out")


def _sasl(values: dict[str, str]) -> dict[str, Any]:
    mechanism = _one_of(values, MECHANISM, MECHANISMS)
    if not mechanism:
        raise InputError(
            f"{MECHANISM} is not set", fix=f"use what the broker offers: {', '.join(MECHANISMS)}"
        )
    if mechanism == "OAUTHBEARER":
        wanted, others = _TOKEN_SETTINGS, _PASSWORD_SETTINGS
        optional = frozenset({"KAFKA_SASL_OAUTHBEARER_SCOPE"})
        settings = {"sasl.mechanism": mechanism, "sasl.oauthbearer.method": "oidc"}
    else:
        wanted, others = _PASSWORD_SETTINGS, _TOKEN_SETTINGS
        optional = frozenset()
        settings = {"sasl.mechanism": mechanism}
    url = values.get("KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL", "http://")
    if not url.startswith(("http://", "https://")) or "@" in url:
        raise InputError(
            "KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL is no URL of a token endpoint",
            fix="write https://HOST/PATH; the client's id and secret have variables of their own",
        )
    strays = {name: value for name, value in values.items() if name in others}
    _refuse_all(strays, f"and {MECHANISM} is {mechanism}, which has no use for it", fix=f"change {MECHANISM}")
    for name in wanted:
        if name not in values and name not in optional:
            file = f" or {name}_FILE" if name in SECRETS else ""
            raise InputError(f"{MECHANISM} is {mechanism}, and {name} is not set", fix=f"set {name}{file}")
    return {**settings, **{wanted[name]: value for name, value in values.items()}}


def _tls(values: Mapping[str, str]) -> dict[str, Any]:
    _needs(values, "KAFKA_SSL_CERTIFICATE_LOCATION", "KAFKA_SSL_KEY_LOCATION")
    _needs(values, "KAFKA_SSL_KEY_LOCATION", "KAFKA_SSL_CERTIFICATE_LOCATION")
    _needs(values, "KAFKA_SSL_KEY_PASSWORD", "KAFKA_SSL_KEY_LOCATION")
    settings: dict[str, Any] = {_TLS_SETTINGS[name]: value for name, value in values.items()}
    if authority := values.get("KAFKA_SSL_CA_LOCATION"):
        _check_authority("KAFKA_SSL_CA_LOCATION", authority)
    if certificate := values.get("KAFKA_SSL_CERTIFICATE_LOCATION"):
        _check_certificate(
            certificate, values["KAFKA_SSL_KEY_LOCATION"], values.get("KAFKA_SSL_KEY_PASSWORD", "")
        )
    return settings


def _needs(values: Mapping[str, str], name: str, other: str) -> None:
    if name in values and other not in values:
        raise InputError(f"{name} is set, and {other} is not", fix=f"set {other} as well, or neither")


def _check_authority(name: str, path: str) -> None:
    import ssl

    if Path(path).is_dir():  # of certificates by their hashes, as the system's own
        return
    _look_for("CERTIFICATE-----", _read(name, path), name, path, what="a certificate")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError as error:
        raise InputError(
            f"{name}: the certificates in {path} cannot be read: {error.reason}",
            fix="use a PEM file that is whole",
        ) from None


def _check_certificate(certificate: str, key: str, password: str) -> None:
    """See that the key can be opened and is that of the certificate."""
    import ssl

    name, key_name = "KAFKA_SSL_CERTIFICATE_LOCATION", "KAFKA_SSL_KEY_LOCATION"
    _look_for("CERTIFICATE-----", _read(name, certificate), name, certificate, what="a certificate")
    text = _read(key_name, key)
    _look_for("PRIVATE KEY-----", text, key_name, key, what="a private key")
    if "ENCRYPTED" in text and not password:
        raise InputError(
            f"{key_name}: the key in {key} is locked with a password",
            fix="set KAFKA_SSL_KEY_PASSWORD or KAFKA_SSL_KEY_PASSWORD_FILE",
        )
    try:
        # Without a password it would ask for one at the terminal.
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(certificate, key, password=password or "-")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise InputError(
                f"the key in {key} is not that of the certificate in {certificate}",
                fix=f"name the pair: {name} and {key_name}",
            ) from None
        fault = "KAFKA_SSL_KEY_PASSWORD does not open it, or it is damaged" if password else "it is damaged"
        raise InputError(
            f"{key_name}: the key in {key}, or its certificate, cannot be used: {fault}",
            fix="use PEM files that are whole, and the key's own password",
        ) from None


def _look_for(mark: str, text: str, name: str, path: str, *, what: str) -> None:
    if mark not in text:
        raise InputError(
            f"{name}: {path} holds no PEM of {what}", fix=f"name a file with a line '-----BEGIN ...{mark}'"
        )


def _read(name: str, path: str, *, shown: str = "") -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise InputError(
            f"{name}: {shown or path} cannot be read: {error.strerror}",
            fix="name a file that is there and may be read",
        ) from None
    except ValueError:  # a null byte in the name
        raise InputError(f"{name} is no name of a file", fix="name a file") from None
