"""A tokenizer trained on the corpus."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from dataset_builder.trajectories.agent_state import AgentState
from dataset_builder.trajectories.model_input import VERSIONS, model_input
from modeling.data.tokenizer import EOS, PAD, save_tokenizer, train_tokenizer

SMALL = train_tokenizer(
    ["teleport to kitchen", "navigate_to(kitchen)", "heat water to 100 degrees", "fill(metal pot, water)"]
    * 3,
    vocab_size=400,
)


@pytest.fixture(scope="module")
def texts(states: Callable[[], Iterator[AgentState]]) -> list[str]:
    found = []
    for state in states():
        found += [model_input("executor", state, version) for version in VERSIONS]
        found += [state.subgoal, *(event.observation for event in state.history[-1:])]
    return found


@pytest.fixture(scope="module")
def tokenizer(texts: list[str]) -> PreTrainedTokenizerFast:
    return train_tokenizer(texts, vocab_size=2048)


def _back(tokenizer: PreTrainedTokenizerFast, text: str) -> str:
    ids = tokenizer(text, verbose=False)["input_ids"]
    assert ids[-1] == tokenizer.eos_token_id
    return str(tokenizer.decode(ids[:-1]))


def test_every_text_of_the_corpus_comes_back_exactly(
    tokenizer: PreTrainedTokenizerFast, texts: list[str]
) -> None:
    assert len(texts) > 1000
    changed = [text for text in texts if _back(tokenizer, text) != text]
    assert changed == []


@given(st.text())
def test_any_text_comes_back_exactly(text: str) -> None:
    if "\ue000" not in text:
        assert _back(SMALL, text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "  two  blanks ",
        "(kitchen",
        "a (kitchen) b",
        "x\n\ty",
        "-50.0°",
        "日本 ☃",
        "A.B/c'd",
        "a1b 2c",
    ],
)
def test_odd_texts_come_back_exactly(text: str) -> None:
    assert _back(SMALL, text) == text


def test_a_word_is_one_token_at_every_position() -> None:
    kitchen = SMALL("go kitchen")["input_ids"][-2]
    for text in ("teleport to kitchen", "navigate_to(kitchen)", "kitchen", "(kitchen, water)"):
        assert kitchen in SMALL(text)["input_ids"], text


def test_digits_are_tokens_of_their_own() -> None:
    ids = SMALL("100 degrees")["input_ids"]
    assert [str(SMALL.decode([token])).strip() for token in ids[1:4]] == ["1", "0", "0"]


def test_names_take_few_tokens(tokenizer: PreTrainedTokenizerFast) -> None:
    for name, most in (
        ("unknown substance B", 3),
        ("thermometer", 1),
        ("red light bulb", 3),
        ("metal pot", 2),
    ):
        assert len(tokenizer(name)["input_ids"]) - 1 <= most, name


def test_plain_transformers_loads_it(tmp_path: Path) -> None:
    save_tokenizer(SMALL, tmp_path)
    config = json.loads((tmp_path / "tokenizer_config.json").read_text())
    # The class that transformers 4 knows; version 5 writes one it does not.
    assert config["tokenizer_class"] == "PreTrainedTokenizerFast"
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    text = "fill(metal pot, water)"
    assert loaded(text)["input_ids"] == SMALL(text)["input_ids"]
    assert loaded.decode(loaded(text)["input_ids"], skip_special_tokens=True) == text
    assert (loaded.pad_token, loaded.eos_token) == (PAD, EOS)


def test_further_words_get_a_token_each() -> None:
    texts = ["pick up paper clip"] * 3
    plain, wider = (train_tokenizer(texts, words=words) for words in ([], ["sulphur", "Z"]))
    for word in ("sulphur", "Z"):
        assert len(plain(word, add_special_tokens=False)["input_ids"]) > 1
        assert len(wider(word, add_special_tokens=False)["input_ids"]) == 1
    assert (
        wider.decode(wider("move Z to sulphur")["input_ids"], skip_special_tokens=True) == "move Z to sulphur"
    )
