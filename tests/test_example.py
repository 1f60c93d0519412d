"""The committed example: what nodesmith makes of its spec today, with handlers a person wrote."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from nodesmith.generation.pipeline import run
from nodesmith.spec.loading import load_system

ORDERS = Path(__file__).parents[1] / "examples" / "orders"
NODES = sorted(path.name for path in ORDERS.glob("node_*"))
OF_THE_SYSTEM = ("README.md", "asyncapi.yaml", "compose.yaml")
WRITTEN_BY_A_PERSON = {
    "node_orders_order_store_effect/v1_0_0/handlers/handler_delete_order.py",
    "node_orders_order_store_effect/v1_0_0/handlers/handler_store_order.py",
    "node_orders_order_store_effect/v1_0_0/resources.py",
    "node_orders_order_store_effect/v1_0_0/tests/test_handler_delete_order.py",
    "node_orders_order_store_effect/v1_0_0/tests/test_handler_store_order.py",
    "node_orders_order_totals_reducer/v1_0_0/handlers/handler_order_stored.py",
    "node_orders_order_totals_reducer/v1_0_0/tests/test_handler_order_stored.py",
    "node_orders_price_calculator_compute/v1_0_0/handlers/handler_quote.py",
    "node_orders_price_calculator_compute/v1_0_0/tests/test_handler_quote.py",
}


def contents(folder: Path) -> dict[str, tuple[bytes, bool]]:
    """Return each file of the system and its nodes under `folder`, what tools cached aside: its bytes, and whether it may be run."""
    return {
        str(path.relative_to(folder)): (path.read_bytes(), bool(path.stat().st_mode & 0o100))
        for part in (*folder.glob("node_*"), *(folder / name for name in OF_THE_SYSTEM))
        for path in (part, *part.rglob("*"))
        if path.is_file()
        and not any(part.startswith((".", "__pycache__")) for part in path.relative_to(folder).parent.parts)
    }


def test_the_committed_nodes_are_a_fresh_generation_but_for_what_a_person_wrote(tmp_path: Path) -> None:
    run(load_system(ORDERS / "system.yaml"), tmp_path, verify=False, report=lambda event: None)

    fresh, committed = contents(tmp_path), contents(ORDERS)

    assert fresh.keys() == committed.keys()
    assert {name for name in fresh if fresh[name] != committed[name]} == WRITTEN_BY_A_PERSON


def test_the_example_is_up_to_date_as_an_updated_system_has_to_be() -> None:
    command = [sys.executable, "-m", "nodesmith", "generate", "system.yaml", "--check"]

    done = subprocess.run(command, cwd=ORDERS, capture_output=True, text=True, check=False)

    assert done.returncode == 0, f"generate the example again and commit it:\n{done.stdout}{done.stderr}"
    assert done.stderr.splitlines()[-1] == "up to date"


@pytest.mark.parametrize("node", NODES)
def test_a_node_of_the_example_is_clean_by_its_own_rules(node: str) -> None:
    for check in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *check, "--no-cache", "."],
            cwd=ORDERS / node,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout


def test_the_nodes_of_the_example_pass_type_checks_and_their_own_tests(mypy_cache: Path) -> None:
    packages = [argument for node in NODES for argument in ("-p", node)]
    types = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(mypy_cache), *packages]
    tests = [sys.executable, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "/dev/null", *NODES]
    for command in (types, tests):
        done = subprocess.run(command, cwd=ORDERS, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("node", NODES)
def test_a_node_of_the_example_says_on_the_bus_the_topics_that_its_contract_names(node: str) -> None:
    contract = yaml.safe_load((ORDERS / node / "v1_0_0" / "contract.yaml").read_text())
    module, name = contract["annotations"]["node_class"].rsplit(".", 1)
    code = f"import json; from {module} import {name}; d = {name}().definition; print(json.dumps([d.read_topics, d.written_topics]))"

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ORDERS, capture_output=True, text=True, check=True
    )

    kinds = (contract["event_bus"]["subscribe_topics"], contract["event_bus"]["publish_topics"])
    assert [sorted(topics) for topics in json.loads(done.stdout)] == [
        sorted(topic for topic in named if ".platform." not in topic) for named in kinds
    ]
