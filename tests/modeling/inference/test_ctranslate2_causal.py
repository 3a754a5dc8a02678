"""CTranslate2 answers like transformers, for causal models."""

from pathlib import Path
from typing import Any

import pytest

from modeling.checkpoints.load import load_checkpoint
from modeling.data.chat_encoding import ChatFitter
from modeling.inference.ctranslate2_causal import CTranslate2CausalBackend
from modeling.inference.search import Search
from modeling.inference.transformers_backend import TransformersBackend
from modeling.prompts.chat_input import ChatInput
from tests.modeling.tiny_models import save_tiny

SYSTEM = {"role": "system", "content": "You play ScienceWorld. Answer with the next action, one line."}
INPUTS = [
    ChatInput.of([SYSTEM, {"role": "user", "content": text}])
    for text in ("open door", "task: boil water. First, focus on the substance.", "x", "open door to kitchen")
]


@pytest.fixture(scope="module", params=["llama", "qwen2"])
def checkpoint(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder: Path = save_tiny(request.param, tmp_path_factory.mktemp(request.param))
    return load_checkpoint(str(folder))


def test_greedy_answers_are_those_of_transformers(checkpoint: Any) -> None:
    fitter = ChatFitter(checkpoint.tokenizer, 512)
    expected = TransformersBackend(checkpoint.model, fitter, 12).answer(INPUTS, Search())
    given = CTranslate2CausalBackend(checkpoint, fitter, 12).answer(INPUTS, Search())
    assert [answer.raw for answer in given] == [answer.raw for answer in expected]
    assert [answer.written for answer in given] == [answer.written for answer in expected]
    assert [answer.read for answer in given] == [answer.read for answer in expected]


def test_samples_are_all_returned(checkpoint: Any) -> None:
    backend = CTranslate2CausalBackend(checkpoint, ChatFitter(checkpoint.tokenizer, 512), 8)
    search = Search(samples=5, temperature=1.0, top_p=0.95)
    first = backend.answer(INPUTS[:1], search, [0])[0].drawn
    assert len(first) == 5
    assert len(set(first)) > 1
