"""Flags, config file, environment: what is taken from where, and what is refused."""

from __future__ import annotations

import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support.nodes import running_node

from nodesmith.errors import InputError
from nodesmith.runtime.config import read_config
from nodesmith.runtime.settings import NodeSettings, data_directory, event_bus_skipped

if TYPE_CHECKING:
    from pathlib import Path


def start(script: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(script), *arguments],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
        env={"PATH": "", **environment},
    )


def test_help_says_the_options_and_shows_an_example(start_greeter: Path) -> None:
    done = start(start_greeter, "--help")
    assert done.returncode == 0
    for option in ("--config", "--kafka-servers", "--skip-event-bus", "--health-port", "--log-level"):
        assert option in done.stdout
    assert "--kafka-servers localhost:9092" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "environment", "words"),
    [
        (["--health-port", "banana"], {}, "--health-port is 'banana'"),
        (["--health-port", "70000"], {}, "--health-port is '70000'"),
        (["--log-level", "loud"], {}, "--log-level is 'loud'"),
        (["--helth-port", "1"], {}, "unrecognized arguments"),
        (["--config", "/nowhere.toml"], {}, "cannot read the config file"),
        ([], {"DRAIN_SECONDS": "soon"}, "DRAIN_SECONDS is 'soon'"),
        ([], {"NODESMITH_SKIP_EVENT_BUS": "perhaps"}, "NODESMITH_SKIP_EVENT_BUS is 'perhaps'"),
    ],
)
def test_what_cannot_be_a_setting_is_refused_in_words(
    start_greeter: Path, arguments: list[str], environment: dict[str, str], words: str
) -> None:
    done = start(start_greeter, *arguments, **environment)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_health_port_that_is_taken_is_refused_with_what_to_do(start_greeter: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = start(start_greeter, "--skip-event-bus", "--health-port", str(port))
    assert done.returncode == 2
    assert f"cannot serve health at 127.0.0.1:{port}" in done.stderr
    assert "choose another HEALTH_PORT" in done.stderr
    assert "Traceback" not in done.stderr


def test_flags_win_over_the_config_file_and_that_over_the_environment(
    start_greeter: Path, tmp_path: Path
) -> None:
    config = tmp_path / "node.toml"
    config.write_text('[node]\nkafka_servers = ["file:1", "file:2"]\nlog_level = "debug"\n')
    environment = {"KAFKA_BOOTSTRAP_SERVERS": "environment:1", "GREETER_JOURNAL": str(tmp_path)}
    arguments = ["--config", str(config), "--log-level", "info"]
    with running_node(start_greeter, tmp_path / "log", *arguments, environment=environment) as node:
        assert node.readiness()["event_bus"]["servers"] == "file:1,file:2"
        assert "DEBUG" not in node.output


def test_the_config_file_may_have_a_table_or_not(tmp_path: Path) -> None:
    file = tmp_path / "node.toml"
    keys = 'skip_event_bus = true\nhealth_host = "0.0.0.0"\nhealth_port = 8080\ndata_dir = "/data"\n'
    expected = {
        "NODESMITH_SKIP_EVENT_BUS": "1",
        "HEALTH_HOST": "0.0.0.0",
        "HEALTH_PORT": "8080",
        "NODESMITH_DATA_DIR": "/data",
    }
    for text in (keys, "[node]\n" + keys):
        file.write_text(text)
        assert read_config(file) == expected


@pytest.mark.parametrize(
    ("text", "words", "fix"),
    [
        ("helth_port = 1", "unknown key 'helth_port'", "did you mean 'health_port'?"),
        ("[node]\nhealth_port = 1\n[other]\n", "unknown key 'other'", "there are:"),
        ("health_port = true", "health_port is True", "use a number"),
        ('health_port = "8080"', "health_port is '8080'", "use a number"),
        ("health_port = 65536", "health_port is '65536'", "use a number"),
        ("skip_event_bus = 1", "skip_event_bus is 1", "true or false"),
        ("kafka_servers = [1]", "kafka_servers is 1", "a text"),
        ('log_level = "loud"', "log_level is 'loud'", "use one of"),
        ("node = 3", "node is no table", "[node] table"),
        ("= 3", "is no TOML", ""),
    ],
)
def test_what_is_wrong_in_a_config_file_is_named_with_the_file(
    tmp_path: Path, text: str, words: str, fix: str
) -> None:
    file = tmp_path / "node.toml"
    file.write_text(text)
    with pytest.raises(InputError) as caught:
        read_config(file)
    assert str(file) in caught.value.message
    assert words in caught.value.message
    assert fix in caught.value.fix


def test_settings_have_defaults_and_bounds() -> None:
    assert NodeSettings.from_environment({}) == NodeSettings()
    assert NodeSettings.from_environment({"HEALTH_PORT": "", "LOG_LEVEL": "warning"}).log_level == "WARNING"
    for bad in ({"HEARTBEAT_SECONDS": "0"}, {"DRAIN_SECONDS": "-1"}, {"DRAIN_SECONDS": "inf"}):
        with pytest.raises(InputError):
            NodeSettings.from_environment(bad)


def test_the_data_directory_is_the_users_state_folder_unless_it_is_chosen(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("NODESMITH_DATA_DIR", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert data_directory() == tmp_path / "nodesmith"
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert data_directory() == tmp_path / ".local" / "state" / "nodesmith"
    monkeypatch.setenv("NODESMITH_DATA_DIR", str(tmp_path / "mine"))
    assert data_directory() == tmp_path / "mine"


@pytest.mark.parametrize(("value", "skipped"), [("1", True), ("TRUE", True), ("0", False), ("", False)])
def test_the_bus_is_skipped_when_the_environment_says_so(
    monkeypatch: pytest.MonkeyPatch, value: str, skipped: bool
) -> None:
    monkeypatch.setenv("NODESMITH_SKIP_EVENT_BUS", value)
    assert event_bus_skipped() is skipped
