"""The page in a real browser, on a real registry and real nodes: what a person sees and does."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from playwright.sync_api import expect
from registry.nodes import DOMAIN, shown_node
from registry.page_nodes import SHOP, SHOP_NAME, shop_node
from registry.processes import RunningRegistry, running_registry
from support.axe import axe_script, findings
from support.browser import PHONE, Visit, running_chromium, visiting
from support.ports import free_port
from support.waiting import wait_until
from support.wire import send

from nodesmith.naming import INTROSPECTION_TOPIC, command_topic

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser
    from support.broker import RunningBroker
    from support.browser import Scheme

SHOP_PAGE = f"#/node/{DOMAIN}/{SHOP}"
TABS = ("operations", "instances", "records", "dead-letters", "contract")
TOKEN = "a-token-that-nobody-guesses"
# What a browser says of a stream that is not there, and of an answer that is no success.
AWAY = r"ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_chromium() as running:
        yield running


@pytest.fixture(scope="module")
def servers(embedded_broker: RunningBroker) -> str:
    return embedded_broker.bootstrap_servers


@pytest.fixture(scope="module")
def registry(servers: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    """On one kind of broker: the page does not see which one it is."""
    with running_registry(servers, tmp_path_factory.mktemp("registry")) as running:
        yield running


@pytest.fixture(scope="module")
def shop(registry: RunningRegistry, servers: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A node that runs through all tests."""
    with shop_node(servers, tmp_path_factory.mktemp("shop")):
        registry.wait_for(SHOP_NAME, lambda node: node["state"] == "ready")
        yield


@pytest.fixture
def visit(browser: Browser, registry: RunningRegistry, shop: None) -> Iterator[Visit]:
    with visiting(browser, registry.address) as opened:
        yield opened


def open_order(visit: Visit) -> None:
    """Open the form of the shop's first operation."""
    visit.go(SHOP_PAGE)
    visit.page.get_by_role("heading", name="order", exact=True).click()
    visit.page.get_by_label("customer").wait_for()


def state_of(visit: Visit, name: str) -> Any:
    return (
        visit.page.get_by_role("row").filter(has=visit.page.get_by_role("link", name=name)).locator(".badge")
    )


def test_a_node_is_listed_with_what_it_is_and_how_it_is(visit: Visit) -> None:
    visit.go("/#/?q=page_shop")

    row = visit.page.get_by_role("row").filter(has_text=SHOP)
    expect(row).to_contain_text("effect")
    expect(row).to_contain_text("ready")
    expect(row).to_contain_text("1.0.0")
    expect(visit.page.locator("#live-text")).to_have_text("Live")


def test_nodes_appear_and_are_lost_and_leave_while_the_page_is_open(
    visit: Visit, servers: str, tmp_path: Path
) -> None:
    name = f"{DOMAIN}/page_passing"
    visit.go("/#/?q=page_passing")
    visit.shows("No node fits")

    with shown_node("page_passing", servers, tmp_path) as node:
        expect(state_of(visit, name)).to_have_text("ready")
        node.process.kill()
        expect(state_of(visit, name)).to_have_text("lost")
        expect(visit.page.locator("#said")).to_contain_text(f"{name} was lost")
    with shown_node("page_passing", servers, tmp_path) as node:
        expect(state_of(visit, name)).to_have_text("ready")
        node.process.send_signal(signal.SIGTERM)
        expect(state_of(visit, name)).to_have_text("stopped")


def test_what_is_searched_for_is_in_the_address_and_survives_a_reload(visit: Visit) -> None:
    visit.go("/")
    visit.page.get_by_label("Search").fill("add up what an order comes to, no")
    visit.shows("No node fits")
    visit.page.get_by_label("Search").fill("shown shop refuse")
    visit.page.get_by_label("Archetype").select_option("effect")

    visit.page.reload()

    expect(state_of(visit, SHOP_NAME)).to_have_text("ready")
    visit.page.get_by_label("Archetype").select_option("reducer")
    visit.shows("No node fits")


