from __future__ import annotations

import dataclasses

import pytest
from generation.odd_system import effect

from nodesmith.contract.node_contract import NodeContract, build
from nodesmith.errors import GateError
from nodesmith.generation.code_generation import generate_code
from nodesmith.generation.event_bus_integration import integrate_event_bus
from nodesmith.generation.files import GeneratedFile, NodeFiles
from nodesmith.generation.gates.bus_guards import guard_findings
from nodesmith.generation.gates.syntax import parse_node
from nodesmith.generation.post_check import post_check
from nodesmith.generation.rendering import packaged_templates
from nodesmith.spec.loading import load_node_document

KEPT = "v1_0_0/models/model_keep_input.py"


@pytest.fixture(scope="module")
def contract() -> NodeContract:
    return build(load_node_document(effect("keeper"), source="test"))


@pytest.fixture(scope="module")
def files(contract: NodeContract) -> NodeFiles:
    return integrate_event_bus(generate_code(contract, packaged_templates()), contract, packaged_templates())


def check(files: NodeFiles, contract: NodeContract) -> NodeFiles:
    return post_check({contract.folder: files}, [contract])[contract.folder]


def rules(files: NodeFiles, contract: NodeContract) -> set[tuple[str, str]]:
    with pytest.raises(GateError) as raised:
        check(files, contract)
    assert raised.value.stage == "5"
    return {
        (finding.rule, finding.file.removeprefix(f"{contract.folder}/")) for finding in raised.value.findings
    }


def changed(files: NodeFiles, path: str, old: str, new: str) -> NodeFiles:
    assert old in files[path].text
    return {**files, path: dataclasses.replace(files[path], text=files[path].text.replace(old, new))}


def test_what_the_stages_before_made_passes(files: NodeFiles, contract: NodeContract) -> None:
    checked = check(files, contract)

    assert set(checked) == set(files)
    assert checked["v1_0_0/start_node.py"].executable


@pytest.mark.parametrize("path", ["v1_0_0/node.py", "pyproject.toml", "v1_0_0/contract.yaml"])
def test_a_file_that_does_not_parse(files: NodeFiles, contract: NodeContract, path: str) -> None:
    broken = {**files, path: GeneratedFile(text="a: [\n= (")}

    assert rules(broken, contract) == {("syntax", path)}


@pytest.mark.parametrize(
    ("path", "other"), [("V1_0_0/Node.py", "v1_0_0/node.py"), ("README.md/x", "README.md")]
)
def test_names_that_meet(files: NodeFiles, contract: NodeContract, path: str, other: str) -> None:
    assert rules({**files, path: files[other]}, contract) == {("name-collision", path)}


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("from ..enums.enum_gone import EnumGone", "there is no module v1_0_0/enums/enum_gone"),
        ("from .model_drop_input import ModelGone", "v1_0_0/models/model_drop_input has no ModelGone"),
        ("from ......outside import Thing", "the import leaves the node"),
        ("from requests import get", "requests is neither Python's own nor a dependency of the node"),
        ("from nodesmith.spec.model import NodeSpec", "nodesmith.spec.model is neither Python's own nor"),
        ("from nodesmith.runtime import Gone", "nodesmith.runtime has no Gone"),
        ("import pytest", "pytest is neither Python's own nor a dependency of the node"),
    ],
)  # fmt: skip
def test_an_import_that_leads_nowhere(
    files: NodeFiles, contract: NodeContract, statement: str, message: str
) -> None:
    broken = changed(files, KEPT, "\nclass ", f"{statement}\n\nclass ")

    with pytest.raises(GateError) as raised:
        check(broken, contract)

    assert any(message in finding.message for finding in raised.value.findings)


def test_a_model_that_cannot_be_built(files: NodeFiles, contract: NodeContract) -> None:
    broken = changed(files, KEPT, "item_id: str", "item_id: str = Field(ge='a', pattern='(')")

    assert ("model", KEPT) in rules(changed(broken, KEPT, "ConfigDict", "ConfigDict, Field"), contract)


def test_each_finding_names_its_node(files: NodeFiles, contract: NodeContract) -> None:
    other = dataclasses.replace(contract, folder="node_other_effect")
    broken = changed(files, KEPT, "from pydantic", "import os\nfrom pydantic")

    with pytest.raises(GateError) as raised:
        post_check({contract.folder: files, other.folder: broken}, [contract, other])

    assert {finding.file for finding in raised.value.findings} == {f"{other.folder}/{KEPT}"}


def test_what_the_linter_finds(files: NodeFiles, contract: NodeContract) -> None:
    assert rules(changed(files, KEPT, "from pydantic", "import os\nfrom pydantic"), contract) == {
        ("F401", KEPT)
    }


def test_a_contract_that_is_not_what_it_was_made_from(files: NodeFiles, contract: NodeContract) -> None:
    path = "v1_0_0/contract.yaml"
    broken = {**files, path: GeneratedFile(text=f"{files[path].text}\nx_odd: 1\n")}

    assert ("round-trip", path) in rules(broken, contract)


TRIED = """\
try:
    from nodesmith.runtime.bus import EventPublisher
except ImportError:
    EVENT_BUS_AVAILABLE = False
else:
    EVENT_BUS_AVAILABLE = True
"""


@pytest.mark.parametrize(
    ("code", "holds"),
    [
        (TRIED, True),
        ("from nodesmith.runtime.bus import EventPublisher", False),
        ("try:\n    from nodesmith.runtime.bus import EventPublisher\nexcept OSError:\n    pass", False),
        (f"{TRIED}\nx = EventPublisher()", False),
        (f"{TRIED}\nif EVENT_BUS_AVAILABLE:\n    x = EventPublisher()", True),
        (f"{TRIED}\nif EVENT_BUS_AVAILABLE:\n    pass\nelse:\n    x = EventPublisher()", False),
        (f"{TRIED}\ndef f():\n    if not EVENT_BUS_AVAILABLE:\n        return\n    EventPublisher()", True),
        (f"{TRIED}\ndef f():\n    EventPublisher()\n    if not EVENT_BUS_AVAILABLE:\n        return", False),
        (f"{TRIED}\nclass A:\n    x: EventPublisher | None = None", True),
    ],
)
def test_every_use_of_the_bus_is_guarded(code: str, holds: bool) -> None:
    parsed, _ = parse_node({"node.py": GeneratedFile(text=code)})

    findings = list(guard_findings(parsed))

    assert (findings == []) == holds
