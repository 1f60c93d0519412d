from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from pathlib import Path

NEW = [sys.executable, "-m", "nodesmith", "new"]
SENTENCE = "An effect called customer_writer that writes customers to PostgreSQL"


def new(*arguments: object, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*NEW, *map(str, arguments)], input=given, capture_output=True, check=False)


def printed(run: subprocess.CompletedProcess[bytes]) -> dict[str, Any]:
    """Return the one object on standard output."""
    return json.loads(run.stdout)  # type: ignore[no-any-return]


def test_print_shows_the_spec_and_apart_what_was_assumed(tmp_path: Path) -> None:
    run = new(SENTENCE, "--print", "-o", tmp_path / "out")

    assert run.returncode == 0
    assert yaml.safe_load(run.stdout)["name"] == "customer_writer"
    assert b"assumed:" in run.stderr
    assert not (tmp_path / "out").exists()


def test_print_as_json_has_spec_and_assumed() -> None:
    outcome = printed(new(SENTENCE, "--print", "--json"))

    assert outcome["spec"]["node"] == "effect"
    assert outcome["spec"]["name"] == "customer_writer"
    assert outcome["spec"]["domain"] == ""
    assert outcome["assumed"]


@pytest.mark.parametrize("sentence", ["", "asdf", "hello", "???", "make me a node", "Create an effect node"])
def test_what_says_too_little_is_refused_with_an_example(sentence: str) -> None:
    run = new(sentence, "--print", "--json")

    assert run.returncode == 2
    assert b"nodesmith new" in run.stderr
    assert printed(run)["error"]["type"] == "SentenceError"


def test_what_is_given_wins_over_what_is_said() -> None:
    given = ("--name", "client_sink", "--archetype", "reducer", "--domain", "crm")

    spec = printed(new(SENTENCE, "--print", "--json", *given))["spec"]

    assert (spec["name"], spec["node"], spec["domain"]) == ("client_sink", "reducer", "crm")


@pytest.mark.parametrize(
    ("given", "fix"),
    [
        (("--name", "CustomerWriter"), b"--name customer_writer"),
        (("--name", "class"), b"--name class_node"),
        (("--archetype", "efect"), b"effect, compute, reducer"),
        (("--domain", "Human Resources"), b"--domain human_resources"),
    ],
)
def test_what_cannot_be_given_is_refused_with_a_way_out(given: tuple[str, str], fix: bytes) -> None:
    run = new(SENTENCE, "--print", *given)

    assert run.returncode == 2
    assert fix in run.stderr


def test_a_sentence_can_come_from_standard_input() -> None:
    run = new("-", "--print", "--json", given="Name: Überweisung\nType: effect\nsends money".encode())

    assert printed(run)["spec"]["name"] == "uberweisung"


def test_standard_input_that_is_no_text_is_refused() -> None:
    assert new("-", "--print", given=b"\xff\xfe\x00").returncode == 2


def test_a_node_is_made_and_the_report_tells_what_was_understood(tmp_path: Path) -> None:
    run = new("A compute node called price_total that adds up prices", "-o", tmp_path, "--json")

    outcome = printed(run)
    assert run.returncode == 0
    assert outcome["nodes"][0]["node"] == "node_price_total_compute"
    assert outcome["spec"]["name"] == "price_total"
    assert b"understood:" in run.stderr
    assert (tmp_path / "node_price_total_compute" / "node.yaml").is_file()


@pytest.mark.parametrize(
    "sentence", ["- name: x_sink\n- type: effect\n- it writes files", "-name: x_sink, effect"]
)
@pytest.mark.parametrize("first", [True, False])
def test_a_sentence_may_begin_with_a_hyphen(sentence: str, *, first: bool) -> None:
    options = ("--print", "--json", "--domain", "crm")

    run = new(sentence, *options) if first else new(*options, sentence)

    assert printed(run)["spec"]["name"] == "x_sink"
    assert printed(run)["spec"]["domain"] == "crm"


@pytest.mark.parametrize("mistyped", ["--nmae", "-x", "--nmae=a b"])
def test_a_mistyped_option_is_still_told(mistyped: str) -> None:
    run = new(SENTENCE, mistyped, "--print")

    assert run.returncode == 2
    assert b"No such option" in run.stderr


def test_a_folder_may_begin_with_a_hyphen_too(tmp_path: Path) -> None:
    run = subprocess.run(
        [*NEW, SENTENCE, "-o", "-a b", "--print"], cwd=tmp_path, capture_output=True, check=False
    )

    assert run.returncode == 0
