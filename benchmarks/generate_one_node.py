"""Measure how long one node takes to generate, against tools that write the same files, in one run."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

from measuring import Pairs, in_turn, judge, run, show, tool
from rivals import Cookiecutter, Copier, check_same, files_of
from samples import NAME, one_node

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from onex.environment import NoEnvironmentError, made_before

COOKIECUTTER_LIMIT = 0.7
COPIER_LIMIT = 0.3
STAGE_4_5_LIMIT = 5


def main() -> int:
    """Print what was measured; return 1 where a limit does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=15, help="how often each is run (default 15)")
    pairs = parser.parse_args().pairs
    with tempfile.TemporaryDirectory(prefix="nodesmith-benchmark-") as name:
        return compare(Path(name), pairs)


def compare(folder: Path, pairs: int) -> int:
    """Measure against each rival there is."""
    ours = Ours(folder)
    ours.generate(-2)
    sample = folder / "ours--2" / ours.node
    cookiecutter, copier = Cookiecutter(folder, sample), Copier(folder, sample)
    cookiecutter.generate(folder / "first-cookiecutter")
    copier.generate(folder / "first-copier")
    check_same(sample, folder / "first-cookiecutter" / ours.node, name="cookiecutter")
    check_same(sample, folder / "first-copier" / ours.node, name="copier")
    print(f"one node of {len(files_of(sample))} files, {pairs} pairs of whole processes in turn:")
    holds = [
        against("cookiecutter", cookiecutter.generate, COOKIECUTTER_LIMIT, ours, pairs),
        against("copier", copier.generate, COPIER_LIMIT, ours, pairs),
    ]
    against_onex(folder, ours, pairs)
    share = statistics.median(ours.shares) * 100
    holds.append(judge("stage 4.5's part of the pipeline", share, STAGE_4_5_LIMIT, unit=" %"))
    print(f"  stages, median ms: {ours.stages()}")
    return int(not all(holds))


class Ours:
    """Generates the node again and again, each time into a new folder, and keeps what the pipeline tells."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.spec = folder / f"{NAME}.node.yaml"
        self.spec.write_text(one_node())
        self.node = ""
        self.shares: list[float] = []
        self.took: dict[str, list[float]] = {}

    def generate(self, number: int, label: str = "ours") -> float:
        """Generate the node and return the seconds of the whole process."""
        done = run(
            [tool("nodesmith"), "generate", self.spec, "-o", self.folder / f"{label}-{number}", "--json"]
        )
        [node] = json.loads(done.output)["nodes"]
        self.node = node["node"]
        took = {stage["number"]: stage["ms"] for stage in node["stages"]}
        self.shares.append(took["4.5"] / sum(took.values()))
        for stage, ms in took.items():
            self.took.setdefault(stage, []).append(ms)
        return done.seconds

    def stages(self) -> str:
        """Return the median time of every stage that did something."""
        medians = {stage: statistics.median(times) for stage, times in self.took.items()}
        return ", ".join(f"{stage}: {ms:.1f}" for stage, ms in medians.items() if ms >= 0.05)


def against(name: str, generate: object, limit: float, ours: Ours, pairs: int) -> bool:
    """Measure against one rival and print it."""
    assert callable(generate)
    measured = in_turn(
        lambda number: ours.generate(number, f"beside-{name}"),
        lambda number: generate(ours.folder / f"{name}-{number}"),
        pairs=pairs,
    )
    shown(measured, name, "the same files, filled in only")
    return judge(f"part of {name}'s time (median of the pairs)", measured.ratio, limit)


def against_onex(folder: Path, ours: Ours, pairs: int) -> None:
    """Measure against `onex new node`, which writes stubs of five files, where its environment is there."""
    try:
        onex = made_before().with_name("onex")
    except NoEnvironmentError as error:
        print(f"  NOT MEASURED: onex new node, since {error}")
        return

    def generate(number: int) -> float:
        root = folder / f"onex-{number}"
        (root / "src" / "shop").mkdir(parents=True)
        (root / "src" / "shop" / "__init__.py").touch()
        return run(
            [onex, "new", "node", NAME.replace("_", "-"), "--type", "effect", "--project-root", root]
        ).seconds

    measured = in_turn(lambda number: ours.generate(number, "beside-onex"), generate, pairs=pairs)
    shown(measured, "onex new node", "five files of stubs, on Python 3.12")
    print(f"  part of onex new node's time (median of the pairs): {measured.ratio:.2f}")


def shown(measured: Pairs, name: str, what: str) -> None:
    """Print both sides."""
    show("nodesmith generate", measured.ours, "formatted, linted, models and contract checked")
    show(name, measured.theirs, what)


if __name__ == "__main__":
    sys.exit(main())
