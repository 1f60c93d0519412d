"""The broker's data folder: one broker at a time, a cluster id that stays, producer ids that never come twice."""

from __future__ import annotations

import base64
import fcntl
import json
import os
from typing import TYPE_CHECKING
from uuid import uuid4

from nodesmith.broker.files import write_whole
from nodesmith.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

_PRODUCER_IDS_A_START = 1_000_000
_FORMAT = 1


class DataDir:
    """A locked data folder; made where it does not exist. Raises `InputError` where it cannot be used."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise InputError(
                f"the data folder {path} cannot be used: {error.strerror}",
                fix="give a folder that can be written with --data-dir",
            ) from error
        try:
            self._take_lock()
            self._start()
        except BaseException:
            os.close(self._lock)
            raise

    def next_producer_id(self) -> int:
        """Return an id that no producer of this data folder has had."""
        if self._next_producer_id == self._producer_ids_end:
            self._reserve_producer_ids()
        self._next_producer_id += 1
        return self._next_producer_id - 1

    def close(self) -> None:
        """Let another broker use the folder."""
        os.close(self._lock)

    def _take_lock(self) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner = os.pread(self._lock, 32, 0).decode(errors="replace").strip()
            raise InputError(
                f"the data folder {self.path} is in use by another broker"
                + (f" (process {owner})" if owner else ""),
                fix="stop that one, or give this one a folder of its own with --data-dir",
            ) from error
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)

    def _start(self) -> None:
        self._description = self.path / "broker.json"
        self.cluster_id, self._producer_ids_end = _new_cluster_id(), 0
        if self._description.exists():
            self._read()
        self._reserve_producer_ids()

    def _read(self) -> None:
        try:
            described = json.loads(self._description.read_text(encoding="utf-8"))
            fits = described["format"] == _FORMAT
            self.cluster_id = str(described["cluster_id"])
            self._producer_ids_end = int(described["producer_ids"])
        except (ValueError, TypeError, KeyError):
            fits = False
        if not fits:
            raise InputError(
                f"{self._description} was not written by a broker of this version",
                fix="give another folder with --data-dir, or delete this one if its records are not needed",
            )

    def _reserve_producer_ids(self) -> None:
        self._next_producer_id: int = self._producer_ids_end
        self._producer_ids_end += _PRODUCER_IDS_A_START
        described = {"format": _FORMAT, "cluster_id": self.cluster_id, "producer_ids": self._producer_ids_end}
        write_whole(self._description, json.dumps(described) + "\n")


def _new_cluster_id() -> str:
    return base64.urlsafe_b64encode(uuid4().bytes).rstrip(b"=").decode()
