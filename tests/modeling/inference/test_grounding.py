"""Grounded decoding: what may be said, learnt from examples, kept in the config, obeyed by every search."""

import json
import random
from collections.abc import Callable, Iterable, Iterator
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import pytest

from dataset_builder.trajectories.agent_state import AgentState
from dataset_builder.trajectories.model_input import model_input
from modeling.agents.decoding import Decoding
from modeling.agents.local_model import LocalModel
from modeling.checkpoints.load import load_checkpoint
from modeling.data.tokenizer import train_tokenizer
from modeling.data.vocabulary import vocabulary
from modeling.inference.grounding import Grounding, find_grounding
from modeling.inference.search import Answer, Search

PAIRS = [
    (
        "room: kitchen | see: metal pot, glass cup | goal: place(glass cup, metal pot)",
        "move glass cup to metal pot",
    ),
    ("room: kitchen | see: glass cup, orange | goal: place(orange, glass cup)", "move orange to glass cup"),
    ("room: hallway | see: red box, orange | goal: place(orange, red box)", "move orange to red box"),
    ("room: hallway | see: stove | goal: navigate_to(kitchen)", "teleport to kitchen"),
    ("room: kitchen | see: stove | goal: navigate_to(hallway)", "teleport to hallway"),
    ("room: outside | see: turtle egg, dove egg | goal: focus_on(dove egg)", "focus on dove egg"),
]
TOKENIZER = train_tokenizer([text for pair in PAIRS for text in pair] * 3 + ["frog giant tortoise"] * 6)
INPUTS = TOKENIZER([text for text, _ in PAIRS])["input_ids"]
LABELS = TOKENIZER([answer for _, answer in PAIRS])["input_ids"]
GROUNDING = find_grounding(INPUTS, LABELS, TOKENIZER)
EXECUTOR = str(Path(__file__).parents[3] / "release" / "executor")
SEARCHES = (Search(), Search(5), Search(4, 4))


def _broken(text: str, answer: str) -> list[str]:
    """Words that must not stand where they stand in an answer."""
    ids, written = TOKENIZER(text)["input_ids"], TOKENIZER(answer)["input_ids"]
    return [str(TOKENIZER.decode([token])).strip() for _, token in GROUNDING.violations(ids, written)]


def _words(tokens: Iterable[int]) -> set[str]:
    return {str(TOKENIZER.decode([token])).strip() for token in tokens}


def test_free_is_what_answers_have_without_their_inputs() -> None:
    assert {"move", "to", "teleport"} <= _words(GROUNDING.always_allowed_ids)
    assert not {"glass", "cup", "egg", "dove", "kitchen"} & _words(GROUNDING.always_allowed_ids)
    assert {"to", ",", ":"} <= _words(GROUNDING.connector_ids)
    assert not {"glass", "egg"} & _words(GROUNDING.connector_ids)


@pytest.mark.parametrize("index", range(len(PAIRS)))
def test_the_answers_it_was_learnt_from_are_grounded(index: int) -> None:
    assert _broken(*PAIRS[index]) == []


def test_names_are_copied_from_the_input() -> None:
    text = "room: outside | see: frog egg, giant tortoise, red box | goal: focus_on(frog egg)"
    assert _broken(text, "focus on frog egg") == []
    assert _broken(text, "focus on giant tortoise") == []  # grounded, if wrong
    assert _broken(text, "move frog egg to red box") == []
    assert _broken(text, "focus on dove egg") == ["dove"]
    assert _broken(text, "focus on giant egg") == ["egg"]
    assert _broken(text, "move frog to red box") == ["to"]  # `frog` is no whole name
    assert _broken(text, "teleport to kitchen") == ["kitchen"]


@pytest.mark.parametrize("index", range(len(PAIRS)))
def test_what_is_forbidden_is_what_breaks(index: int) -> None:
    words = vocabulary(TOKENIZER)
    ids = INPUTS[index]
    forbidden = set(map(tuple, GROUNDING.suppressed_sequences(ids, words)))
    dice = random.Random(index)
    kinds = [0, 0]
    for _ in range(500):
        answer = dice.choices(range(len(words)) if dice.random() < 0.3 else ids, k=3)
        said = [words[token] for token in answer]
        broken = any(GROUNDING.violations(ids, answer))
        assert broken == any((word,) in forbidden for word in said) | any(
            pair in forbidden for pair in pairwise(said)
        )
        kinds[broken] += 1
    assert min(kinds) > 20


