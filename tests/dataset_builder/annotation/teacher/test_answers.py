"""Answers are read from what models really return, or refused with a reason a model can use."""

import json
import time
from contextlib import suppress

import pytest

from dataset_builder.annotation.teacher.answers import (
    ANSWER_SCHEMA,
    AnswerError,
    first_paragraph,
    is_json,
    parse_answer,
    render,
)
from dataset_builder.llm.request_format import FORMS, response_format

RUNS = [
    ("navigate_to(kitchen)", ["go to hallway", "go to kitchen"]),
    ("put_down(book)", ["drop book (The Foundations of the Origin of Species)"]),
    ("complete_task()", ["focus on giant tortoise's egg", "wait"]),
]


def _read(text: str) -> list[tuple[str, list[str]]]:
    return [(str(part.subgoal), part.actions) for part in parse_answer(text)]


@pytest.mark.parametrize("form", FORMS)
def test_rendered_answers_are_parsed_back(form: str) -> None:
    assert _read(render(RUNS, form)) == RUNS


@pytest.mark.parametrize(
    "text",
    [
        "Sure! Here it is:\n```json\n{answer}\n```\nLet me know.",
        'A draft: {{"segments": []}} Better: {answer}',
        'A draft: {{"segments": [{{"subgoal": "wait()", "act\n{answer}',
        "{answer} I hope that this helps.",
    ],
)
def test_json_is_found_in_what_surrounds_it(text: str) -> None:
    assert _read(text.format(answer=render(RUNS, "json_object"))) == RUNS


def test_a_bare_list_and_extra_keys_are_accepted() -> None:
    segments = [{"subgoal": "wait()", "actions": ["wait"], "why": "it boils"}]
    assert _read(json.dumps(segments)) == [("wait()", ["wait"])]
    assert _read(json.dumps({"plan": "boil", "segments": segments})) == [("wait()", ["wait"])]


@pytest.mark.parametrize(
    "text",
    [
        "1- pick_up(pot): {'open cupboard', 'pick up pot'}\n2- wait(): {'wait'}",
        "1. pick_up(pot): open cupboard, pick up pot\n2. wait(): wait",
        '**1) PickUp(\'pot\')**: ["open cupboard", "pick up pot"]\n\n**2) Wait()**: ["wait"]',
        "Here you are.\n- `pick_up(pot)`:\n  1. open cupboard\n  2. pick up pot\n- `wait()`:\n  - wait\n",
        "1- pick_up(pot) -> {open cupboard, pick up pot}\n2- wait() => {wait}",
    ],
)
def test_numbered_lists_are_read_in_many_spellings(text: str) -> None:
    assert _read(text) == [("pick_up(pot)", ["open cupboard", "pick up pot"]), ("wait()", ["wait"])]


def test_apostrophes_within_single_quotes() -> None:
    assert _read("1- focus_on(egg): {'focus on giant tortoise's egg', 'wait'}") == [
        ("focus_on(egg)", ["focus on giant tortoise's egg", "wait"])
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "names no sub-goals"),
        ("The agent walks to the kitchen (it is near) and heats water.", "names no sub-goals"),
        ('{"segments": [{"subgoal": "wait()", "acti', "broken JSON"),
        ('{"segments": [{"subgoal": "wait()", "actions": ["wait"]}, {"subgoal": "f', "broken JSON"),
        ('{"segments": [{"subgoal": "wait()"}]}', r"segments\.0\.actions"),
        ('{"steps": []}', "segments"),
        ('{"segments": []}', "names no sub-goals"),
        ('{"segments": [{"subgoal": "go there", "actions": ["wait"]}]}', "'go there' is not a sub-goal"),
        ('{"segments": [{"subgoal": "mix(a, (b))", "actions": ["wait"]}]}', "not a sub-goal argument"),
        ('[{"a":' * 20_000, "broken JSON"),
    ],
)
def test_what_cannot_be_used_is_refused_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(AnswerError, match=reason):
        parse_answer(text)


def test_lone_surrogates_are_removed() -> None:
    assert _read(r'[{"subgoal": "mix(\ud800)", "actions": ["wait"]}]') == [("mix(?)", ["wait"])]


@pytest.mark.parametrize(
    "piece", ["'a ", "*", "> ", "' ", '"a ', "1 ", "{ ", "wait()", "1- wait(): 'a ", "</think>"]
)
def test_long_nonsense_is_read_in_no_time(piece: str) -> None:
    text = "wait(): " + piece * (300_000 // len(piece))
    begun = time.process_time()
    with suppress(AnswerError):
        parse_answer(text)
    assert time.process_time() - begun < 10  # well below a second; it took minutes


def test_json_is_distinguished_from_other_text() -> None:
    assert is_json('```json\n{"segments": []}\n```')
    assert not is_json(render(RUNS, "functional"))
    assert not is_json("no JSON { at all }")


@pytest.mark.parametrize(
    "text",
    [
        "Thought: I find the pot, then heat it.\n\nThen more.",
        "I find the pot,\nthen heat it.",
        "**Thought:** I find the pot, then heat it.",
    ],
)
def test_first_paragraph_of_a_thought(text: str) -> None:
    assert first_paragraph(text) == "I find the pot, then heat it."


def test_schema_is_strict() -> None:
    wanted = response_format("json_schema", ANSWER_SCHEMA)
    assert wanted
    schema = wanted["json_schema"]["schema"]
    for part in (schema, *schema["$defs"].values()):
        assert part["additionalProperties"] is False
        assert sorted(part["required"]) == sorted(part["properties"])
    assert response_format("functional", ANSWER_SCHEMA) is None
