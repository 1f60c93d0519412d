"""The workflow as it is written down."""

from ..workflow import WORKFLOW


def test_every_step_can_run() -> None:
    order = WORKFLOW.order()
    run = []
    while order.is_active():
        for name in order.get_ready():
            run.append(name)
            order.done(name)

    assert sorted(run) == ["quote", "store"]
