"""How the projection stands: what the registry's health says of Consul."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Literal

logger = logging.getLogger(__name__)

StandingState = Literal["in step", "behind", "away", "refused"]


class Standing:
    """`away`: Consul is not to be reached. `refused`: its rules are in the way. `behind`: something is yet to be told."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._state: StandingState = "behind"
        self._since = datetime.now(UTC)
        self._last_error = ""
        self._services = 0

    @property
    def state(self) -> StandingState:
        """How it stands."""
        return self._state

    def note(self, state: StandingState, *, error: str = "", services: int | None = None) -> bool:
        """Take note of how it stands, and return whether that is news; a change of state is logged, once."""
        if services is not None:
            self._services = services
        is_news = state != self._state or error not in {"", self._last_error}
        if error:
            self._last_error = error
        if state == self._state:
            return is_news
        was, self._state, self._since = self._state, state, datetime.now(UTC)
        if state in {"away", "refused"}:
            logger.warning("Consul at %s is %s: %s; trying again", self._address, state, error)
        elif state == "in step" and was != "behind":
            logger.info("Consul at %s shows what is alive again", self._address)
        return True

    def document(self) -> dict[str, object]:
        """Return it for health; `since` is when this state began, `last_error` is kept when it is over."""
        return {
            "state": self._state,
            "address": self._address,
            "services": self._services,
            "last_error": self._last_error or None,
            "since": self._since.isoformat(),
        }
