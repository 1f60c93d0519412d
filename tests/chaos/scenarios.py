"""The scenarios by name: what they need, and which events they are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chaos import events

if TYPE_CHECKING:
    from random import Random

    from chaos.events import Event
    from chaos.ledger import Kind

LONG = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """`short` and `long` are how many events there are in a run of few commands and in one of 20,000.

    `always` come first, so that a short run has them as well; chance chooses the others out of `choice`. `ledger` is the
    node that all is done to; where its effect and the record of its answer are not one transaction, a crash may repeat
    effects.
    """

    name: str
    always: tuple[Event, ...]
    choice: tuple[Event, ...]
    short: int
    long: int
    instances: int = 2
    through_proxy: bool = False
    on_small_disk: bool = False
    with_clock: bool = False
    ledger: Kind = "recorded"
    may_repeat: bool = False

    def events(self, random: Random, *, commands: int) -> list[Event]:
        """Return the events of a run, in an order that chance chooses."""
        wanted = max(self.short, self.long * commands // LONG)
        chosen = [*self.always, *(random.choice(self.choice) for _ in range(wanted - len(self.always)))]
        random.shuffle(chosen)
        return chosen


_CONNECTION = (
    events.cut_in_a_record,
    events.reset_connections,
    events.delay_everything,
    events.swallow_everything,
)
_KILLED = (events.kill_an_instance,)
_PAUSED = (events.short_pause, events.long_pause)
_EVERYTHING = (
    *_CONNECTION,
    events.short_pause,
    events.kill_the_broker,
    events.kill_everything,
    events.fill_the_disk,
    events.set_the_clock,
    events.come_and_go,
    events.come_and_go,
    events.come_and_go,
)

SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario(name="kill", always=_KILLED, choice=_KILLED, short=2, long=20),
        Scenario(
            name="kill-plain",
            always=_KILLED,
            choice=_KILLED,
            short=2,
            long=20,
            ledger="plain",
            may_repeat=True,
        ),
        Scenario(
            name="reducer",
            always=(*_KILLED, events.come_and_go),
            choice=(*_KILLED, events.come_and_go, events.kill_the_broker),
            short=3,
            long=30,
            ledger="reducer",
        ),
        Scenario(
            name="broker-kill",
            always=(events.kill_the_broker,),
            choice=(events.kill_the_broker,),
            short=2,
            long=12,
        ),
        Scenario(name="broker-pause", always=_PAUSED, choice=_PAUSED, short=2, long=12),
        Scenario(
            name="connection", always=_CONNECTION, choice=_CONNECTION, short=4, long=40, through_proxy=True
        ),
        Scenario(
            name="disk",
            always=(events.fill_the_disk,),
            choice=(events.fill_the_disk,),
            short=2,
            long=20,
            on_small_disk=True,
        ),
        Scenario(
            name="clock",
            always=(events.set_the_clock, events.kill_an_instance),
            choice=(events.set_the_clock, events.set_the_clock, events.kill_an_instance),
            short=3,
            long=30,
            with_clock=True,
        ),
        Scenario(name="storm", always=(), choice=(events.come_and_go,), short=6, long=50),
        Scenario(
            name="mixed",
            always=(),
            choice=_EVERYTHING,
            short=6,
            long=50,
            through_proxy=True,
            on_small_disk=True,
            with_clock=True,
        ),
    )
}
