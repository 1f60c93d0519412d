"""Certificates for brokers and clients that speak TLS: of an authority of the test's own, as PEM files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate and its key, each in a file, and both in one; the key's file is locked where it has a password."""

    certificate: Path
    key: Path
    both: Path


class Authority:
    """An authority whose certificates are files in `folder`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._authority = trustme.CA()
        self._folder = folder
        self.file = folder / "authority.pem"
        self._authority.cert_pem.write_to_path(self.file)

    def issue(self, *names: str, password: str = "") -> Certificate:
        """Issue a certificate for host names, addresses or, for a client, a name."""
        issued = self._authority.issue_cert(*names, common_name=names[0])
        key = load_pem_private_key(issued.private_key_pem.bytes(), None)
        lock = BestAvailableEncryption(password.encode()) if password else NoEncryption()
        key_pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock)
        chain = b"".join(blob.bytes() for blob in issued.cert_chain_pems)
        stem = names[0] + ("-locked" if password else "")
        made = Certificate(
            certificate=self._folder / f"{stem}.pem",
            key=self._folder / f"{stem}.key",
            both=self._folder / f"{stem}.both.pem",
        )
        made.certificate.write_bytes(chain)
        made.key.write_bytes(key_pem)
        made.both.write_bytes(key_pem + chain)
        return made
