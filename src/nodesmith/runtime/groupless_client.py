"""Topics read on behalf of a person, by a consumer that joins no group.

Every call to a broker has a deadline; where none answers, that is a BusUnavailableError with the reason.
"""

from __future__ import annotations

import contextlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

from confluent_kafka import Consumer, KafkaException

from nodesmith.runtime.topic_reader import bus_unavailable
from nodesmith.runtime.trouble import Trouble

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from nodesmith.errors import SystemFailedError
    from nodesmith.runtime.client import ClientSettings, SettingValue

ASK_SECONDS = 5.0
# Nothing came for so long, though there is more: the broker has gone.
SILENT_SECONDS = 15.0


class GrouplessClient:
    """A consumer that is only assigned partitions, and why the brokers do not answer, where they do not.

    `group` is asked for what it has committed, and never joined. `reading` says how the client reads, in librdkafka's
    own settings.
    """

    def __init__(self, settings: ClientSettings, *, group: str, reading: Mapping[str, SettingValue]) -> None:
        self.servers = str(settings["bootstrap.servers"])
        self.settings = dict(settings)
        self._trouble = Trouble(settings)
        self.consumer = Consumer(
            {
                **settings,
                "group.id": group,
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "fetch.wait.max.ms": 100,
                **reading,
                "error_cb": self._trouble.note,
            }
        )

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Turn a client's error into the one that says who did not answer and why."""
        try:
            yield
        except KafkaException as error:
            with contextlib.suppress(KafkaException, RuntimeError):
                self.consumer.poll(0)  # error_cb is called in here, and knows the reason
            self._trouble.note(error.args[0])
            raise self.unavailable() from error

    def unavailable(self) -> SystemFailedError:
        """Return the error of who gets no answer."""
        return bus_unavailable(self.servers, obstacle=self._trouble.find())

    def topics(self) -> dict[str, int]:
        """Return every topic with the number of its partitions."""
        with self.asking():
            found = self.consumer.list_topics(timeout=ASK_SECONDS).topics
        return {name: len(topic.partitions) for name, topic in found.items() if topic.error is None}
