"""The six events that tell a workflow's story, as data; publishing them is the bus client's work."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nodesmith.orchestration.run import WorkflowRun


class Moment(StrEnum):
    """The last part of the event's type."""

    WORKFLOW_STARTED = "workflow-started"
    WORKFLOW_COMPLETED = "workflow-completed"
    WORKFLOW_FAILED = "workflow-failed"
    STAGE_STARTED = "stage-started"
    STAGE_COMPLETED = "stage-completed"
    STAGE_FAILED = "stage-failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowEvent:
    """Something that happened to a run. `step` is empty where it happened to the workflow as a whole."""

    moment: Moment
    run: WorkflowRun
    step: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)

    def payload(self) -> dict[str, object]:
        """Return the event as plain JSON data."""
        place: dict[str, object] = {"step": self.step} if self.step else {}
        return {
            "workflow": self.run.workflow,
            "workflow_id": str(self.run.workflow_id),
            **place,
            **self.facts,
        }


class EventPort(Protocol):
    """Where a workflow's events leave."""

    def tell(self, event: WorkflowEvent) -> None:
        """Publish `event`; never wait or raise: a story that cannot be told does not stop the work."""
        ...
