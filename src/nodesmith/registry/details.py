"""What a node says of itself when it is asked: its contract, kept by its digest, and its figures of this moment."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nodesmith.errors import SystemFailedError, in_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from nodesmith.registry.asking import Questions, Want
    from nodesmith.registry.instance import Instance
    from nodesmith.registry.node_view import NodeView
    from nodesmith.runtime.sighting import Introduction

ASK_SECONDS = 2.0
MOST_KEPT = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """A node's contract and operations; None with the problem where they are not known."""

    document: Mapping[str, Any] | None = None
    problem: str = ""


class DetailsDesk:
    """Asks nodes for what is too much to be announced, and keeps what does not change."""

    def __init__(self, questions: Questions) -> None:
        self._questions = questions
        self._kept: OrderedDict[tuple[str, str], Mapping[str, Any]] = OrderedDict()

    async def of(self, view: NodeView) -> tuple[Details, list[dict[str, Any]]]:
        """Return a node's details, and of each living instance its figures."""
        living, digest = view.living, view.newest.contract_digest
        kept = self._kept.get((view.full_name, digest)) if digest else None
        if not living:
            problem = "" if kept is not None else "no instance of it lives that could be asked"
            return Details(document=kept, problem=problem), []
        want: list[Want] = ["stats"] if kept is not None else ["details", "stats"]
        answers, problem = await self._ask(view, want)
        if kept is None:
            kept = _told(answers, living, digest)
            if kept is None:
                problem = problem or "none of its instances said what it does within 2 s; they may be older"
            elif digest:
                self._keep((view.full_name, digest), kept)
        return Details(document=kept, problem=problem if kept is None else ""), _stats(answers, living)

    async def _ask(self, view: NodeView, want: Sequence[Want]) -> tuple[Sequence[Introduction], str]:
        try:
            answers = await self._questions.of_node(
                domain=view.domain,
                name=view.name,
                want=want,
                node_ids={each.node_id for each in view.living},
                seconds=ASK_SECONDS,
            )
        except SystemFailedError as error:
            return (), f"it could not be asked: {in_words(error)}"
        return answers, ""

    def _keep(self, key: tuple[str, str], details: Mapping[str, Any]) -> None:
        self._kept[key] = details
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)


def _told(
    answers: Iterable[Introduction], living: Iterable[Instance], digest: str
) -> Mapping[str, Any] | None:
    """Return the details of a living instance that has the contract asked for."""
    known = {each.key for each in living}
    for answer in answers:
        is_known = (answer.node_id, answer.incarnation) in known
        if answer.details is not None and is_known and answer.contract_digest == digest:
            return answer.details
    return None


def _stats(answers: Iterable[Introduction], living: Iterable[Instance]) -> list[dict[str, Any]]:
    told = {(each.node_id, each.incarnation): each.stats for each in answers}
    return [
        {
            "node_id": each.node_id,
            "incarnation": each.incarnation,
            "instance_id": each.instance_id,
            "stats": told.get(each.key),
        }
        for each in living
    ]
