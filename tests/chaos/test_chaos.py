"""Processes killed, brokers paused, connections cut, and then everything counted: the short form of `make chaos`.

Each run has its own processes and mostly waits, so several run at a time. What is checked is counts, never times.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, get_args

import pytest
from chaos.clock import NoClockError
from chaos.ledger import Kind, write_ledger
from chaos.run import Row, run_scenario
from chaos.scenarios import SCENARIOS

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMANDS = 600
AT_A_TIME = 5
SEED = 20_261_125
KINDS: tuple[Kind, ...] = get_args(Kind)
RUNS = [(name, "embedded", SEED) for name in SCENARIOS]


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[tuple[str, str, int], Future[Row]]]:
    made = tmp_path_factory.mktemp("ledgers")
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        # Generated once, since many scenarios have the same.
        scripts = dict(
            zip(KINDS, pool.map(lambda kind: write_ledger(made / kind, kind=kind), KINDS), strict=True)
        )
        yield {
            (name, broker, seed): pool.submit(
                run_scenario,
                SCENARIOS[name],
                seed=seed,
                commands=COMMANDS,
                broker=broker,
                folder=tmp_path_factory.mktemp(f"{name}-{broker}"),
                script=scripts[SCENARIOS[name].ledger],
            )
            for name, broker, seed in RUNS
        }
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize(("name", "broker", "seed"), RUNS)
def test_every_command_has_one_effect_and_a_result_whatever_happens(
    rows: dict[tuple[str, str, int], Future[Row]], name: str, broker: str, seed: int
) -> None:
    try:
        row = rows[name, broker, seed].result()
    except NoClockError as reason:
        pytest.skip(f"NOT TESTED WITH A CLOCK THAT JUMPS: {reason}")

    assert not row.faults, row
