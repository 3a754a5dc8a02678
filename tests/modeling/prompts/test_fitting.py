"""Prompts that are too long lose their oldest history first."""

from dataclasses import replace

import pytest

from dataset_builder.llm.request_format import Message
from dataset_builder.trajectories.agent_state import AgentState, Event
from modeling.prompts.fitting import PromptTooLong, fit_messages
from modeling.prompts.template import PromptInput, PromptTemplate, load_template

STATE = AgentState("boil", "Your task is to boil water.", "This room is called the kitchen.", "orange")
STATE.history = [Event(f"use tool {number}", "Nothing happens.", 0) for number in range(30)]
GIVEN = PromptInput.of(STATE, "flat", "compact-2")


class Fits:
    """Counts words, as a tokenizer would."""

    def __init__(self, length: int) -> None:
        self.length = length

    def __call__(self, messages: list[Message]) -> bool:
        return sum(len(message["content"].split()) for message in messages) <= self.length


def test_what_fits_stays_whole() -> None:
    messages, shortened = fit_messages(load_template("thought"), GIVEN, "compact-2", Fits(10_000))
    assert not shortened
    assert messages == load_template("thought").messages(GIVEN)


@pytest.mark.parametrize("room", [400, 330, 260])
def test_turns_lose_as_few_of_the_oldest_actions_as_it_takes(room: int) -> None:
    template = load_template("thought")
    messages, shortened = fit_messages(template, GIVEN, "compact-2", Fits(room))
    assert shortened
    kept = sum(message["role"] == "assistant" for message in messages)
    assert messages == template.messages(replace(GIVEN, history=GIVEN.history[30 - kept :]))
    assert not Fits(room)(template.messages(replace(GIVEN, history=GIVEN.history[29 - kept :])))


def test_a_state_text_is_shortened_as_for_seq2seq_models() -> None:
    (message,), shortened = fit_messages(
        PromptTemplate("mine", "{{ state_text }}"), GIVEN, "compact-2", Fits(40)
    )
    assert shortened
    assert message["content"].startswith("task: boil water. | room: kitchen")
    assert "use tool 29" in message["content"]
    assert "use tool 20" not in message["content"]


def test_what_cannot_fit_is_one_line() -> None:
    for source in (
        "{{ state_text }}",
        "{{ task }} {{ look }}",
        "{% for e in history %}a {% endfor %}{{ task }}",
    ):
        with pytest.raises(PromptTooLong, match="Prompt mine does not fit into the model's context"):
            fit_messages(PromptTemplate("mine", source), GIVEN, "compact-2", Fits(2))