def test_training_writes_it_into_the_config_and_loading_reads_it(checkpoints: dict[str, Path]) -> None:
    for role, folder in checkpoints.items():
        checkpoint = load_checkpoint(str(folder))
        found = Grounding.of(checkpoint.model, checkpoint.tokenizer)
        assert found, role
        marks = {checkpoint.tokenizer.eos_token_id, checkpoint.tokenizer.pad_token_id}
        assert marks <= found.connector_ids
        assert found.always_allowed_ids <= found.connector_ids


@pytest.fixture(scope="module")
def inputs(states: Callable[[], Iterator[AgentState]]) -> list[str]:
    """What the released executor reads in states of all tasks."""
    version = json.loads((Path(EXECUTOR) / "config.json").read_text())["state_text_version"]
    return [model_input("executor", state, version) for state in islice(states(), 0, None, 25)]


BACKENDS = ("transformers", "ctranslate2")


@pytest.fixture(scope="module")
def answers(inputs: list[str]) -> dict[str, list[list[Answer]]]:
    """Backend → the grounded answers to all inputs, by search."""
    models = {name: _executor(backend=name) for name in BACKENDS}
    return {
        name: [model.backend.answer(inputs, search) for search in SEARCHES] for name, model in models.items()
    }


def _executor(**decoding: Any) -> LocalModel:
    return LocalModel.from_pretrained(EXECUTOR, decoding=Decoding(**decoding))


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_answer_is_grounded_whatever_computes_it(
    backend: str, inputs: list[str], answers: dict[str, list[list[Answer]]]
) -> None:
    free = _executor(backend=backend, grounded=False)
    grounding = Grounding.of(free.checkpoint.model, free.checkpoint.tokenizer)
    assert grounding
    ids, _ = free.fitter.encode(inputs)

    def broken(found: list[Answer], search: Search) -> int:
        assert all(len(answer.texts) >= search.num_answers - 1 for answer in found)
        return sum(
            any(grounding.violations(row, free.fitter.tokenizer(text)["input_ids"]))
            for row, answer in zip(ids, found, strict=True)
            for text in answer.texts
        )

    greedy, beams, low_ranked = map(broken, answers[backend], SEARCHES)
    assert greedy == beams == 0
    # Low-ranked candidates may contain invented words, which may be encoded otherwise than they were written.
    assert low_ranked <= 0.05 * len(inputs) * SEARCHES[-1].num_answers
    assert broken(free.backend.answer(inputs, SEARCHES[-1]), SEARCHES[-1]) > len(inputs) / 2


def test_the_backends_agree(answers: dict[str, list[list[Answer]]]) -> None:
    for slow, fast in zip(*(answers[name] for name in BACKENDS), strict=True):
        one, other = ([answer.texts for answer in found] for found in (slow, fast))
        # Near ties may fall otherwise.
        assert sum(some[0] == others[0] for some, others in zip(one, other, strict=True)) >= len(one) - 1
        # Further candidates may differ: the engines end a search by rules of their own.
        shared = sum(len({*some} & {*others}) for some, others in zip(one, other, strict=True))
        assert shared >= 0.7 * sum(map(len, one))


def test_draws_are_grounded_too(
    checkpoints: dict[str, Path], states: Callable[[], Iterator[AgentState]]
) -> None:
    model = LocalModel.from_pretrained(str(checkpoints["flat"]), decoding=Decoding(samples=5))
    grounding = Grounding.of(model.checkpoint.model, model.checkpoint.tokenizer)
    assert grounding
    texts = [model_input("flat", state) for state in islice(states(), 0, 100, 20)]
    ids, _ = model.fitter.encode(texts)
    answers = model.backend.answer(texts, Search(samples=5), seeds=[1] * len(texts))
    for row, answer in zip(ids, answers, strict=True):
        for text in answer.texts:
            assert not list(grounding.violations(row, model.fitter.tokenizer(text)["input_ids"]))
