"""Parts of the page by themselves, in a browser without a registry: forms out of schemas, the graph's layout, long lists."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pytest
from support.browser import Visit, running_chromium, visiting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Route

ADDRESS = "http://page.test"
PAGE = files("nodesmith.registry.page")
KINDS = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}


@pytest.fixture(scope="module")
def visit() -> Iterator[Visit]:
    """An empty page beside the page's own modules."""

    def answer(route: Route) -> None:
        name = route.request.url.rpartition("/")[2]
        if not name:
            route.fulfill(body="<!DOCTYPE html><title>modules</title>", content_type="text/html")
        else:
            route.fulfill(
                body=(PAGE / "assets" / name).read_text(), content_type=KINDS[name.rpartition(".")[2]]
            )

    with running_chromium() as browser, visiting(browser, ADDRESS) as opened:
        opened.page.route("**/*", answer)
        opened.go("/")
        yield opened


# --- forms ---

READ = """({buildForm}, schema, initial, filled) => {
  const form = buildForm(schema, initial ?? undefined);
  document.body.replaceChildren(form.element);
  for (const [name, value] of Object.entries(filled ?? {})) {
    const control = document.getElementsByName(name)[0];
    if (control.type === "checkbox") control.checked = value; else control.value = value;
  }
  const {value, problems} = form.read();
  const said = [...document.querySelectorAll(".problem")].map(each => each.textContent).filter(Boolean);
  return {value, said, problems: problems.length};
}"""


def read(visit: Visit, field: dict[str, Any], filled: str | bool | None, *, required: bool = True) -> Any:
    """Return what a form with one field gives for what was filled in: the field's value, or what it complains of."""
    schema = {"type": "object", "properties": {"x": field}, "required": ["x"] if required else []}
    given = {} if filled is None else {"x": filled}
    found = visit.module("form.js", READ, schema, None, given)
    return found["said"] if found["problems"] else found["value"].get("x", "left out")


@pytest.mark.parametrize(
    ("field", "filled", "value"),
    [
        ({"type": "string"}, "hej", "hej"),
        ({"type": "string"}, "", ""),
        ({"type": "string", "minLength": 1}, "", ["This is needed."]),
        ({"type": "string", "maxLength": 3}, "four", ["At most 3 characters; these are 4."]),
        ({"type": "string", "pattern": "^[a-z]+$"}, "A", ["This does not fit ^[a-z]+$"]),
        ({"type": "string", "format": "uuid"}, "x", ["This is no UUID."]),
        ({"type": "string", "format": "date"}, "2026-12-01", "2026-12-01"),
        ({"type": "string", "format": "time"}, "08:30", "08:30"),
        ({"type": "integer"}, "7", 7),
        ({"type": "integer"}, "7.5", ["This has to be a whole number."]),
        ({"type": "integer", "minimum": 3}, "2", ["At least 3."]),
        ({"type": "number", "exclusiveMaximum": 1}, "1", ["Less than 1."]),
        ({"type": "number", "multipleOf": 0.1}, "0.3", 0.3),
        ({"type": "integer"}, "", ["This is needed."]),
        (
            {"type": "integer"},
            "9007199254740993",
            ["This is too large to be sent exactly from here: write the command as JSON."],
        ),
        ({"anyOf": [{"type": "number", "minimum": 0}, {"type": "string"}]}, "0.10", "0.10"),
        ({"anyOf": [{"type": "number", "minimum": 0}, {"type": "string"}]}, "-1", ["At least 0."]),
        ({"type": "boolean"}, True, True),
        ({"type": "boolean"}, None, False),
        ({"enum": ["a", 2, None]}, "1", 2),
        ({"enum": ["a"]}, None, ["Choose one."]),
        ({"const": "fixed"}, None, "fixed"),
        ({}, '{"free": [1]}', {"free": [1]}),
        ({"type": "array", "prefixItems": [{}]}, "[1]", [1]),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "4", 4),
        ({"type": ["integer", "null"]}, "4", 4),
    ],
)
def test_a_field_gives_what_its_schema_asks_for(
    visit: Visit, field: dict[str, Any], filled: str | bool | None, value: object
) -> None:
    assert read(visit, field, filled) == value


@pytest.mark.parametrize(
    "field",
    [
        {"type": "string", "default": "x"},
        {"type": "integer"},
        {"type": "boolean", "default": True},
        {"enum": ["a"]},
        {"type": "array", "items": {}},
        {"type": "object", "additionalProperties": {"type": "string"}},
        {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}], "default": None},
        {},
    ],
)
def test_what_may_be_left_out_is_left_out(visit: Visit, field: dict[str, Any]) -> None:
    assert read(visit, field, None, required=False) == "left out"


def test_a_time_is_sent_with_its_zone(visit: Visit) -> None:
    said = read(visit, {"type": "string", "format": "date-time"}, "2026-12-01T08:30")

    assert said == visit.page.evaluate("new Date(2026, 11, 1, 8, 30).toISOString()")


