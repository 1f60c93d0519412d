from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nodesmith.naming import name_problem
from nodesmith.spec.fields import field_name_problem
from nodesmith.spec.sentence.identifiers import bare_words, field_name, operation_name, tidy


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("NodeCustomerWriterEffect", "customer_writer"),
        ("customer-writer-effect", "customer_writer"),
        ("node_customer_writer_effect", "customer_writer"),
        ("Customer Writer Effect Node", "customer_writer"),
        ("SideEffectLogger", "side_effect_logger"),
        ("side_effect", "side_effect"),
        ("map_reducer_stats", "map_reducer_stats"),
        ("NodePool", "node_pool"),
        ("HTTPClient", "http_client"),
        ("S3Uploader", "s3_uploader"),
        ("OAuth2TokenRefresher", "oauth2_token_refresher"),
        ("PostgreSQLWriter", "postgresql_writer"),
        ("MyGraphQLGateway", "my_graphql_gateway"),
        ("GitHubSync", "github_sync"),
        ("XMLToJSON", "xml_to_json"),
        ("Überweisung", "uberweisung"),
        ("Straße_sync", "strasse_sync"),
        ("order v2", "order_v2"),
        ("O'Reilly", "o_reilly"),
    ],
)
def test_a_name_loses_what_class_and_folder_add_and_keeps_its_words(written: str, name: str) -> None:
    assert tidy(bare_words(written)).name == name


def test_another_archetype_at_the_end_stays_in_the_name() -> None:
    assert bare_words("OrderOrchestrator", archetype="effect") == ["order", "orchestrator"]


@pytest.mark.parametrize("taken", ["class", "import", "list", "match"])
def test_a_name_python_takes_is_changed_and_the_reason_told(taken: str) -> None:
    tidied = tidy([taken])

    assert tidied.name == f"{taken}_node"
    assert "Python" in tidied.changed


def test_a_long_name_ends_between_two_words() -> None:
    assert tidy(["word"] * 40).name == "_".join(["word"] * 13)[:64]


@given(st.text())
@example("ID")
def test_whatever_is_written_becomes_a_usable_name_or_none(written: str) -> None:
    name = tidy(bare_words(written)).name

    assert name == "" or name_problem(name) == ""
    assert field_name_problem(field_name(written, fallback="field")) == ""
    assert name_problem(operation_name(written, fallback="operation")) == ""