def test_a_form_made_of_the_schema_sends_a_command_and_shows_the_answer(visit: Visit) -> None:
    open_order(visit)
    visit.page.get_by_label("customer").fill("ada")
    visit.page.get_by_label("priority").select_option("high")
    visit.page.get_by_label("gift").check()
    for sku, quantity, price in (("tea", "2", "3.50"), ("cup", "1", "12.25")):
        visit.button("Add to lines").click()
        visit.page.get_by_label("sku").last.fill(sku)
        visit.page.get_by_label("quantity").last.fill(quantity)
        visit.page.get_by_label("unit_price").last.fill(price)

    visit.button("Send command").click()

    answer = visit.page.get_by_label("Answer", exact=True)
    expect(answer).to_contain_text('"total": "19.25"')
    expect(answer).to_contain_text('"priority": "high"')
    expect(visit.page.locator(".answer")).to_contain_text("completed")


def test_what_does_not_fit_the_schema_is_told_at_its_field_and_not_sent(visit: Visit) -> None:
    open_order(visit)
    visit.page.get_by_label("customer").fill("a")
    visit.button("Add to lines").click()
    visit.page.get_by_label("quantity").fill("100")

    visit.button("Send command").click()

    customer = visit.page.get_by_label("customer")
    expect(customer).to_be_focused()
    expect(customer).to_have_attribute("aria-invalid", "true")
    visit.shows("At least 2 characters.")
    visit.shows("At most 99.")
    visit.shows("The answer is shown here.")


def test_what_the_node_refuses_is_shown_in_its_own_words(visit: Visit) -> None:
    open_order(visit)
    visit.page.get_by_label("JSON", exact=True).check()
    visit.page.get_by_label("Payload").fill('{"customer": "ada", "gift": "perhaps"}')

    visit.button("Send command").click()

    expect(visit.page.locator(".answer")).to_contain_text("failed")
    expect(visit.page.locator(".answer")).to_contain_text("gift")
    visit.shows("it will not work another time as it is")


def test_what_was_filled_in_is_taken_over_as_json_and_back(visit: Visit) -> None:
    open_order(visit)
    visit.page.get_by_label("customer").fill("ada")
    visit.page.get_by_label("JSON", exact=True).check()
    expect(visit.page.get_by_label("Payload")).to_have_value('{\n  "customer": "ada",\n  "gift": false\n}')
    visit.page.get_by_label("Payload").fill('{"customer": "bob", "lines": [{"sku": "tea", "quantity": 3}]}')

    visit.page.get_by_label("Form", exact=True).check()

    expect(visit.page.get_by_label("customer")).to_have_value("bob")
    expect(visit.page.get_by_label("quantity")).to_have_value("3")


def test_a_dead_letter_is_sent_back_once_somebody_has_confirmed_it(
    visit: Visit, registry: RunningRegistry, servers: str
) -> None:
    topic = command_topic(domain=DOMAIN, name=SHOP)
    send(servers, topic, f"no envelope {uuid4()}".encode())
    path = f"/api/v1/nodes/{SHOP_NAME}/dead-letters"
    before = wait_until(lambda: registry.get(path)["total"], why="a dead letter")
    visit.go(f"{SHOP_PAGE}/dead-letters")
    visit.page.locator(".letter").first.wait_for()

    visit.page.get_by_label("All shown").check()
    visit.page.get_by_role("button", name="Replay").click()
    visit.button("Cancel").click()
    expect(visit.page.get_by_role("dialog")).to_have_count(0)
    assert registry.get(path)["total"] == before
    visit.page.get_by_role("button", name="Replay").click()
    visit.page.get_by_role("dialog").get_by_role("button", name="Replay").click()

    visit.shows(f"sent to {topic}.")
    # It is no envelope still, and comes back.
    wait_until(lambda: registry.get(path)["total"] > before, why="the dead letter coming back")


def test_records_are_shown_with_their_envelopes(visit: Visit, registry: RunningRegistry) -> None:
    body = {"operation": "refuse", "payload": {"customer": "<b>eve</b>", "gift": True}}
    registry.post(f"/api/v1/nodes/{SHOP_NAME}/commands", body)
    visit.go(f"{SHOP_PAGE}/records")

    visit.page.locator("summary").filter(has_text="failed").first.click()

    expect(visit.page.get_by_label("Envelope").first).to_contain_text("<b>eve</b> has no credit")


