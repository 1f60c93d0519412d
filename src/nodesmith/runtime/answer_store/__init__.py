"""What was answered to which command, so that a command seen again is answered again and not done again."""

from nodesmith.runtime.answer_store.opening import open_answers
from nodesmith.runtime.answer_store.store import AnswerStore, Busy, Claimed, Known
from nodesmith.runtime.answer_store.table import AnswerBounds

__all__ = ["AnswerBounds", "AnswerStore", "Busy", "Claimed", "Known", "open_answers"]
