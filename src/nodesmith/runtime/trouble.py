"""Why no broker can be used: what the clients complain of, and what a look of our own finds."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

from confluent_kafka import KafkaError, KafkaException

from nodesmith.errors import in_words
from nodesmith.runtime.diagnosis import Obstacle, examine
from nodesmith.runtime.permissions import who

if TYPE_CHECKING:
    from collections.abc import Mapping

# Looking at several brokers that are silent is cut short here.
FIND_SECONDS = 6.0
_MOST_SERVERS = 5
_COMPLAINT = re.compile(
    r"(?:(?:[a-z_]+://)?(?P<place>\S+)/(?:bootstrap|-?\d+): )?(?P<what>.*?)(?: \(after \d+ms in state [^()]*\))?",
    re.DOTALL,
)
_REFUSED_USER = "SASL authentication error: "
# It says less than what came before it.
_SAYS_NOTHING = KafkaError._ALL_BROKERS_DOWN  # noqa: SLF001 - its public name
_SAY_LITTLE = frozenset({KafkaError._TIMED_OUT, KafkaError._TRANSPORT})  # noqa: SLF001 - public names
_NO_AUTHENTICATION = KafkaError._AUTHENTICATION  # noqa: SLF001 - its public name


class Trouble:
    """What is wrong between the clients of `settings` and their brokers, at this moment.

    `note` is called by any client, in its own thread; `find` blocks.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings
        self._servers = str(settings["bootstrap.servers"]).split(",")
        self._refused: dict[str, str] = {}
        self._last = ""

    def note(self, error: KafkaError) -> None:
        """Keep what a client says of a broker."""
        if error.code() == _SAYS_NOTHING:
            return
        match = _COMPLAINT.fullmatch(error.str())
        assert match is not None, "everything in it is optional"
        place, what = match["place"] or "", match["what"]
        if error.code() == _NO_AUTHENTICATION:
            self._refused[place] = what
        else:
            self._last = f"{place}: {what}" if place else what

    def forget(self) -> None:
        """Begin anew: a broker answers."""
        self._refused.clear()
        self._last = ""

    def in_words(self, error: BaseException) -> str:
        """Return an error of a step that a client took, with what clients complain of where it only says that it took too long."""
        complaint = f" ({self._last})" if self._last else ""
        if isinstance(error, TimeoutError) and not str(error):
            return f"no answer in time{complaint}"
        if not isinstance(error, KafkaException):
            return in_words(error)
        cause: KafkaError = error.args[0]
        return f"{cause.str()}{complaint if cause.code() in _SAY_LITTLE else ''}"

    def find(self) -> Obstacle | None:
        """Return what stands in the way now, of several brokers all there is; None where nothing can be found out."""
        deadline = time.monotonic() + FIND_SECONDS
        found: dict[str, Obstacle] = {}
        for server in self._servers[:_MOST_SERVERS]:
            if time.monotonic() < deadline and (obstacle := examine(server, self._settings)):
                found[server.strip().rpartition("://")[2]] = obstacle
        # Of a broker that is not there any more an old refusal says nothing.
        refused = [
            self._refusal(place, what) for place, what in list(self._refused.items()) if place not in found
        ]
        obstacles = list(dict.fromkeys([*refused, *found.values()]))
        if not obstacles:
            return Obstacle(what=self._last) if self._last else None
        return Obstacle(what="; ".join(each.what for each in obstacles), fix=obstacles[0].fix)

    def _refusal(self, place: str, what: str) -> Obstacle:
        if not what.startswith(_REFUSED_USER):  # a token that could not be fetched, as one case
            return Obstacle(
                what=f"{place}: {what}" if place else what, fix="check the settings KAFKA_SASL_..."
            )
        reason = what.removeprefix(_REFUSED_USER)
        with_token = "sasl.oauthbearer.client.id" in self._settings
        variables = (
            "KAFKA_SASL_OAUTHBEARER_CLIENT_ID and its secret"
            if with_token
            else "KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD"
        )
        return Obstacle(
            what=f"the broker at {place} refuses {who(self._settings)}: SASL authentication failed ({reason})",
            fix=f"check {variables}, and KAFKA_SASL_MECHANISM",
        )
