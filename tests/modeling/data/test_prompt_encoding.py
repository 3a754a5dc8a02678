"""Prompts of causal models as token ids: each fits, in training as in play."""

import pytest

from dataset_builder.common.errors import UsageError
from dataset_builder.trajectories.agent_state import AgentState, Event
from modeling.data.prompt_encoding import PromptFitter
from modeling.prompts.encoding import prompt_ids
from modeling.prompts.target import TargetPattern
from modeling.prompts.template import PromptInput, load_template
from tests.modeling.tiny_models import FAMILIES, tiny_tokenizer

VERSION = "compact-2"
STATE = AgentState("boil", "Your task is to boil water.", "This room is called the kitchen.", "")


def make_fitter(family: str = "qwen2", length: int = 4096, target: str = "first-line") -> PromptFitter:
    tokenizer, template = tiny_tokenizer(family), load_template("state")
    return PromptFitter(tokenizer, template, VERSION, length, "flat", TargetPattern.parse(target))


def with_history(actions: int) -> PromptInput:
    state = AgentState(STATE.task, STATE.description, STATE.look, STATE.inventory)
    state.history = [Event(f"use tool {number}", "Nothing happens.", 0) for number in range(actions)]
    return PromptInput.of(state, "flat", VERSION)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_state_text_of_a_corpus_is_encoded_as_the_state_in_play(family: str) -> None:
    fitter, given = make_fitter(family), with_history(3)
    rows, shortened = fitter.encode([given, given.state_text])
    assert rows[0] == rows[1] == prompt_ids(fitter.tokenizer, fitter.template.messages(given))
    assert shortened == []


def test_the_indices_of_shortened_inputs_are_returned() -> None:
    whole = make_fitter()
    length = len(whole.encode([with_history(10)])[0][0])
    rows, shortened = make_fitter(length=length).encode([with_history(n) for n in (2, 40, 10, 30)])
    assert shortened == [1, 3]
    assert max(map(len, rows)) <= length
    kept = whole.tokenizer.decode(rows[1])
    assert "use tool 39" in kept
    assert "use tool 1 " not in kept


def test_a_prompt_that_cannot_fit_is_one_line() -> None:
    with pytest.raises(UsageError, match="does not fit into the model's context") as caught:
        make_fitter(length=20).encode([with_history(1)])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("family", FAMILIES)
def test_targets_end_with_the_end_mark_and_are_read_without_it(family: str) -> None:
    fitter = make_fitter(family)
    rows = fitter.encode_targets(["open door", "Focus on B"])
    assert {row[-1] for row in rows} == {fitter.tokenizer.eos_token_id}
    assert fitter.decode(rows) == ["open door", "Focus on B"]
    assert fitter.read("Focus on B\nmore") == "focus on b"


def test_an_answer_is_complete_as_its_target_says() -> None:
    fitter = make_fitter(target="after:Action:")
    assert not fitter.is_complete("Thought: it is shut.\n")
    assert fitter.is_complete("Thought: it is shut.\nAction: open door\n")
