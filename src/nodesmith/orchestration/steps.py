"""An orchestrator's client of the bus, and the one call its handler makes."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel

from nodesmith import naming
from nodesmith.errors import BusUnavailableError, NodesmithError
from nodesmith.orchestration.engine import run_to_end
from nodesmith.orchestration.run import begin
from nodesmith.runtime.context import current_command
from nodesmith.runtime.envelope import OutgoingRecord, make_envelope

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nodesmith.orchestration.attempts import Command
    from nodesmith.orchestration.events import WorkflowEvent
    from nodesmith.orchestration.workflow import Workflow
    from nodesmith.runtime.bus import EventPublisher
    from nodesmith.runtime.caller import CommandCaller

logger = logging.getLogger(__name__)

LAST_EVENTS_SECONDS = 2.0

OutputT = TypeVar("OutputT", bound=BaseModel)


class StepCaller:
    """Sends the commands of workflows and tells their story; works from `join()` to `leave()`."""

    def __init__(self, *, source: str, workflows: Sequence[Workflow] = ()) -> None:
        """Put the client together; `source` is the node's name on what it sends, `workflows` are what it is for."""
        self._source = source
        self._callees = tuple(dict.fromkeys(callee for each in workflows for callee in each.callees))
        self._publisher: EventPublisher | None = None
        self._caller: CommandCaller | None = None
        self._telling: set[asyncio.Task[None]] = set()

    @property
    def command_topics(self) -> tuple[str, ...]:
        """Where the workflows' commands are sent."""
        return tuple(naming.command_topic(domain=domain, name=name) for domain, name in self._callees)

    @property
    def answer_topics(self) -> tuple[str, ...]:
        """Where what came of them is read."""
        return tuple(
            topic(domain=domain, name=name)
            for domain, name in self._callees
            for topic in (naming.completed_topic, naming.failed_topic)
        )

    async def join(self, publisher: EventPublisher) -> None:
        """Start to work over the bus that `publisher` publishes to."""
        # Not at the top: an orchestrator also starts where no Kafka client is installed.
        from nodesmith.runtime.caller import CommandCaller

        self._publisher = publisher
        self._caller = CommandCaller(publisher=publisher, source=self._source)

    async def leave(self) -> None:
        """Stop; commands that still wait for an answer end with NoAnswerError, and events are given a last moment."""
        caller, self._caller, self._publisher = self._caller, None, None
        if caller is not None:
            await caller.close()
        if self._telling:
            await asyncio.wait(self._telling, timeout=LAST_EVENTS_SECONDS)

    def connected(self) -> CommandCaller:
        """Return the client of other nodes; raise BusUnavailableError before `join()`."""
        if self._caller is None:
            raise BusUnavailableError(
                f"'{self._source}' is not on an event bus, and its steps are other nodes' work",
                fix="start it with its start_node.py or `nodesmith up`, with a broker (`nodesmith broker`)",
            )
        return self._caller

    async def send(self, command: Command) -> Mapping[str, object]:
        """Send one step's command and return the answer's payload."""
        answer = await self.connected().call(
            command.domain,
            command.node,
            command.operation,
            command.payload.model_dump(mode="json"),
            key=command.key,
            timeout_seconds=command.timeout_seconds,
            envelope_id=command.command_id,
            correlation_id=command.correlation_id,
        )
        return answer.payload

    def tell(self, event: WorkflowEvent) -> None:
        """Publish an event of a workflow, in the order they are told; one that cannot be published is logged."""
        event_type = current_command().event_type
        domain, node, _ = event_type.split(".")
        envelope = make_envelope(
            event.payload(),
            event_type=f"{event_type}.{event.moment}",
            source=self._source,
            correlation_id=event.run.correlation_id,
            parent_envelope_id=event.run.workflow_id,
        )
        topic = naming.workflow_topic(domain=domain, name=node)
        record = OutgoingRecord(topic=topic, envelope=envelope, key=str(event.run.workflow_id))
        telling = asyncio.create_task(self._publish(record))
        self._telling.add(telling)
        telling.add_done_callback(self._telling.discard)

    async def _publish(self, record: OutgoingRecord) -> None:
        try:
            if self._publisher is not None:
                await self._publisher.publish(record)
        except NodesmithError as error:
            logger.warning("event %s is lost: %s", record.envelope.event_type, error)


async def run_workflow(
    workflow: Workflow, request: BaseModel, *, steps: StepCaller, output_model: type[OutputT]
) -> OutputT:
    """Run `workflow` for the command at hand and return its result.

    NOT durable yet: the state of a run is in memory, and a process that dies in the middle leaves what was done. The
    run's id is the command's `envelope_id`, and each step's command id is derived from it, so that a run that is started
    again sends the same commands. Raises BusUnavailableError where the node is not on a bus, WorkflowFailedError where a
    step failed: it says which, what was taken back, and what was not.
    """
    steps.connected()
    command = current_command()
    run = begin(workflow, request, workflow_id=command.envelope_id, correlation_id=command.correlation_id)
    return await run_to_end(workflow, run, bus=steps, output_model=output_model)
