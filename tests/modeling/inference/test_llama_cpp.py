"""The same weights in llama.cpp's server and in transformers.

llama.cpp multiplies the 4-bit weights by activations that it rounds to 8 bits; transformers has the same
weights in float32. Log probabilities of likely tokens differ by 0.1 on average and by 0.3 at most, and an
untuned model is often undecided by less than that. So greedy answers differ in half of the states, but only
where the model is undecided.
"""

from copy import deepcopy
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
import torch

from dataset_builder.annotation.exemplars import exemplars
from dataset_builder.trajectories.agent_state import AgentState, replay_states
from modeling.agents.loading import load_role_model
from modeling.checkpoints.description import ModelSettings
from modeling.inference.search import Search
from modeling.prompts.encoding import prompt_ids
from modeling.prompts.template import PromptInput, load_template
from tests.servers.llama_cpp import LlamaCppServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
PROMPT = "instruct"
UNDECIDED = 1.0
"""Difference of two log probabilities whose order rounding may change: several times the largest error."""


@pytest.fixture(scope="module")
def some_states() -> list[AgentState]:
    """The first and the fourth state of four tasks."""
    return [
        deepcopy(state)
        for task in ("boil", "find-animal", "melt", "use-thermometer")
        for state in replay_states(*exemplars(task)[0])
        if state.step in (0, 3)
    ]


@pytest.fixture(scope="module")
def transformers_model(smollm2: Path) -> tuple[Any, Any]:
    """Model and tokenizer."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(smollm2, dtype=torch.float32)
    return model.eval(), AutoTokenizer.from_pretrained(smollm2)


def _messages(state: AgentState) -> Any:
    return load_template(PROMPT).messages(PromptInput.of(state, "flat", "compact-2"))


def _log_probs(model: Any, ids: list[int]) -> torch.Tensor:
    """Log probabilities of the token after each position, of shape (tokens, vocabulary)."""
    with torch.no_grad():
        return model(torch.tensor([ids])).logits[0].log_softmax(-1)


def test_first_tokens_have_nearly_the_same_log_probabilities(
    llama_cpp: LlamaCppServer, transformers_model: tuple[Any, Any], some_states: list[AgentState]
) -> None:
    import openai

    model, tokenizer = transformers_model
    client = openai.OpenAI(base_url=llama_cpp.base_url, api_key="none")
    errors = []
    for state in some_states:
        messages = _messages(state)
        reply = client.chat.completions.create(
            model="smollm2", messages=messages, max_tokens=1, temperature=0, logprobs=True, top_logprobs=10
        )
        ids = prompt_ids(tokenizer, messages)
        assert reply.usage is not None
        assert reply.usage.prompt_tokens == len(ids)
        ours = _log_probs(model, ids)[-1]
        assert reply.choices[0].logprobs is not None
        assert reply.choices[0].logprobs.content is not None
        for candidate in reply.choices[0].logprobs.content[0].top_logprobs:
            (token,) = tokenizer.encode(candidate.token, add_special_tokens=False)
            errors.append(abs(candidate.logprob - float(ours[token])))
    assert len(errors) == 10 * len(some_states)
    assert fmean(errors) < 0.2
    assert max(errors) < UNDECIDED / 2


def test_greedy_answers_are_read_and_differ_only_where_the_model_is_undecided(
    llama_cpp: LlamaCppServer, transformers_model: tuple[Any, Any], some_states: list[AgentState]
) -> None:
    settings = ModelSettings(prompt=PROMPT, base_url=llama_cpp.base_url)
    served = load_role_model("openai:smollm2", "flat", settings=settings)
    answers = served.answer(some_states, Search())
    model, tokenizer = transformers_model
    for state, answer in zip(some_states, answers, strict=True):
        assert answer.texts[0]
        assert "\n" not in answer.texts[0]
        ids = prompt_ids(tokenizer, _messages(state))
        assert answer.read == len(ids)
        written = tokenizer.encode(answer.raw, add_special_tokens=False)
        log_probs = _log_probs(model, ids + written)[len(ids) - 1 : -1]
        chosen = log_probs.gather(1, torch.tensor(written)[:, None])[:, 0]
        assert float((log_probs.max(dim=1).values - chosen).max()) < UNDECIDED, answer.raw


def test_candidates_are_samples_of_one_request(
    llama_cpp: LlamaCppServer, some_states: list[AgentState]
) -> None:
    settings = ModelSettings(prompt=PROMPT, base_url=llama_cpp.base_url)
    served = load_role_model("openai:smollm2", "flat", settings=settings)
    (answer,) = served.answer(some_states[:1], Search(num_beams=2, num_answers=2))
    assert 1 <= len(answer.texts) <= 2
    assert all(answer.texts)
    assert served.answer(some_states[:1], Search(num_beams=2, num_answers=2)) == [answer]  # stored
