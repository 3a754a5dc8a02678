"""Decoding with CTranslate2: the same answers as transformers, and when greedy search is enough."""

import itertools
import math
import random
from typing import Any

import pytest
import torch

from dataset_builder.common.errors import UsageError
from modeling.agents.local_model import LocalModel
from modeling.data.encoding import Fitter
from modeling.inference.ctranslate2_backend import CTranslate2Backend, greedy_is_optimal
from modeling.inference.search import Answer, Search
from modeling.inference.transformers_backend import TransformersBackend

SEARCHES = (Search(), Search(num_beams=5), Search(num_beams=4, num_answers=4))


@pytest.mark.parametrize("search", SEARCHES)
def test_the_best_answers_are_those_of_transformers(
    flat: LocalModel, texts: list[str], search: Search
) -> None:
    backend = CTranslate2Backend(flat.checkpoint, flat.fitter, 48)
    expected = flat.backend.answer(texts, search)
    answers = backend.answer(texts, search)
    assert len({answer.texts[0] for answer in answers}) > 1
    # Equal up to ties: in 32 bits two engines differ in the last digits.
    assert sum(map(_same, expected, answers)) >= len(texts) - 1
    assert [answer.read for answer in answers] == [answer.read for answer in expected]


def _same(one: Answer, other: Answer) -> bool:
    return one.texts[0] == other.texts[0]


def test_answers_keep_their_order_whatever_the_batches(flat: LocalModel, texts: list[str]) -> None:
    backend = CTranslate2Backend(flat.checkpoint, flat.fitter, 48)
    whole = backend.answer([*texts, texts[0]], Search())
    assert whole[-1] == whole[0]
    assert [backend.answer([text], Search())[0].texts for text in texts] == [
        answer.texts for answer in whole[:-1]
    ]
    assert backend.answer([], Search()) == []


def test_eight_bits_are_close_to_thirty_two(flat: LocalModel, texts: list[str]) -> None:
    """Near-ties come out differently by processor, so the answers are judged by the 32-bit model.

    It must find each 8-bit answer nearly as likely as its own best one.
    """
    backend = CTranslate2Backend(flat.checkpoint, flat.fitter, 48, "int8")
    assert backend.name == "ctranslate2-int8"
    answers = [answer.texts[0] for answer in backend.answer(texts, Search())]
    best = [answer.texts[0] for answer in flat.backend.answer(texts, Search())]
    losses = (_mean_loss(flat, texts, written) for written in (answers, best))
    assert next(losses) - next(losses) < 0.05


def _mean_loss(model: LocalModel, texts: list[str], answers: list[str]) -> float:
    """Mean cross-entropy per token of the answers, in nats."""
    tokenizer = model.fitter.tokenizer
    inputs, labels = (tokenizer(batch, padding=True, return_tensors="pt") for batch in (texts, answers))
    targets = labels["input_ids"].masked_fill(labels["attention_mask"] == 0, -100)
    with torch.inference_mode():
        network: Any = model.checkpoint.model
        return float(network(**inputs, labels=targets).loss)


def test_long_inputs_are_not_cut_by_the_engine(flat: LocalModel, texts: list[str]) -> None:
    boxes = ", ".join(f"orange box {number}" for number in range(120))
    text = texts[0].replace("see: ", f"see: {boxes}, ")
    fitter = Fitter(flat.checkpoint.tokenizer, flat.version, 2048)
    engines = (
        TransformersBackend(flat.checkpoint.model, fitter, 48),
        CTranslate2Backend(flat.checkpoint, fitter, 48),
    )
    one, other = (engine.answer([text], Search())[0] for engine in engines)
    assert one.read == other.read > 500
    assert _same(one, other)


@pytest.mark.parametrize("seed", range(5))
def test_no_answer_beats_an_optimal_greedy_one(seed: int) -> None:
    """Every distribution over the answers of up to three words of two, drawn at random."""
    dice = random.Random(seed)
    answers = [words for length in range(1, 4) for words in itertools.product("ab", repeat=length)]
    optimal = 0
    for sharpness in range(200):
        weights = [dice.random() ** (sharpness / 4) for _ in answers]
        scores = {
            answer: (math.log(weight / sum(weights)), len(answer))
            for answer, weight in zip(answers, weights, strict=True)
        }
        best = max(scores, key=lambda answer: scores[answer][0] / (scores[answer][1] + 1))
        for answer, (log_probability, length) in scores.items():
            if greedy_is_optimal(log_probability, length, max_length=3):
                optimal += 1
                assert answer == best
    assert optimal > 20


def test_a_certain_answer_is_optimal_and_an_open_choice_is_not() -> None:
    assert greedy_is_optimal(0.0, 5, 48)
    assert greedy_is_optimal(math.log(0.99), 5, 48)
    assert not greedy_is_optimal(math.log(0.5), 5, 48)


def test_samples_are_refused(flat: LocalModel, texts: list[str]) -> None:
    with pytest.raises(UsageError, match="Samples need --backend transformers"):
        CTranslate2Backend(flat.checkpoint, flat.fitter, 48).answer(texts, Search(samples=2))