def test_a_node_tells_its_contract_topics_and_instances(visit: Visit) -> None:
    visit.go(f"{SHOP_PAGE}/contract")
    visit.shows("onex.cmd.shown.page-shop-requested.v1")
    visit.page.get_by_role("link", name="Instances").click()

    visit.page.get_by_role("article").get_by_text("More").click()

    link = visit.page.get_by_role("link", name="/metrics")
    assert str(link.get_attribute("href")).startswith("http://127.0.0.1:")


def test_the_graph_leads_from_topics_to_the_node_and_on(visit: Visit) -> None:
    visit.go(f"/#/graph?around={SHOP_NAME}")
    visit.page.get_by_label("Also topics with one end").check()

    node = visit.page.locator("svg.graph a.node")
    expect(node).to_have_attribute("aria-label", f"{SHOP_NAME}, effect, ready")
    node.focus()
    expect(visit.page.locator(".told")).to_contain_text("reads onex.cmd.shown.page-shop-requested.v1")
    rows = visit.page.get_by_role("row").filter(has_text="onex.evt.shown.page-shop-completed.v1")
    expect(rows).to_contain_text("publishes to")
    node.press("Enter")
    visit.heading_has_focus(SHOP_NAME)


MARKUP = '<img src=x onerror="window.ran=1"><script>window.ran=1</script>'


def test_a_forged_name_is_shown_as_text_and_runs_nothing(visit: Visit, servers: str) -> None:
    forged = {
        "node_id": str(uuid4()),
        "node_name": MARKUP,
        "node_type": MARKUP,
        "node_version": MARKUP[:40],
        "endpoints": {"health": "javascript:window.ran=1"},
        "event_bus": {"publish_topics": [{"topic": MARKUP}], "subscribe_topics": []},
        "metadata": {"description": MARKUP, "ttl_seconds": 60, "instance_id": MARKUP},
    }
    send(servers, INTROSPECTION_TOPIC, {"payload": forged})
    visit.go("/#/?q=onerror")
    link = visit.page.get_by_role("row").get_by_role("link").filter(has_text="onerror")
    expect(link).to_contain_text(MARKUP)

    link.click()
    visit.page.get_by_role("link", name="Instances").click()
    visit.page.get_by_role("heading", name=MARKUP).first.wait_for()
    visit.go("/#/graph?around=onerror")
    visit.page.locator("svg.graph a.node").wait_for()

    assert visit.page.evaluate("window.ran === undefined && !document.querySelector('main img, main script')")


def test_the_token_is_asked_for_and_opens_the_page(browser: Browser, servers: str, tmp_path: Path) -> None:
    variables = {**os.environ, "NODESMITH_REGISTRY_TOKEN": TOKEN}
    with (
        running_registry(servers, tmp_path, environment=variables) as guarded,
        visiting(browser, guarded.address) as visit,
    ):
        visit.expect("401")
        visit.go("/")
        visit.page.get_by_label("Token").fill("some-other-token-that-is-wrong")
        visit.page.keyboard.press("Enter")
        visit.shows("That is not the token.")
        assert findings(visit.page, axe_script()) == []

        visit.page.get_by_label("Token").fill(TOKEN)
        visit.page.keyboard.press("Enter")

        visit.page.get_by_role("heading", name="Nodes").wait_for()
        expect(visit.page.locator("#live-text")).to_have_text("Live")
        visit.page.context.clear_cookies()
        visit.page.reload()
        visit.page.get_by_label("Token").wait_for()


def test_it_says_when_the_registry_is_away_and_goes_on_when_it_is_back(
    browser: Browser, servers: str, shop: None, tmp_path: Path
) -> None:
    port = str(free_port())
    with (
        running_registry(servers, tmp_path, "--port", port) as first,
        visiting(browser, first.address) as visit,
    ):
        visit.expect(AWAY)
        visit.go("/#/?q=page_shop")
        expect(state_of(visit, SHOP_NAME)).to_have_text("ready")

        first.process.kill()

        visit.shows("Out of date: nothing was heard of the registry")
        with running_registry(servers, tmp_path, "--port", port):
            expect(visit.page.locator("#live-text")).to_have_text("Live")
            expect(visit.page.locator("#banner")).to_be_hidden()
            expect(state_of(visit, SHOP_NAME)).to_have_text("ready")


