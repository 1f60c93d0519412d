"""What a system gets beside its nodes' folders: when, with which content, and in the words of its spec."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generation.any_system import systems
from generation.odd_system import NODES, ODD
from generation.odd_system import load as load_odd
from hypothesis import HealthCheck, given, settings
from ops.processes import running_up

from nodesmith.contract.node_contract import build
from nodesmith.generation.code_generation import generate_code
from nodesmith.generation.compose import compose_document
from nodesmith.generation.diagram import diagram
from nodesmith.generation.files import Owner
from nodesmith.generation.filters import one_line
from nodesmith.generation.gates.syntax import read_yaml
from nodesmith.generation.pipeline import run
from nodesmith.generation.rendering import packaged_templates
from nodesmith.generation.system_files import system_files
from nodesmith.spec.loading import load_system
from nodesmith.spec.writing import to_yaml

if TYPE_CHECKING:
    from collections.abc import Callable

    from generation.any_fields import Pair

    from nodesmith.generation.files import NodeFiles
    from nodesmith.spec.model import SystemSpec

ORDERS = Path(__file__).parents[2] / "examples" / "orders"
NODESMITH = (sys.executable, "-m", "nodesmith")
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]
MERMAID = re.compile(r"```mermaid\n(.*?)\n```", re.DOTALL)


def made(specs: SystemSpec) -> NodeFiles:
    return system_files(specs, [build(spec) for spec in specs.nodes], packaged_templates())


def compose_of(specs: SystemSpec) -> Any:
    return read_yaml(made(specs)["compose.yaml"].text)


def node(name: str, archetype: str = "effect", **more: object) -> dict[str, object]:
    return {"node": archetype, "name": name, "operations": {"do_it": {}}, **more}


def load(folder: Path, *nodes: dict[str, object], name: str = "some") -> SystemSpec:
    file = folder / "system.yaml"
    file.write_text(to_yaml({"system": name, "nodes": list(nodes)}), encoding="utf-8")
    return load_system(file)


def generated(specs: SystemSpec, target: Path) -> set[str]:
    """Return what stands in the target beside folders."""
    run(specs, target, verify=False, report=lambda _: None)
    return {path.name for path in target.iterdir() if path.is_file()}


SYSTEM_FILES = {"README.md", "asyncapi.yaml", "compose.yaml"}


def test_a_system_file_gets_the_files_of_a_system_even_with_one_node(tmp_path: Path) -> None:
    assert generated(load(tmp_path, node("only")), tmp_path / "out") == SYSTEM_FILES


def test_several_node_files_of_a_folder_get_them(tmp_path: Path) -> None:
    (tmp_path / "a.node.yaml").write_text(to_yaml(node("first")))
    (tmp_path / "b.node.yaml").write_text(to_yaml(node("second")))

    assert generated(load_system(tmp_path), tmp_path / "out") == SYSTEM_FILES


def test_a_node_that_stands_alone_gets_none(tmp_path: Path) -> None:
    (tmp_path / "a.node.yaml").write_text(to_yaml(node("first")))

    assert generated(load_system(tmp_path / "a.node.yaml"), tmp_path / "out") == set()


def test_they_are_listed_and_follow_the_spec_but_for_the_rest_of_the_readme(tmp_path: Path) -> None:
    files = made(load(tmp_path, node("only")))

    assert {path: file.owner for path, file in files.items()} == {
        "README.md": Owner.MERGED,
        "asyncapi.yaml": Owner.GENERATED,
        "compose.yaml": Owner.MERGED,
    }
    command = [*NODESMITH, "generate", str(tmp_path / "system.yaml"), "-o", str(tmp_path / "out"), "--json"]
    said = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert {file["path"] for file in said["files"]} >= SYSTEM_FILES


def test_a_node_that_is_added_shows_in_all_three_and_a_persons_words_stay(tmp_path: Path) -> None:
    out = tmp_path / "out"
    generated(load(tmp_path, node("first")), out)
    readme = out / "README.md"
    readme.write_text(readme.read_text().replace("## Start it on this machine", "Mine.\n\n## Start it here"))

    generated(load(tmp_path, node("first"), node("second")), out)

    assert all("second" in (out / name).read_text() for name in SYSTEM_FILES)
    assert "Mine.\n\n## Start it here" in readme.read_text()


# -- compose.yaml


def test_the_official_schema_accepts_the_compose_files_of_the_example_and_the_oddest_system(
    tmp_path: Path, compose_complaints: Callable[[object], list[str]]
) -> None:
    for specs in (load_system(ORDERS / "system.yaml"), load_odd(tmp_path, NODES)):
        assert compose_complaints(compose_of(specs)) == []


@settings(max_examples=15, deadline=None, suppress_health_check=SLOW)
@given(system=systems())
def test_the_official_schema_accepts_the_compose_file_of_any_system(
    tmp_path: Path, compose_complaints: Callable[[object], list[str]], system: Pair
) -> None:
    file = tmp_path / "system.yaml"
    file.write_text(to_yaml(system.odd), encoding="utf-8")

    assert compose_complaints(compose_of(load_system(file))) == []


def test_the_compose_schema_is_no_rubber_stamp(compose_complaints: Callable[[object], list[str]]) -> None:
    assert compose_complaints({"services": {"a": {"imag": "b"}}}) != []


def test_every_node_on_the_bus_is_a_service_that_waits_for_the_broker() -> None:
    specs = load_system(ORDERS / "system.yaml")
    services = compose_of(specs)["services"]

    assert list(services) == [
        "redpanda",
        "consul",
        *(build(spec).folder.replace("_", "-") for spec in specs.nodes),
    ]
    for name, service in services.items():
        if name.startswith("node-"):
            assert service["depends_on"]["redpanda"] == {"condition": "service_healthy"}
            assert service["environment"]["KAFKA_BOOTSTRAP_SERVERS"] == "redpanda:9092"
            assert "ports" not in service


def test_a_workflow_starts_after_the_nodes_it_calls() -> None:
    services = compose_of(load_system(ORDERS / "system.yaml"))["services"]

    assert services["node-orders-order-fulfilment-orchestrator"]["depends_on"] == {
        "redpanda": {"condition": "service_healthy"},
        "node-orders-price-calculator-compute": {"condition": "service_started"},
        "node-orders-order-store-effect": {"condition": "service_started"},
    }


def test_what_a_service_says_of_itself_agrees_with_its_dockerfile() -> None:
    specs = load_system(ORDERS / "system.yaml")
    services = compose_of(specs)["services"]
    for spec in specs.nodes:
        contract = build(spec)
        dockerfile = generate_code(contract, packaged_templates())["Dockerfile"].text
        service = services[contract.folder.replace("_", "-")]
        (settings_line,) = re.findall(r"^ENV (.*)$", dockerfile, re.MULTILINE)

        assert (
            dict(pair.split("=") for pair in settings_line.split()).items() <= service["environment"].items()
        )
        assert f"VOLUME {service['volumes'][0].rpartition(':')[2]}" in dockerfile
        assert f"EXPOSE {service['environment']['HEALTH_PORT']}" in dockerfile
        assert f":{service['environment']['HEALTH_PORT']}/health/ready" in service["healthcheck"]["test"][-1]


def test_every_volume_that_is_mounted_is_declared_and_no_other() -> None:
    document = compose_of(load_system(ORDERS / "system.yaml"))

    mounted = {
        volume.partition(":")[0] for one in document["services"].values() for volume in one.get("volumes", ())
    }
    assert mounted == set(document["volumes"])


def test_nodes_that_are_called_like_the_services_beside_them_do_not_meet_them(tmp_path: Path) -> None:
    services = compose_of(load(tmp_path, node("redpanda"), node("consul")))["services"]

    assert list(services) == ["redpanda", "consul", "node-redpanda-effect", "node-consul-effect"]


def test_a_dollar_sign_in_a_description_is_no_variable(tmp_path: Path) -> None:
    specs = load(tmp_path, node("only", description="Costs $5, or ${HOME} $$."))
    labels = compose_of(specs)["services"]["node-only-effect"]["labels"]

    assert labels["org.opencontainers.image.description"] == "Costs $$5, or $${HOME} $$$$."


def test_odd_text_is_a_label_and_nothing_else(tmp_path: Path) -> None:
    specs = load_odd(tmp_path, NODES)
    document = compose_document(specs.name, [build(spec) for spec in specs.nodes])
    services: Any = document["services"]

    labels = services["node-odd-keeper-effect"]["labels"]

    told = labels["org.opencontainers.image.description"].replace("$$", "$")
    assert told == one_line(f"keeper: {ODD}")
    without = {name: {**service, "labels": {}} for name, service in services.items()}
    assert "back" not in str(without)


def test_a_node_off_the_bus_is_no_service(tmp_path: Path) -> None:
    services = compose_of(load(tmp_path, node("adder", "compute"), node("keeper")))["services"]

    assert list(services) == ["redpanda", "consul", "node-keeper-effect"]


# -- pictures


def test_mermaid_reads_the_pictures_of_the_example_and_the_oddest_system(
    tmp_path: Path, mermaid: Callable[[list[str]], list[str]]
) -> None:
    pictures = []
    for specs in (load_system(ORDERS / "system.yaml"), load_odd(tmp_path, NODES)):
        contracts = [build(spec) for spec in specs.nodes]
        pictures += [diagram(contracts), *(diagram([contract]) for contract in contracts)]

    assert set(mermaid(pictures)) == {"flowchart-v2"}
    assert mermaid(["flowchart LR\n    a[b"])[0].startswith("error")


def test_mermaid_reads_names_that_mean_something_to_it(
    tmp_path: Path, mermaid: Callable[[list[str]], list[str]]
) -> None:
    words = ("end", "subgraph", "graph", "flowchart", "click", "style", "default", "o", "x")
    specs = load(tmp_path, *(node(word, domain="end") for word in words))

    assert mermaid([diagram([build(spec) for spec in specs.nodes])]) == ["flowchart-v2"]


def test_a_picture_has_every_topic_of_its_nodes_once() -> None:
    contracts = [build(spec) for spec in load_system(ORDERS / "system.yaml").nodes]
    picture = diagram(contracts)

    uses = [topic for node in contracts for topic in (*node.topics.subscribe, *node.topics.publish)]
    of_its_own = [topic for topic in uses if ".platform." not in topic and ".dlq." not in topic]
    assert sorted(re.findall(r'\(\["(.*)"\]\)', picture)) == sorted(set(of_its_own))
    assert len(re.findall("-->", picture)) == len(of_its_own)


def test_a_system_too_large_for_one_picture_says_so(tmp_path: Path) -> None:
    specs = load(tmp_path, *(node(f"keeper_{number}x") for number in range(150)))

    readme = made(specs)["README.md"].text

    assert MERMAID.findall(readme) == []
    assert "too large for one picture" in readme


def test_readmes_have_their_pictures_in_what_follows_the_spec() -> None:
    specs = load_system(ORDERS / "system.yaml")
    for text in (
        made(specs)["README.md"].text,
        *(generate_code(build(spec), packaged_templates())["README.md"].text for spec in specs.nodes),
    ):
        first = text.partition("<!-- nodesmith: end -->")[0]
        assert first.startswith("<!-- nodesmith: made from the spec -->\n# ")
        assert len(MERMAID.findall(first)) == 1


# -- the other commands beside the new files


def test_the_folder_of_a_system_still_validates_beside_what_was_generated_into_it(tmp_path: Path) -> None:
    run(load_system(ORDERS / "system.yaml"), tmp_path, verify=False, report=lambda _: None)
    shutil.copy(ORDERS / "system.yaml", tmp_path)

    done = subprocess.run([*NODESMITH, "validate", tmp_path], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")


def test_running_a_system_in_its_own_folder_keeps_the_lock_under_version_control(tmp_path: Path) -> None:
    """`up` puts its data beside the lock, where version control must not pass by both."""
    run(load(tmp_path, node("only")), tmp_path, verify=False, report=lambda _: None)

    with running_up(tmp_path) as up:
        up.end()

    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    seen = subprocess.run(
        ["git", "ls-files", "--others", "--exclude-standard", ".nodesmith"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    assert ".nodesmith/lock.json" in seen
    assert not any(path.startswith(".nodesmith/data") for path in seen)
