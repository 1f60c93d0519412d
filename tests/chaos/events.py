"""What is done to a running system. Each event leaves it so that it can get well again by itself."""

from __future__ import annotations

from functools import partial
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from chaos.arena import Arena

    Event = Callable[[Arena], None]

MOST_INSTANCES = 4
# Answers are kept for a day.
MOST_HOURS = 11.0
# The session of a member of a group ends after 6 s.
SHORTER_THAN_A_SESSION = (1.0, 3.0)
LONGER_THAN_A_SESSION = (7.0, 9.0)


def kill_an_instance(arena: Arena) -> None:
    """Kill one of the instances and start it again."""
    name = arena.random.choice(arena.fleet.names)
    arena.fleet.kill(name)
    arena.pass_time(0, 1)
    arena.fleet.start(name)


def kill_the_broker(arena: Arena) -> None:
    """Kill the broker and start it again on its data."""
    arena.bus.kill()
    arena.pass_time(0, 3)
    arena.bus.start()


def pause_the_broker(arena: Arena, *, seconds: tuple[float, float]) -> None:
    """Let the broker stand still."""
    arena.bus.pause()
    arena.pass_time(*seconds)
    arena.bus.go_on()


def cut_in_a_record(arena: Arena) -> None:
    """Cut every connection after some more bytes, which may be in the middle of a record."""
    assert arena.proxy is not None
    arena.proxy.tell(f"cut {arena.random.randint(0, 20_000)}")
    arena.pass_time(0.5, 1.5)


def reset_connections(arena: Arena) -> None:
    """Reset every connection."""
    assert arena.proxy is not None
    arena.proxy.tell("reset")
    arena.pass_time(0, 0.5)


def delay_everything(arena: Arena) -> None:
    """Let every piece that goes through wait."""
    assert arena.proxy is not None
    arena.proxy.tell(f"delay {arena.random.uniform(0.05, 0.4):.2f}")
    arena.pass_time(1, 3)
    arena.proxy.tell("pass")


def swallow_everything(arena: Arena) -> None:
    """Leave connections half open: what goes in comes out nowhere."""
    assert arena.proxy is not None
    arena.proxy.tell("swallow")
    arena.pass_time(1, 4)
    arena.proxy.tell("pass")


def come_and_go(arena: Arena) -> None:
    """Start an instance, stop one or kill one; there are one to four of them."""
    names = arena.fleet.names
    moves = ["start"] * (len(names) < MOST_INSTANCES) + ["stop", "kill"] * (len(names) > 1)
    move = arena.random.choice(moves)
    if move == "start":
        free = next(name for number in count(1) if (name := f"node-{number}") not in names)
        arena.fleet.start(free)
    elif move == "stop":
        arena.fleet.stop(arena.random.choice(names))
    else:
        arena.fleet.kill(arena.random.choice(names))
    arena.pass_time(0, 1.5)


def fill_the_disk(arena: Arena) -> None:
    """Leave no room for what the node keeps while the broker is away too, and give it back."""
    assert arena.disk is not None
    arena.disk.fill(arena.fleet.pids().values())
    meanwhile = arena.random.choice((_nothing, _nothing, short_pause, kill_the_broker, kill_an_instance))
    meanwhile(arena)
    arena.pass_time(1, 3)
    arena.disk.make_room()


def set_the_clock(arena: Arena) -> None:
    """Set the clock forward or back by hours, from wherever it is; not by so much that answers are too old to be kept."""
    assert arena.clock is not None
    arena.clock.set(arena.random.uniform(-MOST_HOURS, MOST_HOURS) * 3_600)
    arena.pass_time(1, 3)


def kill_everything(arena: Arena) -> None:
    """Kill the broker and all instances at once, and start them again."""
    names = arena.fleet.names
    arena.bus.kill()
    for name in names:
        arena.fleet.kill(name)
    arena.bus.start()
    for name in names:
        arena.fleet.start(name)


def _nothing(_arena: Arena) -> None:
    """Do nothing else."""


short_pause = partial(pause_the_broker, seconds=SHORTER_THAN_A_SESSION)
long_pause = partial(pause_the_broker, seconds=LONGER_THAN_A_SESSION)


def calm(arena: Arena) -> None:
    """Take away what is still in the way."""
    arena.bus.go_on()
    arena.bus.start()
    if arena.proxy is not None:
        arena.proxy.tell("pass")
    if arena.disk is not None:
        arena.disk.make_room()
    if arena.clock is not None:
        arena.clock.set(0)  # Kafka takes no record that is an hour ahead of its own clock
    if not arena.fleet.names:
        arena.fleet.start("node-1")
