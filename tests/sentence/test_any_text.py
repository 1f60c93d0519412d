from __future__ import annotations

import time

import pytest
from generation.any_fields import ODD_TEXTS
from generation.texts_kept import lost_texts, other_values, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nodesmith.errors import SentenceError
from nodesmith.generation.pipeline import make
from nodesmith.generation.rendering import packaged_templates
from nodesmith.spec.loading import load_node_document
from nodesmith.spec.model import SystemSpec
from nodesmith.spec.sentence import understand
from nodesmith.spec.sentence.text import MAX_INPUT_CHARACTERS

WORDS = (
    "create an a the effect compute reducer orchestrator node called named name : , . ; ( ) - -> \n 1. 2. * # ' \" ` "
    "that which writes reads counts validates calls steps operations events first then finally and or not no without "
    "orders customer customers per each of for in domain sales PostgreSQL API OrderPlaced order_store class list json "
    "input output returns takes whether get_state model_x import 3d é ß 注文 🚀 {{ }} get set delete CRUD it them is "
    "keeps the balance how many often like by from to with list of numbers type = | / item_2 item2 step by step"
).split(" ")
LIMIT_SECONDS = 20.0  # for the slowest machine; it takes about one


def loads_or_is_refused(sentence: str) -> None:
    try:
        understood = understand(sentence)
    except SentenceError:
        return
    load_node_document(understood.document, source="the sentence")


@given(st.text())
@settings(max_examples=300, deadline=None)
def test_any_text_is_understood_or_refused(sentence: str) -> None:
    loads_or_is_refused(sentence)


@given(st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join))
@settings(max_examples=1500, deadline=None)
def test_any_mixture_of_known_words_is_understood_or_refused(sentence: str) -> None:
    loads_or_is_refused(sentence)


@given(st.text(min_size=1), st.sampled_from(["effect", "compute", "reducer", "orchestrator"]))
@settings(max_examples=200, deadline=None)
def test_any_text_with_an_archetype_given_is_understood_or_refused(sentence: str, archetype: str) -> None:
    try:
        understood = understand(sentence, name="some_node", archetype=archetype)
    except SentenceError:
        return
    assert (understood.name, understood.archetype) == ("some_node", archetype)
    load_node_document(understood.document, source="the sentence")


@given(
    st.sampled_from(["effect", "compute", "orchestrator"]),
    st.lists(st.sampled_from(ODD_TEXTS), min_size=2, max_size=2),
)
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_odd_text_in_a_sentence_is_data_in_its_node(
    tmp_path_factory: pytest.TempPathFactory, archetype: str, odd: list[str]
) -> None:
    """What is done, and with what, may be anything; what it is called is given."""
    sentence = f'{odd[0]}: a node that stores orders, then sends {odd[1]} with a "{odd[0]}" of type str'
    folder = tmp_path_factory.mktemp("any")
    try:
        document = understand(sentence, name="some_node", archetype=archetype).document
    except SentenceError:
        return
    specs = SystemSpec(nodes=(load_node_document(document, source="the sentence"),))

    made = make(specs, folder, packaged_templates(), tell=lambda event: None)

    write(made.files, folder)
    (contract,) = made.contracts
    assert list(lost_texts(contract, made.files[contract.folder])) == []
    assert list(other_values(contract, folder)) == []


@pytest.mark.parametrize(
    "part",
    ["very ", "'", '"a ', "called ", "a -> ", "_", "a-", "A", "1. ", "effect ", "the order effect and ", "\n", "<",
     "name: ", "steps: a, ", "first write files then read rows ", "reads a and writes b and ", "not no without ", "\u202e",
     "🚀", "e\u0301", "*", "a'", "compute a ", "a and b events ", "counts a of ", "with get, set, delete operations ",
     "\ufdfa", "\0", "per "],
)  # fmt: skip
def test_a_megabyte_of_anything_takes_no_longer_than_a_moment(part: str) -> None:
    sentence = (part * (MAX_INPUT_CHARACTERS // len(part)))[:MAX_INPUT_CHARACTERS]
    started = time.process_time()

    loads_or_is_refused(sentence)

    assert time.process_time() - started < LIMIT_SECONDS


def test_a_long_text_is_read_from_its_beginning_and_that_is_told() -> None:
    understood = understand("An effect called x_sink that writes files. " + "It is very important. " * 5000)

    assert understood.name == "x_sink"
    assert understood.assumed[0].startswith("only the first 20000 of 110043 characters")


def test_more_than_a_megabyte_is_refused() -> None:
    with pytest.raises(SentenceError, match="more than 1000000"):
        understand("x" * (MAX_INPUT_CHARACTERS + 1))
