"""Conversations as token ids: what is learnt comes after exactly what is read in play."""

from typing import Any

import pytest

from dataset_builder.common.errors import UsageError
from dataset_builder.tool_agents.conversation import ToolStep, agent_messages
from modeling.data.chat_encoding import ChatFitter, training_sequences
from modeling.prompts.chat_input import ChatInput
from modeling.prompts.encoding import answer_ids, prompt_ids
from tests.modeling.tiny_models import tiny_tokenizer

STEPS = [
    ToolStep("Search.", "print(serch(1))", "Error: NameError: name 'serch' is not defined", learn=False),
    ToolStep("Again.", "print(search('x'))", "[1] x: " + "y " * 300),
    ToolStep("It is y.", "final_answer('y')"),
]
MESSAGES = agent_messages("What is x?", STEPS)
LEARN = [False, False, False, False, True, False, True]


def _learnt(tokenizer: Any, sequences: Any) -> list[tuple[list[int], list[int]]]:
    """Each learnt answer with the tokens before it."""
    pairs = []
    for ids, mask in sequences:
        start = None
        for index, learnt in enumerate([*mask, 0]):
            if learnt and start is None:
                start = index
            if not learnt and start is not None:
                pairs.append((ids[:start], ids[start:index]))
                start = None
    return pairs


@pytest.mark.parametrize(("family", "n_sequences"), [("llama", 1), ("qwen2", 2)])
def test_each_answer_is_learnt_after_the_prompt_of_play(family: str, n_sequences: int) -> None:
    # The chat template of the second family writes a mark before an answer that it later omits.
    tokenizer = tiny_tokenizer(family)
    sequences = training_sequences(tokenizer, MESSAGES, LEARN)
    assert len(sequences) == n_sequences
    assert _learnt(tokenizer, sequences) == [
        (prompt_ids(tokenizer, MESSAGES[:turn]), answer_ids(tokenizer, MESSAGES[turn]["content"]))
        for turn in (4, 6)
    ]


def test_a_conversation_without_anything_to_learn_gives_nothing() -> None:
    for family in ("llama", "qwen2"):
        assert training_sequences(tiny_tokenizer(family), MESSAGES, [False] * len(MESSAGES)) == []


def test_earlier_observations_are_shortened_to_fit() -> None:
    tokenizer = tiny_tokenizer("llama")
    given = ChatInput.of(MESSAGES[:-1])
    whole = len(prompt_ids(tokenizer, MESSAGES[:-1]))
    (ids,), shortened = ChatFitter(tokenizer, whole).encode([given])
    assert (len(ids), shortened) == (whole, [])
    rows, shortened = ChatFitter(tokenizer, whole - 1).encode([given, ChatInput.of(MESSAGES[:2])])
    assert shortened == [0]
    assert len(rows[0]) < whole
    assert "y y y" in ChatFitter(tokenizer, whole).decode(rows)[0]
    with pytest.raises(
        UsageError, match=r"A question of \d+ tokens does not fit the model's 20: .*What is x"
    ):
        ChatFitter(tokenizer, 20).encode([given])
