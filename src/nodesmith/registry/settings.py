"""How a registry runs."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from nodesmith.errors import InputError
from nodesmith.registry.fleet import KEEP_SECONDS
from nodesmith.registry.hosts import is_loopback
from nodesmith.runtime.security import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_PORT = 8510
TOKEN = "NODESMITH_REGISTRY_TOKEN"  # noqa: S105 - the variable's name
LEAST_TOKEN = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrySettings:
    """Where a registry listens and where it is listened to. A `port` of 0 is any free one.

    Without a `token` everybody who reaches it may see and do everything: then it listens on this machine alone.
    """

    kafka_servers: str
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    token: str = field(default="", repr=False)
    keep_seconds: float = KEEP_SECONDS

    def __post_init__(self) -> None:
        """Raise InputError where it would be open to others without a token."""
        if not self.token and not self.is_private:
            raise InputError(
                f"the registry would listen on {self.host or 'every address'} without a token",
                fix=f"set {TOKEN} or --token-file, or listen on 127.0.0.1",
            )

    @property
    def is_private(self) -> bool:
        """Whether only this machine can reach it."""
        return is_loopback(self.host)


def read_token(token_file: str | None, *, environment: Mapping[str, str] | None = None) -> str:
    """Return the token of a file, or of NODESMITH_REGISTRY_TOKEN or the file that NODESMITH_REGISTRY_TOKEN_FILE names.

    Empty where none is set; raises InputError for one that cannot be read or is easily guessed.
    """
    values = os.environ if environment is None else environment
    path = token_file or values.get(f"{TOKEN}_FILE", "")
    if not path:
        return _checked(values.get(TOKEN, ""), TOKEN) if values.get(TOKEN) else ""
    try:
        text = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise InputError(
            f"the token file {path} cannot be read: {reason}", fix="name a file with the token"
        ) from error
    return _checked(text, f"the token in {path}")


def _checked(token: str, named: str) -> str:
    if len(token) < LEAST_TOKEN or not token.isascii() or not token.isprintable() or " " in token:
        raise InputError(
            f"{named} is no token of at least {LEAST_TOKEN} letters, digits and signs",
            fix="make one: python -c 'import secrets; print(secrets.token_urlsafe(32))'",
        )
    return Secret(token)
