"""The conversation of an agent with tools and of its baselines."""

import pytest

from dataset_builder.tool_agents.conversation import (
    LONGEST_OBSERVATION,
    ToolStep,
    agent_messages,
    cot_messages,
    cot_text,
    is_whole_step,
    observation_text,
    read_answer,
    read_step,
    step_text,
)


def test_a_step_is_read_as_it_was_written() -> None:
    text = step_text("Look it up.", 'print(search("area of Chad"))')
    assert is_whole_step(text)
    assert read_step(text) == ToolStep("Look it up.", 'print(search("area of Chad"))')


@pytest.mark.parametrize(
    "text",
    [
        "Thought: Add.\n```py\nfinal_answer(5)\n```",
        "Add.\n```\nfinal_answer(5)\n```\nObservation: 5",
        "Thought: Add.\n```python\nfinal_answer(5)",
        "<think>```python\nos.remove('/')\n```</think>Thought: Add.\n```python\nfinal_answer(5)\n```",
    ],
)
def test_answers_of_other_models_are_read(text: str) -> None:
    step = read_step(text)
    assert step is not None
    assert (step.thought, step.code) == ("Add.", "final_answer(5)")


@pytest.mark.parametrize(
    "text", ["", "The answer is 5.", "Thought: hm.\n```python\n\n```", "`final_answer(5)`"]
)
def test_an_answer_without_code_is_none(text: str) -> None:
    assert read_step(text) is None


def test_an_open_block_is_not_whole() -> None:
    assert not is_whole_step("Thought: Add.\n```python\nx = 1\n")
    assert not is_whole_step("Thought: Add.\n```python")


def test_an_observation_is_cut_and_names_the_error() -> None:
    cut = observation_text("x" * 5000)
    assert len(cut) <= LONGEST_OBSERVATION + 2
    assert cut.endswith("…")
    assert (
        observation_text("", "NameError: name 'x' is not defined")
        == "Error: NameError: name 'x' is not defined"
    )
    assert observation_text(" \n") == "(nothing was printed)"


def test_messages_of_play_are_a_prefix_of_those_of_training() -> None:
    first, last = ToolStep("Search.", "print(1)", "1"), ToolStep("Answer.", "final_answer(1)")
    training = agent_messages("How many?", [first, last])
    assert training[:-1] == agent_messages("How many?", [first])
    assert [message["role"] for message in training] == ["system", "user", "assistant", "user", "assistant"]


def test_a_chain_of_thought_gives_its_last_answer() -> None:
    assert read_answer(cot_text("2 and 3 make 5.", "5")) == "5"
    assert read_answer("First the answer is 4. No: the answer is **N'Djamena**.") == "N'Djamena"
    assert read_answer("So \\boxed{\\frac{1}{2}} it is.") == "\\frac{1}{2}"
    assert read_answer("The final answer is: 3.5") == "3.5"
    assert read_answer("I do not know.") is None
    assert read_answer("The answer is") is None


def test_passages_come_before_the_question() -> None:
    asked = cot_messages("Where?", "[1] Chad: …")[1]["content"]
    assert asked == "[1] Chad: …\n\nWhere?"
