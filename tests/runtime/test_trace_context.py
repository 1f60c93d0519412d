from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodesmith.runtime.trace_context import carry_on, trace_and_span

TRACE, SPAN = "a" * 32, "b" * 16


@pytest.mark.parametrize("incoming", [f"00-{TRACE}-{SPAN}-00", f" 00-{TRACE}-{SPAN}-00 "])
def test_a_trace_goes_on_with_a_new_span_and_its_state(incoming: str) -> None:
    outgoing, state = carry_on({"traceparent": incoming, "tracestate": "a=1,b=2"})
    trace, span = trace_and_span(outgoing)
    assert (trace, outgoing[-3:], state) == (TRACE, "-00", "a=1,b=2")
    assert span != SPAN


def test_a_later_version_of_the_header_is_read_as_far_as_it_is_known() -> None:
    outgoing, _ = carry_on({"traceparent": f"cc-{TRACE}-{SPAN}-01-what-comes-later"})
    assert outgoing.startswith(f"00-{TRACE}-")


@pytest.mark.parametrize(
    "incoming",
    [
        "",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}",
    ],
)
def test_a_malformed_trace_is_ignored_with_its_state(incoming: str) -> None:
    outgoing, state = carry_on({"traceparent": incoming, "tracestate": "a=1"})
    assert (trace_and_span(outgoing)[0] == TRACE, state) == (False, "")


@given(st.text())
def test_whatever_comes_what_leaves_is_well_formed(incoming: str) -> None:
    version, trace, span, flags = carry_on({"traceparent": incoming})[0].split("-")
    assert (version, len(trace), len(span), flags) == ("00", 32, 16, "01")
