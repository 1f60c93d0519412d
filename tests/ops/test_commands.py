"""What `call` and `nodes` refuse before, or without, a bus."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from nodesmith.cli.application import run
from nodesmith.cli.operating.bus import check_servers

if TYPE_CHECKING:
    from pathlib import Path

NOWHERE = ("--kafka-servers", "127.0.0.1:1")


@pytest.mark.parametrize(
    "name", ["up", "call", "nodes", *(f"nodes {each}" for each in ("list", "watch", "info", "ping", "stats"))]
)
def test_help_shows_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*name.split(), "--help"]) == 0
    assert f"  nodesmith {name}" in capsys.readouterr().out.partition("Examples:")[2]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["worker.double", "n"], "field 1, 'n': there is no '=' in it"),
        (["worker.double", "a=1", "n:=x"], "field 2, 'n:=x': after 'n:=': line 1, column 1: this is no JSON"),
        (["worker.double.x", "n=1"], "'worker.double.x' names no operation"),
        (["shop/worker.double", "--domain", "mill"], "is not in domain 'mill'"),
        (["worker.double", "--input", "absent.json"], "absent.json cannot be read"),
    ],
)
def test_a_call_that_is_spelled_wrong_is_exit_status_2(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["call", *arguments, *NOWHERE]) == 2
    assert words in capsys.readouterr().err


def test_an_input_that_is_no_object_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "input.json"
    source.write_text("[1]")

    assert run(["call", "worker.double", "--input", str(source), *NOWHERE]) == 2
    assert "holds no JSON object" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["nodes", "--wait", "0.5"],
        ["nodes", "info", "a", "--wait", "0.5"],
        ["nodes", "ping", "--timeout", "0.5"],
        ["call", "a.b", "--timeout", "0.5"],
    ],
)
def test_a_bus_that_is_away_is_exit_status_5_with_its_address_and_a_fix(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*arguments, *NOWHERE]) == 5

    error = capsys.readouterr().err
    assert "no Kafka broker at 127.0.0.1:1 answers" in error
    assert "Connection refused" in error
    assert "fix: start one (`nodesmith broker`), or set KAFKA_BOOTSTRAP_SERVERS" in error


@pytest.mark.parametrize("servers", ["", "localhost", "a b:1", "h:0", "h:70000", "h:1,,i:2", ":9092"])
def test_what_is_no_list_of_servers_is_exit_status_2(
    servers: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["nodes", "--kafka-servers", servers]) == 2
    assert "is no address of a Kafka broker" in capsys.readouterr().err


@pytest.mark.parametrize("servers", ["localhost:9092", "a.b-c:1, d:2", "[::1]:9092", "PLAINTEXT://h:9092"])
def test_lists_of_servers_are_taken_as_they_are(servers: str) -> None:
    assert check_servers(servers) == servers


@pytest.mark.parametrize(
    "arguments", [["--bogus"], ["bogus"], ["info"], ["info", ""], ["ping", "--count", "0"]]
)
def test_questions_to_nodes_that_are_spelled_wrong_are_exit_status_2(arguments: list[str]) -> None:
    assert run(["nodes", *arguments]) == 2


def test_errors_are_data_with_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["nodes", "--wait", "0.5", "--json", *NOWHERE]) == 5
    assert json.loads(capsys.readouterr().out)["error"]["type"] == "BusUnavailableError"