SELF = {
    "$defs": {
        "Tree": {
            "type": "object",
            "properties": {
                "n": {"type": "integer"},
                "kids": {"type": "array", "items": {"$ref": "#/$defs/Tree"}},
                "next": {"anyOf": [{"$ref": "#/$defs/Tree"}, {"type": "null"}]},
            },
            "required": ["n"],
        }
    },
    "$ref": "#/$defs/Tree",
}
CHOICE = {
    "type": "object",
    "properties": {
        "pet": {
            "oneOf": [
                {
                    "type": "object",
                    "title": kind,
                    "properties": {"kind": {"const": kind}, "age": {"type": "integer"}},
                    "required": ["kind"],
                }
                for kind in ("cat", "dog")
            ]
        }
    },
    "required": ["pet"],
}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (SELF, {"n": 1, "kids": [{"n": 2, "kids": []}], "next": {"n": 3}}),
        (CHOICE, {"pet": {"kind": "dog", "age": 4}}),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, {"a": 1, "b": 2}),
        ({"type": "object", "properties": {}}, {}),
    ],
)
def test_what_a_form_begins_with_is_what_it_gives(
    visit: Visit, schema: dict[str, Any], value: dict[str, Any]
) -> None:
    found = visit.module("form.js", READ, schema, value, {})

    assert found["problems"] == 0, found["said"]
    assert without_empty(found["value"]) == without_empty(value)


def without_empty(value: Any) -> Any:
    """Return a value without the empty lists in it, which may be left out."""
    if isinstance(value, dict):
        return {name: without_empty(each) for name, each in value.items() if each != []}
    return [without_empty(each) for each in value] if isinstance(value, list) else value


# --- the graph ---

LAYOUT = """({layout}, edges) => {
  const ids = [...new Set(edges.flat())], boxes = ids.map(id => ({id, width: 120, height: 40}));
  const done = layout(boxes, edges.map(([from, to]) => ({from, to})));
  return {width: done.width, height: done.height, places: Object.fromEntries(done.places), paths: done.paths};
}"""
CIRCLE = [["o", "c"], ["c", "p"], ["p", "d"], ["d", "o"], ["o", "x"], ["x", "q"], ["q", "d"]]
MANY = [[f"n{a}", f"n{b}"] for a in range(60) for b in ((a * 7 + 3) % 60, (a * 11 + 5) % 60) if a != b]


@pytest.mark.parametrize("edges", [CIRCLE, MANY, [["a", "a"]], [["a", "b"], ["c", "d"]]])
def test_no_boxes_overlap_and_all_are_inside(visit: Visit, edges: list[list[str]]) -> None:
    done = visit.module("layout.js", LAYOUT, edges)

    places = list(done["places"].values())
    assert len(places) == len({name for edge in edges for name in edge})
    for at, one in enumerate(places):
        assert -0.01 <= one["x"] <= done["width"] - 119.99
        assert -0.01 <= one["y"] <= done["height"] - 39.99
        for other in places[at + 1 :]:
            assert abs(one["x"] - other["x"]) > 119.99 or abs(one["y"] - other["y"]) > 39.99


def test_what_follows_stands_to_the_right_but_where_the_circle_closes(visit: Visit) -> None:
    done = visit.module("layout.js", LAYOUT, CIRCLE)

    x = {name: place["x"] for name, place in done["places"].items()}
    back = [(each["from"], each["to"]) for each in done["paths"] if each["isBack"]]
    assert back == [("d", "o")]
    assert all(x[a] < x[b] for a, b in CIRCLE if (a, b) not in back)
    assert done == visit.module("layout.js", LAYOUT, CIRCLE)


# --- many nodes ---

FILL = """async ({NodesView}, number) => {
  const {Fleet} = await import("/assets/fleet.js");
  const fleet = new Fleet();
  for (let at = 0; at < number; at++) {
    const name = `worker_${String(at).padStart(5, "0")}`;
    fleet.nodes.set(`many/${name}`, {domain: "many", name, full_name: `many/${name}`, archetype: "effect", description: "",
      versions: ["1.0.0"], operations: ["work"], state: at % 100 ? "ready" : "lost", live: 1, instance_states: {ready: 1},
      conflicts: 0, waits_for: [], rate_per_second: at % 7, p50_ms: 1, p99_ms: 2, lag: 0, errors: 0, dead_letters: 0,
      last_error: null, last_error_at: null});
  }
  fleet.loaded = true;
  const view = new NodesView(fleet, new URLSearchParams("sort=rate"));
  document.body.replaceChildren(view.element);
  const began = performance.now();
  for (let turn = 0; turn < 10; turn++) view.update();
  const milliseconds = (performance.now() - began) / 10;
  view.turn(new URLSearchParams("q=worker_09999"));
  return {milliseconds, rows: document.querySelectorAll("tbody tr").length, found: document.querySelector("tbody").textContent};
}"""


def test_ten_thousand_nodes_are_shown_a_page_at_a_time_and_searched_at_once(visit: Visit) -> None:
    done = visit.module("nodes.js", FILL, 10_000)

    assert done["rows"] == 1
    assert "worker_09999" in done["found"]
    # Measured: 6 ms. They are shown anew 2.5 times a second.
    assert done["milliseconds"] < 400
