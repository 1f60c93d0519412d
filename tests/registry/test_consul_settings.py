"""Consul's own variables, read as its own tools read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from nodesmith.errors import InputError
from nodesmith.registry.consul.settings import read_consul_settings

if TYPE_CHECKING:
    from pathlib import Path


def test_consul_is_not_wanted_where_nobody_says_where_it_is() -> None:
    assert read_consul_settings(environment={"CONSUL_HTTP_TOKEN": "secret"}) is None


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("consul.example:8501", "http://consul.example:8501"),
        ("consul.example", "http://consul.example:8500"),
        ("https://10.0.0.1:8501/", "https://10.0.0.1:8501"),
        ("[::1]:8500", "http://[::1]:8500"),
    ],
)
def test_an_address_is_read_with_and_without_a_scheme(text: str, address: str) -> None:
    settings = read_consul_settings(environment={"CONSUL_HTTP_ADDR": text})

    assert settings is not None
    assert settings.address == address


def test_what_is_given_counts_before_the_variable_and_everything_else_is_read() -> None:
    settings = read_consul_settings(
        "http://given:1",
        fleet="north",
        environment={
            "CONSUL_HTTP_ADDR": "http://other:2",
            "CONSUL_HTTP_SSL": "true",
            "CONSUL_HTTP_SSL_VERIFY": "false",
            "CONSUL_HTTP_TOKEN": "secret",
            "CONSUL_NAMESPACE": "team",
            "NODESMITH_CONSUL_HTTP_CHECKS": "never",
        },
    )

    assert settings is not None
    assert (settings.address, settings.fleet, settings.verify) == ("https://given:1", "north", False)
    assert (settings.token, settings.http_checks) == ("secret", "never")
    assert settings.unused == ("CONSUL_NAMESPACE",)
    assert "secret" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CONSUL_HTTP_ADDR", "unix:///var/run/consul.sock"),
        ("CONSUL_HTTP_ADDR", "http://me:hunter2@consul:8500"),
        ("CONSUL_HTTP_ADDR", "http://consul:8500/prefix"),
        ("CONSUL_HTTP_ADDR", "http://consul:port"),
        ("CONSUL_HTTP_SSL", "perhaps"),
        ("CONSUL_HTTP_TOKEN_FILE", "/not/hunter2"),
        ("CONSUL_CACERT", "/not/there"),
        ("NODESMITH_CONSUL_HTTP_CHECKS", "sometimes"),
    ],
)
def test_what_cannot_be_used_is_named_without_what_may_be_a_secret(name: str, value: str) -> None:
    with pytest.raises(InputError) as refused:
        read_consul_settings(environment={"CONSUL_HTTP_ADDR": "127.0.0.1:8500", name: value})

    assert name in refused.value.message
    assert "hunter2" not in refused.value.message
    assert refused.value.fix


def test_a_certificate_needs_its_key(tmp_path: Path) -> None:
    certificate = tmp_path / "client.pem"
    certificate.touch()

    with pytest.raises(InputError, match="CONSUL_CLIENT_KEY"):
        read_consul_settings("consul", environment={"CONSUL_CLIENT_CERT": str(certificate)})


@pytest.mark.parametrize("fleet", ["", "North", "a--b", "x" * 33, "ein fleet"])
def test_a_fleet_has_a_name_that_fits_into_an_id(fleet: str) -> None:
    with pytest.raises(InputError):
        read_consul_settings("consul", fleet=fleet, environment={})
