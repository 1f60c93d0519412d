"""Who beats and is not known is asked; never all the time."""

from __future__ import annotations

from nodesmith.errors import BusUnavailableError
from nodesmith.registry.asking import (
    ANSWER_SECONDS,
    ASK_ALL_AGAIN_SECONDS,
    MOST_SINGLE_QUESTIONS,
    UnknownOnes,
)


class Asked:
    """Takes questions."""

    def __init__(self, *, away: bool = False) -> None:
        self.asked: list[str] = []
        self.away = away

    async def everybody(self) -> None:
        await self.instance("everybody")

    async def instance(self, node_id: str) -> None:
        if self.away:
            raise BusUnavailableError("away")
        self.asked.append(node_id)

    def take(self) -> list[str]:
        taken, self.asked = self.asked, []
        return taken


MANY = [str(number) for number in range(MOST_SINGLE_QUESTIONS + 1)]


async def test_one_who_does_not_answer_is_asked_less_and_less_often() -> None:
    asked = Asked()
    unknown_ones = UnknownOnes(asked)

    times = []
    for second in range(200):
        await unknown_ones.ask(["a"], float(second))
        times += [second] * len(asked.take())

    assert times == [0, 2, 6, 14, 30, 62, 122, 182]


async def test_many_at_once_are_asked_with_one_question_for_all_but_not_again_and_again() -> None:
    asked = Asked()
    unknown_ones = UnknownOnes(asked)

    await unknown_ones.ask(MANY, 0.0)
    first = asked.take()
    await unknown_ones.ask([f"another {each}" for each in MANY], 1.0)
    assert asked.take() == []  # the answers of all are on the way
    await unknown_ones.ask([f"another {each}" for each in MANY], ANSWER_SECONDS)
    second = asked.take()
    await unknown_ones.ask([f"more {each}" for each in MANY], ASK_ALL_AGAIN_SECONDS)

    assert first == ["everybody"]
    assert second == [f"another {each}" for each in MANY[:MOST_SINGLE_QUESTIONS]]
    assert asked.take() == ["everybody"]


async def test_without_a_bus_nothing_is_raised_and_their_turn_comes_again() -> None:
    asked = Asked(away=True)
    unknown_ones = UnknownOnes(asked)
    assert await unknown_ones.ask(["a"], 0.0) == 0

    asked.away = False
    assert await unknown_ones.ask(["a"], 2.0) == 1
