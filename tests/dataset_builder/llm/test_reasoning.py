"""Reasoning is removed whatever marks it, and the answer after it stays whole."""

import time

import pytest

from dataset_builder.llm.reasoning import MAX_ANSWER_CHARS, json_values, without_reasoning

ANSWER = "Thought: I go.\nAction: teleport to kitchen"
WRONG = "Action: focus on agent"

FORMS = {
    "think": f"<think>{WRONG}</think>{ANSWER}",
    "think, opened in the prompt": f"Hm.\n{WRONG}\n</think>\n\n{ANSWER}",
    "think in capitals": f"<THINK>{WRONG}</THINK>{ANSWER}",
    "thinking": f"<thinking>{WRONG}</thinking>\n{ANSWER}",
    "thought": f"<thought>{WRONG}</thought>\n{ANSWER}",
    "reasoning": f"<reasoning>\n{WRONG}\n</reasoning>{ANSWER}",
    "seed": f"<seed:think>{WRONG}</seed:think>{ANSWER}",
    "brackets": f"[THINK]{WRONG}[/THINK]{ANSWER}",
    "Kimi": f"◁think▷{WRONG}◁/think▷{ANSWER}",
    "Cohere": f"<|START_THINKING|>{WRONG}<|END_THINKING|><|START_RESPONSE|>{ANSWER}<|END_RESPONSE|>",
    "two thoughts": f"<think>{WRONG}</think>\n<think>{WRONG}</think>{ANSWER}",
    "one in another": f"<think>a <reasoning>{WRONG}</reasoning> {WRONG}</think>{ANSWER}",
    "stray closing mark": f"<think>{WRONG}</think>{ANSWER}\n</think>\n",
    "answer first": f"{ANSWER}\n<think>{WRONG}",
    "harmony": f"<|channel|>analysis<|message|>{WRONG}<|end|><|start|>assistant<|channel|>final<|message|>"
    f"{ANSWER}<|return|>",
    "harmony, constrained": f"<|start|>assistant<|channel|>analysis<|message|>{WRONG}<|end|>"
    f"<|start|>assistant<|channel|>final <|constrain|>json<|message|>{ANSWER}",
    "harmony, flat": f"analysisWe could play {WRONG}.assistantfinal{ANSWER}",
    "harmony, flat, with comments": f"analysis: {WRONG}assistantcommentaryHm.assistantfinal{ANSWER}",
    "end of turn": f"{ANSWER}<|im_end|>\n<|im_start|>user\n{WRONG}",
    "end of turn, Gemma": f"{ANSWER}<end_of_turn>\n",
    "beginning of turn": f"<|im_start|>assistant\n{ANSWER}",
    "plain": f"  {ANSWER}\n",
}
ALL_REASONING = {
    "unclosed": f"<think>Hm. {WRONG}",
    "unclosed brackets": f"[THINK]{WRONG}",
    "closed": f"<think>{WRONG}</think>\n",
    "harmony without final": f"<|channel|>analysis<|message|>{WRONG}",
    "harmony, flat, without final": f"analysisThe agent should {WRONG}",
    "nothing": " \n",
}
"""What models leave in their answers: by the kind of it."""


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS)
def test_the_answer_is_what_follows(text: str) -> None:
    assert without_reasoning(text) == ANSWER


@pytest.mark.parametrize("text", ALL_REASONING.values(), ids=ALL_REASONING)
def test_reasoning_alone_is_not_an_answer(text: str) -> None:
    assert without_reasoning(text) == ""


@pytest.mark.parametrize(
    "text",
    [
        "analysis of the room: it is empty",
        "I think <b>so</b> [and] you?",
        "a < b and c > d",
        '{"segments": [{"subgoal": "wait()", "actions": ["[THINKER]"]}]}',
    ],
)
def test_other_text_stays(text: str) -> None:
    assert without_reasoning(text) == text


@pytest.mark.parametrize(
    "piece",
    ["<think>", "</think>", "<think></think>", "<|channel|>", "<|", "[THINK]x", "{", '{"a":'],
)
def test_long_nonsense_takes_no_time(piece: str) -> None:
    begun = time.process_time()
    json_values(without_reasoning(piece * (2 * MAX_ANSWER_CHARS // len(piece))))
    assert time.process_time() - begun < 5


def test_json_values_in_order() -> None:
    text = 'A draft: {"a": 1}, then ```json\n{"a": {"b": [{"c": 2}]}}\n``` or [{"d": 3}].'
    assert json_values(text) == ([{"a": 1}, {"a": {"b": [{"c": 2}]}}, [{"d": 3}]], False)
    assert json_values('{"a": [{"b": 1}, {"c"') == ([{"b": 1}], True)
    assert json_values("no { JSON") == ([], False)
