"""What the page consists of: small files that need no build, load nothing from elsewhere, and write text as text."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

PAGE = files("nodesmith.registry.page")
ASSETS = PAGE / "assets"
FILES = {
    **{name: (PAGE / name).read_text() for name in ("index.html", "login.html")},
    **{each.name: each.read_text() for each in ASSETS.iterdir()},
}
SCRIPTS = {name: text for name, text in FILES.items() if name.endswith(".js")}
# What everybody loads; the rest comes with the graph or a node's page.
FIRST = (
    "index.html",
    "page.css",
    "icon.svg",
    "main.js",
    "nodes.js",
    "fleet.js",
    "live.js",
    "api.js",
    "dom.js",
    "format.js",
)


@pytest.mark.parametrize("name", SCRIPTS)
@pytest.mark.parametrize(
    "way",
    [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "DOMParser",
        "srcdoc",
        "Function(",
    ],
)
def test_no_script_makes_markup_of_a_text(name: str, way: str) -> None:
    assert way not in SCRIPTS[name]


@pytest.mark.parametrize("name", FILES)
def test_nothing_is_loaded_from_elsewhere(name: str) -> None:
    addresses = set(re.findall(r"(?:https?:)?//[a-z0-9][\w.-]*\.\w+[^\s\"')]*", FILES[name]))

    assert addresses <= {"http://www.w3.org/2000/svg"}


@pytest.mark.parametrize("name", ["index.html", "login.html"])
def test_the_markup_has_no_script_and_no_style_of_its_own(name: str) -> None:
    text = FILES[name]

    assert re.findall(r"<script(?![^>]*\ssrc=)[^>]*>", text) == []
    assert re.findall(r"<style|\sstyle=|\son\w+=", text) == []


def test_all_that_is_named_is_there() -> None:
    named = {
        name for text in FILES.values() for name in re.findall(r"/assets/([\w.]+)|\"\./([\w.]+)\"", text)
    }

    assert {one or other for one, other in named} == {each.name for each in ASSETS.iterdir()}


def test_it_is_small() -> None:
    assert sum(len(FILES[name].encode()) for name in FIRST) < 64_000
    assert sum(len(text.encode()) for text in FILES.values()) < 150_000
