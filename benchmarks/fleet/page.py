"""How the registry's page is to somebody who looks at all nodes, in a headless Chromium."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass

import pytest
from support.browser import running_chromium, visiting

SECONDS = 10
WORDS = ("w", "worker_00", "parcel", "worker_0007", "")

# From the key to the second frame after it: what it changed has been painted by then.
_KEYSTROKE = """async (text) => {
  const search = document.querySelector("#q");
  const begun = performance.now();
  search.value = text;
  search.dispatchEvent(new Event("input", {bubbles: true}));
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  return performance.now() - begun;
}"""
_LONG_TASKS = """async (seconds) => {
  let sum = 0, longest = 0;
  const observer = new PerformanceObserver((list) => {
    for (const {duration} of list.getEntries()) { sum += duration; longest = Math.max(longest, duration); }
  });
  observer.observe({entryTypes: ["longtask"]});
  await new Promise((done) => setTimeout(done, 1000 * seconds));
  observer.disconnect();
  return [sum / seconds, longest];
}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Milliseconds: until the first list, of a key in the search, and of tasks over 50 ms in a second and at most."""

    first_list: float
    key: float
    slowest_key: float
    busy: float
    longest: float


def look(address: str) -> Seen | str:
    """Open the page, search in it, and let it follow what changes; return a text where there is no browser."""
    try:
        with running_chromium() as browser, visiting(browser, address) as visit:
            begun = time.perf_counter()
            visit.go("")
            visit.page.locator("table.nodes tbody tr").first.wait_for()
            first_list = (time.perf_counter() - begun) * 1000
            keys = [visit.page.evaluate(_KEYSTROKE, text) for text in WORDS * 4]
            busy, longest = visit.page.evaluate(_LONG_TASKS, SECONDS)
    except pytest.skip.Exception as reason:
        return str(reason)
    return Seen(
        first_list=first_list,
        key=statistics.median(keys),
        slowest_key=max(keys),
        busy=busy,
        longest=longest,
    )
