"""The state of a reducer, key by key, each with the positions of the events that made it."""

from nodesmith.runtime.state_store.events import Applied, Event, Fold
from nodesmith.runtime.state_store.memory import MemoryState
from nodesmith.runtime.state_store.opening import StatePlace, state_place
from nodesmith.runtime.state_store.store import StateStore

__all__ = ["Applied", "Event", "Fold", "MemoryState", "StatePlace", "StateStore", "state_place"]
