"""`call`, `nodes` and workflows against real nodes on a real broker, all started by `nodesmith up`."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import urllib.request
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, Message, TopicPartition
from ops.processes import NODESMITH, Up, running_up_on
from ops.written_nodes import ECHO, ECHO_NODE, ORCHESTRATOR_NODE, WORKER_NODE, WrittenNode, write_node
from support.waiting import wait_until

from nodesmith.cli.application import run
from nodesmith.errors import NoAnswerError
from nodesmith.naming import command_topic, completed_topic, workflow_topic
from nodesmith.runtime.bus import EventPublisher
from nodesmith.runtime.caller import CommandCaller
from nodesmith.runtime.envelope import OutgoingRecord, make_envelope, read_envelope

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NODES = (WORKER_NODE, ECHO_NODE, ORCHESTRATOR_NODE, WrittenNode(name="echo", body=ECHO, domain="mill"))


@pytest.fixture(scope="module", params=["embedded", "kafka"])
def up(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    folder = tmp_path_factory.mktemp("system")
    for node in NODES:
        write_node(folder, node)
    with running_up_on(request.param, folder) as system:
        yield system


@pytest.fixture(autouse=True)
def servers(up: Up, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", up.kafka_servers)
    return up.kafka_servers


def test_up_says_which_nodes_are_ready_and_where_their_health_is(up: Up) -> None:
    assert up.pids.keys() == {"worker", "echo", "flows"}
    with urllib.request.urlopen(up.health["worker"].replace("live", "ready"), timeout=5) as answer:
        assert answer.status == 200


def test_call_as_a_process_prints_the_payload() -> None:
    command = [*NODESMITH, "call", "worker.double", "n=21"]

    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert (done.returncode, json.loads(done.stdout), done.stderr) == (0, {"n": 42}, "")


def test_ctrl_c_ends_a_call_quietly(up: Up) -> None:
    command = [*NODESMITH, "call", "worker.wait", "n=1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as call:
        up.wait_for_log("at work on")
        call.send_signal(signal.SIGINT)
        output, error = call.communicate(timeout=30)
    (up.folder / "go-on").touch()

    assert (call.returncode, output, error.strip()) == (130, "", "interrupted")


def test_call_with_json_prints_the_ids_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["call", "shop/worker.double", "n:=2", "--json"]) == 0

    (line,) = capsys.readouterr().out.splitlines()
    answer = json.loads(line)
    assert answer.keys() == {"node", "operation", "payload", "correlation_id", "ms"}
    assert (answer["node"], answer["operation"], answer["payload"]) == ("worker", "double", {"n": 4})


def test_the_operation_may_be_left_out_where_there_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["call", "echo", "n=1", "--domain", "mill"]) == 0
    assert json.loads(capsys.readouterr().out) == {"n": 1}


def test_a_typed_field_wins_over_the_same_one_in_the_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "input.json"
    source.write_text('{"n": 1}')

    assert run(["call", "worker.double", "n=4", "--input", str(source)]) == 0
    assert json.loads(capsys.readouterr().out) == {"n": 8}


def test_a_failed_command_is_exit_status_5_with_its_type_and_message(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["call", "worker.fail", "n=7"]) == 5
    assert "error: worker.fail failed: OperationError: 7 is too much" in capsys.readouterr().err


def test_a_payload_that_does_not_fit_is_refused_by_the_node(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["call", "worker.double", "m=7"]) == 5
    assert "n: Field required" in capsys.readouterr().err


def test_an_unknown_operation_is_exit_status_2_with_a_near_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["call", "worker.doubel", "n=7"]) == 2
    assert "did you mean worker.double?" in capsys.readouterr().err


def test_an_operation_must_be_named_where_there_are_several(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["call", "worker", "n=7"]) == 2
    assert "it has die, double, fail" in capsys.readouterr().err


def test_a_name_in_two_domains_is_refused_with_both(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["call", "echo.echo", "n=7"]) == 2
    assert "mill/echo, shop/echo" in capsys.readouterr().err


def test_an_unknown_node_is_exit_status_5_and_names_the_servers(
    up: Up, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["call", "workr.double", "--timeout", "1"]) == 5

    error = capsys.readouterr().err
    assert f"no node called 'workr' on the bus at {up.kafka_servers} answered within 1 s" in error
    assert "; mill/echo, shop/echo, shop/flows, shop/worker did" in error
    assert "fix: did you mean worker?" in error


def test_nodes_lists_who_is_on_the_bus(up: Up, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["nodes", "--json"]) == 0

    nodes = json.loads(capsys.readouterr().out)["nodes"]
    assert [(node["domain"], node["node"], node["type"]) for node in nodes] == [
        ("mill", "echo", "effect"),
        ("shop", "echo", "effect"),
        ("shop", "flows", "orchestrator"),
        ("shop", "worker", "effect"),
    ]
    assert {node["state"] for node in nodes} == {"ready"}
    assert nodes[-1]["health"] == up.health["worker"]


def test_nodes_prints_a_line_for_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["nodes"]) == 0

    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split()[:3] == ["NODE", "TYPE", "VERSION"]
    assert [line.split()[0] for line in lines] == ["mill/echo", "shop/echo", "shop/flows", "shop/worker"]


def test_a_workflow_answers_what_its_steps_came_to(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["call", "flows.good", "n=4"]) == 0
    assert json.loads(capsys.readouterr().out) == {"n": 8}


def test_a_failed_workflow_undoes_its_steps_and_says_so(up: Up, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["call", "flows.bad", "n=77"]) == 5

    error = capsys.readouterr().err
    assert "failed at step 'work': 77 is too much; undone: store; kept, having no undo: echo" in error
    up.wait_for_log("removed 77")


def test_a_workflow_tells_its_story_on_the_bus(servers: str) -> None:
    async def fail() -> None:
        async with CommandCaller(bootstrap_servers=servers, source="test") as caller:
            await caller.call("shop", "flows", "bad", {"n": 5}, timeout_seconds=30, correlation_id=story)

    story = uuid4()
    with pytest.raises(Exception, match="5 is too much"):
        asyncio.run(fail())

    def told() -> list[str]:
        kinds = [each.removeprefix("shop.flows.bad.") for each in event_types(servers, str(story))]
        return kinds if len(kinds) == 8 else []

    kinds = wait_until(told, seconds=30, why="the whole story: events leave beside the work")
    assert kinds[0] == "workflow-started"
    assert sorted(kinds[1:-2]) == ["stage-completed"] * 2 + ["stage-started"] * 3
    assert kinds[-2:] == ["stage-failed", "workflow-failed"]


def event_types(servers: str, correlation_id: str) -> list[str]:
    """Return the types of the workflow events of one story, in the order of their partition."""
    consumer = Consumer({"bootstrap.servers": servers, "group.id": "story", "enable.partition.eof": True})
    topic = workflow_topic(domain="shop", name="flows")
    count = len(consumer.list_topics(topic, timeout=10).topics[topic].partitions)
    consumer.assign([TopicPartition(topic, number, 0) for number in range(count)])
    found, ends = [], 0
    while ends < count:
        message = consumer.poll(10)
        assert message is not None
        if message.error() is not None:
            ends += 1
        elif (event := json.loads(message.value() or b""))["correlation_id"] == correlation_id:
            found.append(event["event_type"])
    consumer.close()
    return found


def test_many_calls_at_once_each_get_their_own_answer(servers: str) -> None:
    async def calls() -> list[int]:
        async with CommandCaller(bootstrap_servers=servers, source="test") as caller:
            answers = await asyncio.gather(
                *(
                    caller.call("shop", "worker", "double", {"n": number}, timeout_seconds=30)
                    for number in range(100)
                )
            )
        return [answer.payload["n"] for answer in answers]

    assert asyncio.run(calls()) == [number * 2 for number in range(100)]


def test_a_node_nobody_runs_gives_no_answer_within_the_deadline(servers: str) -> None:
    async def ask() -> None:
        async with CommandCaller(bootstrap_servers=servers, source="test") as caller:
            await caller.call("shop", "ghost", "appear", {}, timeout_seconds=0.5)

    with pytest.raises(NoAnswerError, match=r"nobody answered 'appear' of node 'shop/ghost' within 0\.5 s"):
        asyncio.run(ask())


def test_an_answer_on_a_topic_that_did_not_exist_when_it_was_asked_is_heard(servers: str) -> None:
    async def ask() -> object:
        async with CommandCaller(bootstrap_servers=servers, source="test") as caller:
            call = asyncio.create_task(caller.call("shop", "late", "come", {}, timeout_seconds=30))
            await answer_first_command(servers)
            return (await call).payload

    assert asyncio.run(ask()) == {"n": 1}


async def answer_first_command(servers: str) -> None:
    """Be the node `late`: take one command, and only then create a topic for answers by writing to it."""
    consumer = Consumer(
        {
            "bootstrap.servers": servers,
            "group.id": "late",
            "auto.offset.reset": "earliest",
            "allow.auto.create.topics": True,
        }
    )
    consumer.subscribe([command_topic(domain="shop", name="late")])
    message = await asyncio.to_thread(first_record, consumer)
    consumer.close()
    answer = make_envelope(
        {"n": 1},
        event_type="shop.late.come.completed",
        source="late",
        parent_envelope_id=read_envelope(message.value()).envelope_id,
    )
    publisher = EventPublisher(bootstrap_servers=servers, source="late")
    await publisher.start()
    topic = completed_topic(domain="shop", name="late")
    await publisher.publish(OutgoingRecord(topic=topic, envelope=answer))
    await publisher.close()


def first_record(consumer: Consumer) -> Message:
    """Return the first record; until the topic is there, the client says that it is not."""
    while (message := consumer.poll(30)) is not None:
        if message.error() is None:
            return message
    raise AssertionError("no record came within 30 s")
