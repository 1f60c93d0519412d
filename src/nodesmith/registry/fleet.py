"""Who is alive, out of what was seen on the bus: the one place where that is decided.

Nothing here reads a clock or does I/O: time passes by the argument `now`, seconds of the registry's own clock. What comes
out does not depend on the order in which sightings come, nor on how often each of them does.

An instance is known by its `node_id`, each of its lives by its incarnation. A newer life takes the place of an older one:
that has half of its time to be heard again, and is shown no more when it is over. One that goes on beating beside a
newer one is another process under the same id, and both are shown with the conflict.
"""

from __future__ import annotations

import heapq
from itertools import count
from typing import TYPE_CHECKING

from nodesmith.registry.counts import Counts
from nodesmith.registry.instance import ENDED_STATES, Change, Instance
from nodesmith.registry.life import Life

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nodesmith.registry.instance import ChangeKind, Key, State
    from nodesmith.runtime.sighting import Sighting

__all__ = ["Change", "Fleet", "Instance"]

KEEP_SECONDS = 600.0
MOST_INSTANCES = 100_000
# Of one id: more than that many processes that take it for theirs need not be told apart.
MOST_LIVES = 8


class Fleet:
    """All instances that are known. `counts` is told what was ignored and why.

    Who has ended is kept to be seen for `keep_seconds`; no more than `most` lives are known at once. One that is not
    `settled` yet calls nobody lost whom it has never seen alive: what it has read so far may not be all.
    """

    def __init__(
        self,
        *,
        counts: Counts | None = None,
        keep_seconds: float = KEEP_SECONDS,
        most: int = MOST_INSTANCES,
        settled: bool = True,
    ) -> None:
        self.counts = counts or Counts()
        self._keep_seconds = keep_seconds
        self._most = most
        self.settled = settled
        self._held: dict[str, None] = {}
        self._lives: dict[str, dict[str, Life]] = {}
        self._number = 0
        self._shown: dict[Key, Instance] = {}
        self._unknown: dict[str, None] = {}
        self._due: list[tuple[float, int, Life]] = []
        self._turn = count()
        self._heard_since = float("-inf")

    def take(self, sighting: Sighting, now: float, *, at: float | None = None) -> tuple[Change, ...]:
        """Take what was seen, and return what that changed; `at` is when it was said, where that is longer ago than now."""
        at = now if at is None else min(at, now)
        life = self._life(sighting.node_id, sighting.incarnation, at)
        if life is None:
            return ()
        first_at, problem = life.first_at, life.take(sighting, at)
        if problem:
            self.counts.add(problem)
            if life.first_at == first_at:
                return ()
        changes = self._review(sighting.node_id, now)
        if self._lives.get(life.node_id, {}).get(life.incarnation) is not life:
            if self.settled:  # before that, what is over is read back, as of every fleet that is alive
                self.counts.add("stale")
        elif life.shown is None and life.introduction is not None and life.node_id not in self._held:
            self.counts.add("older-incarnation")
        return changes

    def expire(self, now: float, *, most: int | None = None) -> tuple[Change, ...]:
        """Return what the passing of time has changed: who was silent for too long, and who is forgotten.

        With `most` no more than so many are looked at: the others when it is called again.
        """
        changes: list[Change] = []
        looked_at = 0
        while self._due and self._due[0][0] <= now and looked_at != most:
            due, _, life = heapq.heappop(self._due)
            if life.due == due:  # else it was put in again, or is gone
                life.due = None
                looked_at += 1
                changes += self._review(life.node_id, now)
        return tuple(changes)

    def settle(self, now: float) -> tuple[Change, ...]:
        """Take note that everybody has had the time to be heard; return what is shown only now."""
        self.settled = True
        held, self._held = self._held, {}
        return tuple(
            change for node_id in held if node_id in self._lives for change in self._review(node_id, now)
        )

    def hear_again(self, now: float) -> None:
        """Take note that nothing could be heard until now: nobody's silence before counts."""
        self._heard_since = now

    @property
    def next_due(self) -> float | None:
        """When time changes something next, or may; None while nobody is known."""
        return self._due[0][0] if self._due else None

    def instances(self) -> tuple[Instance, ...]:
        """Return everybody who is known, those who ended lately among them."""
        return tuple(self._shown.values())

    def of(self, node_id: str) -> tuple[Instance, ...]:
        """Return the lives of one instance."""
        lives = self._lives.get(node_id, {}).values()
        return tuple(life.shown for life in lives if life.shown is not None)

    def get(self, key: Key) -> Instance | None:
        """Return one life as it is now."""
        return self._shown.get(key)

    def unknown(self) -> tuple[str, ...]:
        """Return the ids of those that beat but never introduced themselves."""
        return tuple(self._unknown)

    def __len__(self) -> int:
        """Return how many are shown."""
        return len(self._shown)

    def _life(self, node_id: str, incarnation: str, now: float) -> Life | None:
        """Return that life, a new one where there is room for it."""
        lives = self._lives.get(node_id)
        if lives is not None and (life := lives.get(incarnation)) is not None:
            return life
        if self._number >= self._most:
            self.counts.add("too-many-instances")
            return None
        if lives is not None and len(lives) >= MOST_LIVES and not self._drop_oldest(lives):
            self.counts.add("too-many-incarnations")
            return None
        self._number += 1
        life = Life(node_id, incarnation, now)
        self._lives.setdefault(node_id, {})[incarnation] = life
        return life

    def _drop_oldest(self, lives: dict[str, Life]) -> bool:
        hidden = [life for life in lives.values() if life.shown is None]
        if hidden:
            self._drop(min(hidden, key=lambda life: life.rank))
        return bool(hidden)

    def _drop(self, life: Life) -> None:
        lives = self._lives[life.node_id]
        del lives[life.incarnation]
        self._number -= 1
        life.due = None
        if not lives:
            del self._lives[life.node_id]

    def _review(self, node_id: str, now: float) -> tuple[Change, ...]:
        """Look at all lives of an id, and return what is new about them."""
        lives = _newest_first(self._lives[node_id])
        seen: list[tuple[Life, State | None]] = []
        living: list[Life] = []
        introduced = False
        for life in lives:
            state, due = self._judge(life, now, is_replaced=bool(living))
            if due <= now:
                self._drop(life)
                state = None
            else:
                self._look_again(life, due)
            alive = state is not None and state not in ENDED_STATES
            # Of those that a newer life has replaced, only who goes on beating is seen.
            hidden = introduced and not (alive and (life.beat is not None or not living))
            seen.append((life, None if hidden else state))
            introduced = introduced or state is not None
            if alive:
                living.append(life)
        self._note_unknown(node_id)
        conflicts = _conflicts(living) if len(living) > 1 else {}
        changes = (self._show(life, state, conflicts.get(life.incarnation, "")) for life, state in seen)
        return tuple(change for change in changes if change is not None)

    def _judge(self, life: Life, now: float, *, is_replaced: bool) -> tuple[State | None, float]:
        """Return how a life is, None where it never introduced itself, and until when that holds."""
        shown = life.shown
        is_lost = shown is not None and shown.state == "lost" and shown.last_seen == life.last_at
        since = life.last_at if is_lost else max(life.last_at, self._heard_since)
        silent_at = since + life.ttl_seconds / (2 if is_replaced else 1)
        if life.introduction is None:
            return None, silent_at
        if life.said_goodbye:
            return "stopped", life.last_at + self._keep_seconds
        if now >= silent_at:
            return "lost", silent_at + self._keep_seconds
        return life.said_state, silent_at

    def _look_again(self, life: Life, due: float) -> None:
        """Have a life looked at when it is due; one that is due later than it was put in for waits for that."""
        if life.due is None or due < life.due:
            life.due = due
            heapq.heappush(self._due, (due, next(self._turn), life))

    def _note_unknown(self, node_id: str) -> None:
        lives = self._lives.get(node_id, {}).values()
        if any(life.introduction is None for life in lives):
            self._unknown[node_id] = None
        else:
            self._unknown.pop(node_id, None)

    def _show(self, life: Life, state: State | None, conflict: str) -> Change | None:
        """Show a life as it is now, not at all without a state, and return what is new about it."""
        before = life.shown
        if state == "lost" and before is None and not self.settled:
            self._held[life.node_id] = None
            state = None
        if state is None:
            life.shown = None
            if before is None:
                return None
            del self._shown[before.key]
            return Change(kind="forgotten", instance=before, before=before)
        after = life.instance(state=state, conflict=conflict)
        life.shown = self._shown[after.key] = after
        if before is None:
            return Change(kind="appeared", instance=after)
        kind = _kind(before, after)
        if kind is not None:
            return Change(kind=kind, instance=after, before=before)
        if _numbers(before) != _numbers(after):
            return Change(kind="changed", instance=after, before=before, only_figures=True)
        return None


