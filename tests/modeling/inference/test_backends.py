"""The same answers from another engine."""

import itertools
import math
import random
from pathlib import Path
from typing import Any

import pytest
from transformers import BartConfig, BartForConditionalGeneration

from dataset_builder.common.errors import UsageError
from modeling import FlatAgent
from modeling.agents.learned import Decoding, RoleModel
from modeling.checkpoints.load import Checkpoint
from modeling.data.examples import load_role
from modeling.inference.backends import make_backend
from modeling.inference.ctranslate2_backend import CTranslate2Backend, greedy_is_optimal
from modeling.inference.search import Answer, Search
from modeling.inference.transformers_backend import TransformersBackend

SEARCHES = (Search(), Search(num_beams=5), Search(num_beams=4, num_answers=4))


@pytest.fixture(scope="module")
def flat(checkpoints: dict[str, Path]) -> RoleModel:
    return RoleModel.from_pretrained(
        str(checkpoints["flat"]), decoding=Decoding(backend="transformers", grounded=False)
    )


@pytest.fixture(scope="module")
def texts(dataset: Path) -> list[str]:
    return list(load_role("flat", str(dataset)).train["input"])[::3]


@pytest.mark.parametrize("search", SEARCHES)
def test_ctranslate2_answers_as_transformers_does(flat: RoleModel, texts: list[str], search: Search) -> None:
    other = CTranslate2Backend(flat.checkpoint, flat.fitter, 48)
    expected = flat.backend.answer(texts, search)
    found = other.answer(texts, search)
    assert len({answer.texts[0] for answer in found}) > 1
    # Equal up to ties: in 32 bits two engines differ in the last digits.
    assert sum(map(_same, expected, found)) >= len(texts) - 1
    assert [answer.read for answer in found] == [answer.read for answer in expected]


def _same(one: Answer, other: Answer) -> bool:
    return one.texts[0] == other.texts[0]


def test_answers_keep_their_order_whatever_the_batches(flat: RoleModel, texts: list[str]) -> None:
    backend = CTranslate2Backend(flat.checkpoint, flat.fitter, 48)
    whole = backend.answer([*texts, texts[0]], Search())
    assert whole[-1] == whole[0]
    assert [backend.answer([text], Search())[0].texts for text in texts] == [
        answer.texts for answer in whole[:-1]
    ]
    assert backend.answer([], Search()) == []


def test_eight_bits_answer_in_the_same_language(flat: RoleModel, texts: list[str]) -> None:
    backend = CTranslate2Backend(flat.checkpoint, flat.fitter, 48, "int8")
    assert backend.name == "ctranslate2-int8"
    expected = flat.backend.answer(texts, Search())
    assert sum(map(_same, expected, backend.answer(texts, Search()))) >= 0.8 * len(texts)


def test_long_inputs_are_not_cut_by_the_engine(flat: RoleModel, texts: list[str]) -> None:
    boxes = ", ".join(f"orange box {number}" for number in range(120))
    text = texts[0].replace("see: ", f"see: {boxes}, ")
    fitter = type(flat.fitter)(flat.fitter.tokenizer, flat.fitter.version, 2048)
    engines = (
        TransformersBackend(flat.checkpoint, fitter, 48),
        CTranslate2Backend(flat.checkpoint, fitter, 48),
    )
    one, other = (engine.answer([text], Search())[0] for engine in engines)
    assert one.read == other.read > 500
    assert _same(one, other)


def test_the_engine_is_chosen_and_recorded(checkpoints: dict[str, Path]) -> None:
    def backend(**decoding: Any) -> str:
        agent = FlatAgent.from_pretrained(str(checkpoints["flat"]), **decoding)
        return str(agent.describe()["decoding"]["backend"])

    assert backend() == "ctranslate2"
    assert backend(backend="transformers") == "transformers"
    assert backend(samples=4) == "transformers"
    assert backend(backend="ctranslate2-int8") == "ctranslate2-int8"


def test_what_cannot_be_is_refused(flat: RoleModel, texts: list[str]) -> None:
    with pytest.raises(UsageError, match="Unknown backend 'onnx': use auto, transformers"):
        Decoding(backend="onnx")
    with pytest.raises(UsageError, match="Samples need --backend transformers"):
        Decoding(backend="ctranslate2", samples=8)
    with pytest.raises(UsageError, match="Samples need --backend transformers"):
        CTranslate2Backend(flat.checkpoint, flat.fitter, 48).answer(texts, Search(samples=2))
    sizes: dict[str, Any] = {"d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "vocab_size": 99}
    bart = BartForConditionalGeneration(BartConfig(encoder_ffn_dim=8, decoder_ffn_dim=8, **sizes))
    other = Checkpoint("some/bart", "", bart, flat.checkpoint.tokenizer)
    with pytest.raises(UsageError, match="takes T5 models on a CPU; some/bart is a bart on cpu"):
        make_backend("ctranslate2", other, flat.fitter, 48)
    assert make_backend("auto", other, flat.fitter, 48).name == "transformers"


@pytest.mark.parametrize("seed", range(5))
def test_what_is_surely_best_no_other_answer_beats(seed: int) -> None:
    """Every distribution over the answers of up to three words of two, drawn at random."""
    dice = random.Random(seed)
    answers = [words for length in range(1, 4) for words in itertools.product("ab", repeat=length)]
    sure = 0
    for sharpness in range(200):
        weights = [dice.random() ** (sharpness / 4) for _ in answers]
        scores = {
            answer: (math.log(weight / sum(weights)), len(answer))
            for answer, weight in zip(answers, weights, strict=True)
        }
        best = max(scores, key=lambda answer: scores[answer][0] / (scores[answer][1] + 1))
        for answer, (log_probability, length) in scores.items():
            if greedy_is_optimal(log_probability, length, longest=3):
                sure += 1
                assert answer == best
    assert sure > 20


def test_a_certain_answer_is_surely_best_and_an_open_choice_is_not() -> None:
    assert greedy_is_optimal(0.0, 5, 48)
    assert greedy_is_optimal(math.log(0.99), 5, 48)
    assert not greedy_is_optimal(math.log(0.5), 5, 48)
