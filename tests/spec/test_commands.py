from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator
from spec.checking import SAMPLES

from nodesmith.cli.application import run

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def run_json(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, Any]:
    status = run([*arguments, "--json"])
    return status, json.loads(capsys.readouterr().out)


def test_validate_says_what_each_file_holds(capsys: pytest.CaptureFixture[str]) -> None:
    writer = SAMPLES / "customer_writer.node.yaml"

    status = run(["validate", str(writer), str(SAMPLES / "order_totals.node.yaml")])

    lines = capsys.readouterr().out.splitlines()
    assert status == 0
    assert (
        lines[0] == f"{writer}: node crm/customer_writer effect, operations upsert_customer, delete_customer"
    )
    assert lines[1].endswith(
        "node orders/order_totals reducer, operations order_stored, customer_left, get_state"
    )


def test_validate_shows_every_finding_of_every_file_and_exits_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.yaml").write_text("node: compte\nname: a\n")
    (tmp_path / "b.yaml").write_text("node: compute\nname: b\noperations: {go: {input: {x: strng}}}\n")

    status = run(["validate", str(tmp_path / "a.yaml"), str(tmp_path / "b.yaml"), str(tmp_path / "c.yaml")])

    shown = capsys.readouterr().err
    assert status == 2
    assert f"{tmp_path}/a.yaml:1:7: node: 'compte' is no kind of node [unknown-value]" in shown
    assert "fix: did you mean 'compute'?" in shown
    assert f"{tmp_path}/b.yaml:3:30: operations.go.input.x: 'strng' is no type [unknown-type]" in shown
    assert f"{tmp_path}/c.yaml: this cannot be read: No such file or directory" in shown
    assert shown.endswith("error: 3 errors\n")


def test_validate_gives_one_json_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, found = run_json(["validate", str(SAMPLES / "system")], capsys)

    assert status == 0
    assert found["valid"] is True
    assert [node["node"] for node in found["files"][0]["nodes"]] == [
        "shop/price_calculator", "shop/order_store", "shop/order_totals", "shop/order_fulfilment"
    ]  # fmt: skip

    file = tmp_path / "a.yaml"
    file.write_text("node: compte\nname: a\n")
    status, found = run_json(["validate", str(file)], capsys)

    assert (status, found["valid"], found["files"]) == (2, False, [])
    assert found["findings"] == [
        {
            "rule": "unknown-value",
            "message": "'compte' is no kind of node",
            "fix": "did you mean 'compute'?",
            "file": str(file),
            "line": 1,
            "column": 7,
            "path": "node",
        }
    ]


def test_validate_survives_a_path_that_is_no_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["validate", f"{tmp_path}/\udcff.yaml"]) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_schema_prints_or_writes_the_same_schema(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schema"]) == 0
    printed = capsys.readouterr().out

    assert run(["schema", "-o", str(tmp_path / "schema.json")]) == 0

    assert (tmp_path / "schema.json").read_text() == printed
    Draft202012Validator.check_schema(json.loads(printed))


def test_schema_says_where_it_cannot_write(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schema", "-o", str(tmp_path / "no" / "schema.json")]) == 2
    assert "cannot be written: No such file or directory" in capsys.readouterr().err