def _newest_first(lives: Mapping[str, Life]) -> Sequence[Life]:
    if len(lives) == 1:
        return list(lives.values())
    return sorted(lives.values(), key=lambda life: life.rank, reverse=True)


def _conflicts(living: Sequence[Life]) -> dict[str, str]:
    """Return, by incarnation, what to say of lives of one id that beat beside each other; they come newest first."""
    rivals: set[str] = set()
    for number, older in enumerate(living):
        for newer in living[:number]:
            if older.beat_at is not None and older.beat_at > newer.first_at:
                rivals |= {older.incarnation, newer.incarnation}
    text = f"{len(rivals)} processes use this node id at once: incarnations {', '.join(sorted(rivals))}"
    return dict.fromkeys(rivals, text)


def _kind(before: Instance, after: Instance) -> ChangeKind | None:
    """Return what is new apart from numbers, None where nothing is."""
    if before.alive != after.alive:
        if after.alive:
            return "returned"
        return "left" if after.state == "stopped" else "lost"
    if before.state != after.state:
        return "left" if after.state == "stopped" else "changed"
    if after.conflict and before.conflict != after.conflict:
        return "conflict"
    return "changed" if _lasting(before) != _lasting(after) else None


def _lasting(instance: Instance) -> tuple[object, ...]:
    return (
        instance.conflict,
        instance.version,
        instance.operations,
        instance.capabilities,
        instance.endpoints,
        instance.subscribes,
        instance.publishes,
        instance.waits_for,
        instance.contract_digest,
        instance.description,
        instance.ttl_seconds,
        instance.started_at,
    )


def _numbers(instance: Instance) -> tuple[object, ...]:
    return instance.figures, instance.in_flight, instance.outbox, instance.rate_per_second