def test_all_can_be_reached_with_keys_alone(visit: Visit) -> None:
    visit.go("/#/?q=page_shop")
    expect(state_of(visit, SHOP_NAME)).to_have_text("ready")
    keys = visit.page.keyboard

    keys.press("Tab")
    expect(visit.page.get_by_role("link", name="Skip to content")).to_be_focused()
    keys.press("Enter")
    expect(visit.page.locator("main")).to_be_focused()
    for _ in range(40):
        keys.press("Tab")
        if visit.page.evaluate("document.activeElement.getAttribute('href')") == SHOP_PAGE:
            break
    keys.press("Enter")
    visit.heading_has_focus(SHOP_NAME)
    visit.page.get_by_role("link", name="Records").press("Enter")
    visit.heading_has_focus("Records")
    visit.page.go_back()
    visit.page.go_back()
    visit.heading_has_focus("Nodes")


def test_nothing_has_to_be_scrolled_sideways_on_a_phone(
    browser: Browser, registry: RunningRegistry, shop: None
) -> None:
    with visiting(browser, registry.address, size=PHONE) as visit:
        wider = {}
        for path in ("#/", "#/graph", *(f"{SHOP_PAGE}/{tab}" for tab in TABS)):
            visit.go(path)
            visit.shows(SHOP)
            if path.endswith("operations"):
                visit.page.get_by_role("heading", name="order", exact=True).click()
                visit.button("Add to lines").click()
            wider[path] = visit.sideways()

    assert set(wider.values()) == {0}, wider


def test_the_list_of_nodes_stays_within_its_card_on_screens_of_every_width(
    browser: Browser, registry: RunningRegistry, shop: None
) -> None:
    beyond = {}
    with visiting(browser, registry.address) as visit:
        visit.go("#/")
        visit.shows(SHOP)
        for width in (360, 900, 1280, 1441):
            visit.page.set_viewport_size({"width": width, "height": 900})
            beyond[width] = visit.page.evaluate(
                "[...document.querySelectorAll('.card, .tile')].map(each => each.scrollWidth - each.clientWidth)"
            )

    assert set().union(*beyond.values()) == {0}, beyond


# Where axe looks, and what is there once it has been read.
PLACES = {
    "#/?q=page_shop": "1.0.0",
    "#/?q=nobody": "No node fits",
    f"{SHOP_PAGE}/operations": "refuse",
    f"{SHOP_PAGE}/instances": "By operation",
    f"#/graph?around={SHOP}": "is read by",
    f"{SHOP_PAGE}/dead-letters": "dead letters",
    f"{SHOP_PAGE}/records": "Newest first",
    f"{SHOP_PAGE}/contract": "onex.cmd.shown.page-shop-requested.v1",
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_wrong_in_the_light_and_in_the_dark(
    browser: Browser, registry: RunningRegistry, shop: None, scheme: Scheme
) -> None:
    # Colours are all that is different in the dark.
    only, places = ("", PLACES) if scheme == "light" else ("color-contrast", dict(list(PLACES.items())[::2]))
    script = axe_script()
    registry.post(f"/api/v1/nodes/{SHOP_NAME}/commands", {"operation": "refuse"})
    found = {}
    with visiting(browser, registry.address, scheme=scheme) as visit:
        for path, text in places.items():
            visit.go(path)
            visit.page.locator("main").get_by_text(text).first.wait_for()
            if path.endswith("operations"):
                visit.page.get_by_role("heading", name="order", exact=True).click()
                visit.button("Add to lines").click()
                visit.button("Send command").click()
            found[path] = findings(visit.page, script, only=only)
        ground = str(visit.page.evaluate("getComputedStyle(document.body).backgroundColor"))

    assert not any(found.values()), found
    assert (int(ground.removeprefix("rgb(").split(",")[0]) > 128) == (scheme == "light")
