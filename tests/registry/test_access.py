"""Who is let in."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from registry.inside import inside

from nodesmith.errors import InputError
from nodesmith.registry.http.access import COOKIE, Access
from nodesmith.registry.http.routes import ROUTES
from nodesmith.registry.settings import RegistrySettings, read_token

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "a-token-of-some-length"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
HTML = {"Accept": "text/html"}
JSON = {"Content-Type": "application/json"}
COMMAND = "/api/v1/nodes/a/b/commands"


def session(token: str = TOKEN) -> dict[str, str]:
    return {"Cookie": f"{COOKIE}={Access(token=token, host='127.0.0.1').session()}"}


def expired() -> dict[str, str]:
    access = Access(token=TOKEN, host="127.0.0.1")
    until = str(int(time.time()) - 1)
    return {"Cookie": f"{COOKIE}={until}.{access._sign(until)}"}


GUARDED = sorted({route.path for route in ROUTES if route.method == "get" and not route.is_open})


@pytest.mark.parametrize("path", GUARDED)
async def test_nothing_is_seen_without_the_token(path: str) -> None:
    async with inside(token=TOKEN) as api:
        answer = await api.ask(
            "GET", path.replace("{path:.+}", "x").format(domain="a", name="b", node_id="c"), {}
        )

    assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, 'Bearer realm="nodesmith registry"')


@pytest.mark.parametrize("path", ["/health/live", "/login"])
async def test_whether_it_lives_and_the_login_need_no_token(path: str) -> None:
    async with inside(token=TOKEN) as api:
        assert (await api.ask("GET", path, {})).status == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (BEARER, 200),
        ({"Authorization": f"bearer  {TOKEN}"}, 200),
        (session(), 200),
        ({}, 401),
        ({"Authorization": "Bearer "}, 401),
        ({"Authorization": f"Bearer {TOKEN}x"}, 401),
        ({"Authorization": f"Basic {TOKEN}"}, 401),
        (session("another-token-of-some-length"), 401),
        (expired(), 401),
        ({"Cookie": f"{COOKIE}=99999999999.0"}, 401),
        ({"Cookie": f"{COOKIE}={TOKEN}"}, 401),
        ({"Cookie": f"{COOKIE}="}, 401),
    ],
)
async def test_the_token_or_a_session_lets_in(headers: dict[str, str], status: int) -> None:
    async with inside(token=TOKEN) as api:
        assert (await api.ask("GET", "/api/v1/health", headers)).status == status


async def test_a_browser_without_a_session_is_led_to_the_login() -> None:
    async with inside(token=TOKEN) as api:
        page = await api.ask("GET", "/", HTML)
        call = await api.ask("GET", "/api/v1/nodes", HTML)

    assert (page.status, page.headers["Location"], call.status) == (303, "/login", 401)


async def test_who_logs_in_gets_a_cookie_no_script_can_read() -> None:
    async with inside(token=TOKEN) as api:
        answer = await api.ask("POST", "/login", {}, {"token": TOKEN})
        cookie = answer.headers["Set-Cookie"]
        let_in = await api.ask("GET", "/api/v1/health", {"Cookie": cookie.partition(";")[0]})

    assert (answer.status, answer.headers["Location"], let_in.status) == (303, "/", 200)
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert TOKEN not in cookie


async def test_a_wrong_token_is_refused_and_takes_a_while() -> None:
    async with inside(token=TOKEN) as api:
        began = time.monotonic()
        answer = await api.ask("POST", "/login", {}, {"token": "wrong"})

    assert (answer.status, "Set-Cookie" in answer.headers) == (401, False)
    assert time.monotonic() - began >= 0.5


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (JSON, 404),  # let in: the node is not known
        (JSON | {"Origin": "{address}"}, 404),
        (JSON | {"Sec-Fetch-Site": "same-origin"}, 404),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        (JSON | {"Origin": "https://evil.example"}, 403),
        (JSON | {"Origin": "null"}, 403),
        (JSON | {"Sec-Fetch-Site": "cross-site"}, 403),
        (JSON | {"Sec-Fetch-Site": "same-site"}, 403),
    ],
)
@pytest.mark.parametrize("token", ["", TOKEN])
async def test_nothing_is_done_in_the_name_of_who_is_logged_in(
    headers: dict[str, str], status: int, token: str
) -> None:
    async with inside(token=token) as api:
        sent = {name: value.format(address=api.address) for name, value in headers.items()} | session()

        answer = await api.ask("POST", COMMAND, sent, b'{"operation": "x"}')

    assert answer.status == status


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:1", 200),
        ("localhost", 200),
        ("[::1]:8510", 200),
        ("evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("", 421),
        ("[", 421),
    ],
)
async def test_a_name_that_was_pointed_at_this_machine_is_not_answered_to(host: str, status: int) -> None:
    async with inside() as api:
        assert (await api.ask("GET", "/api/v1/health", {"Host": host})).status == status


async def test_what_browsers_should_hold_to_is_said_with_every_answer() -> None:
    async with inside(token=TOKEN) as api:
        for path, headers in (
            ("/api/v1/nodes", BEARER),
            ("/nothing", BEARER),
            ("/api/v1/nodes", {}),
            ("/login", {}),
        ):
            answer = await api.ask("GET", path, headers)

            assert answer.headers["Content-Security-Policy"].startswith("default-src 'self';")
            assert answer.headers["Server"] == "nodesmith"
            assert (answer.headers["X-Frame-Options"], answer.headers["Cache-Control"]) == (
                "DENY",
                "no-store",
            )


@pytest.mark.parametrize("host", ["0.0.0.0", "", "::", "10.0.0.1", "registry.example"])
def test_without_a_token_it_listens_on_this_machine_alone(host: str) -> None:
    with pytest.raises(InputError, match="without a token"):
        RegistrySettings(kafka_servers="h:1", host=host)

    assert RegistrySettings(kafka_servers="h:1", host=host, token=TOKEN).token == TOKEN


@pytest.mark.parametrize("text", ["short", "", "with a blank in the middle", "ä" * 20])
def test_a_token_that_is_none_is_refused_without_showing_it(text: str, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(text)

    with pytest.raises(InputError) as refused:
        read_token(str(file), environment={})

    assert not text or text not in refused.value.message


def test_a_token_comes_from_a_file_or_the_environment_and_is_not_shown(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")

    tokens = [
        read_token(str(file), environment={}),
        read_token(None, environment={"NODESMITH_REGISTRY_TOKEN_FILE": str(file)}),
        read_token(None, environment={"NODESMITH_REGISTRY_TOKEN": TOKEN}),
    ]

    assert tokens == [TOKEN] * 3
    assert TOKEN not in repr(RegistrySettings(kafka_servers="h:1", token=tokens[0])) + repr(tokens)
    assert read_token(None, environment={}) == ""
