"""Measure how long one node takes to generate, against cookiecutter writing the same files, in one run.

Whole processes, alternating, so that both meet the same load on the machine. The cookiecutter template is made here
from what nodesmith generates: as many files, with the same bytes, the node's name filled in by the template engine.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

NAME = "customer_writer"
SPEC = f"""\
node: effect
name: {NAME}
domain: crm
description: Writes customer records.
operations:
  upsert_customer:
    description: Insert or update one customer.
    key: customer_id
    input:
      customer_id: uuid
      email: {{type: str, max_length: 254}}
      tags: {{type: "list[str]", default: []}}
    output:
      created: bool
"""
STAGE_SHARE_LIMIT = 0.05


def main() -> int:
    """Print both medians, their ratio and stage 4.5's share; return 1 where the share is over its limit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--pairs", type=int, default=15, help="how often each is run (default 15)")
    pairs = parser.parse_args().pairs
    with tempfile.TemporaryDirectory(prefix="nodesmith-benchmark-") as folder:
        return report(*measure(Path(folder), pairs))


def measure(folder: Path, pairs: int) -> tuple[list[float], list[float], list[float], int]:
    """Return the seconds of nodesmith and of cookiecutter, stage 4.5's share of each pipeline, and the number of files."""
    spec = folder / f"{NAME}.node.yaml"
    spec.write_text(SPEC)
    _, _, files = generate(spec, folder / "sample")  # also warms the file caches
    template, config = make_template(folder, folder / "sample")
    bake(template, config, folder / "baked-sample")
    check_same(folder / "sample", folder / "baked-sample")
    ours, theirs, shares = [], [], []
    for number in range(pairs):
        if number % 2:
            theirs.append(bake(template, config, folder / f"baked-{number}"))
        seconds, share, _ = generate(spec, folder / f"generated-{number}")
        ours.append(seconds)
        shares.append(share)
        if not number % 2:
            theirs.append(bake(template, config, folder / f"baked-{number}"))
    return ours, theirs, shares, files


def generate(spec: Path, target: Path) -> tuple[float, float, int]:
    """Run `nodesmith generate` and return its seconds, stage 4.5's share of its pipeline and the number of files."""
    seconds, output = timed([tool("nodesmith"), "generate", spec, "-o", target, "--json"])
    [node] = json.loads(output)["nodes"]
    took = {stage["number"]: stage["ms"] for stage in node["stages"]}
    return seconds, took["4.5"] / sum(took.values()), len(node["files"])


def bake(template: Path, config: Path, target: Path) -> float:
    """Run cookiecutter and return its seconds."""
    command: list[str | Path] = [
        tool("cookiecutter"),
        "--no-input",
        "--config-file",
        config,
        "-o",
        target,
        template,
    ]
    return timed(command)[0]


def make_template(folder: Path, sample: Path) -> tuple[Path, Path]:
    """Make a cookiecutter template that writes the files of `sample`, and a configuration that stays in `folder`."""
    template, [node] = folder / "template", list(sample.iterdir())
    variable = "{{ cookiecutter.name }}"
    for file in node.rglob("*"):
        if file.is_file():
            copy = template / node.name.replace(NAME, variable) / file.relative_to(node)
            copy.parent.mkdir(parents=True, exist_ok=True)
            text = file.read_text()
            if any(sign in text for sign in ("{{", "{%", "{#")):
                text = "".join(f"{{% raw %}}{line}{{% endraw %}}" for line in text.splitlines(keepends=True))
            copy.write_text(text.replace(NAME, variable))
            copy.chmod(file.stat().st_mode)
    (template / "cookiecutter.json").write_text(json.dumps({"name": NAME}))
    config = folder / "cookiecutter.yaml"
    config.write_text(f'cookiecutters_dir: "{folder}/cookiecutters"\nreplay_dir: "{folder}/replay"\n')
    return template, config


def check_same(ours: Path, theirs: Path) -> None:
    """Make sure that both wrote the same files, else the comparison is none."""
    contents = [
        {file.relative_to(root): file.read_text().strip() for file in root.rglob("*") if file.is_file()}
        for root in (ours, theirs)
    ]
    if contents[0] != contents[1]:
        sys.exit("cookiecutter's template does not write what nodesmith writes: nothing to compare")


def tool(name: str) -> Path:
    """Return a command of the environment this runs in."""
    path = Path(sys.executable).with_name(name)
    if not path.exists():
        sys.exit(f"{name} is not installed beside {sys.executable}; run `make bench`")
    return path


def timed(command: list[str | Path]) -> tuple[float, str]:
    """Run a command to its end and return its seconds and standard output."""
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - start
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stderr}")
    return seconds, done.stdout


def report(ours: list[float], theirs: list[float], shares: list[float], files: int) -> int:
    """Print what was measured."""
    share = statistics.median(shares)
    print(f"one node of {files} files, {len(ours)} alternating pairs, whole process, median (fastest):")
    print(f"  nodesmith generate  {summary(ours)}   formatted, linted, contract and models checked")
    print(f"  cookiecutter        {summary(theirs)}   the same files, filled in only")
    ratio = statistics.median(mine / yours for mine, yours in zip(ours, theirs, strict=True))
    print(f"  ratio               {ratio:.2f} of cookiecutter's time (median of the pairs)")
    print(f"stage 4.5 takes {share:.1%} of the pipeline (limit {STAGE_SHARE_LIMIT:.0%})")
    return int(share > STAGE_SHARE_LIMIT)


def summary(seconds: list[float]) -> str:
    """Return `0.312 s (0.300 s)`."""
    return f"{statistics.median(seconds):.3f} s ({min(seconds):.3f} s)"


if __name__ == "__main__":
    sys.exit(main())
