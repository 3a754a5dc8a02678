"""Target patterns: the action in a model's text."""

import pytest

from dataset_builder.common.errors import UsageError
from modeling.prompts.target import TargetPattern, bare_line, read_answer


@pytest.mark.parametrize(
    ("pattern", "text", "answer"),
    [
        ("first-line", "\nopen door.\nObservation: it is open", "open door"),
        ("first-line", "2", "2"),
        ("first-line", "1. `focus on wolf`", "focus on wolf"),
        ("first-line", "<think>\nopen window\n</think>\n\nopen door", "open door"),
        ("first-line", "navigate_to(art studio)", "navigate_to(art studio)"),
        ("after:Action:", "Thought: it is shut.\nAction: open door\nAction: go", "open door"),
        ("after:Action:", "**Thought:** x\n**Action:** open door", "open door"),
        ("after:Action:", "Thought:\nx\n\nAction:\nopen door\n", "open door"),
        ("after:action 1:", "Action 1: open door", "open door"),
        ("after:Action:", "open door", "open door"),
        ("tag:action", "I think.\n<action> open door </action> done", "open door"),
        ("tag:action", "<ACTION>\nopen door", "open door"),
    ],
)
def test_the_action_is_found(pattern: str, text: str, answer: str) -> None:
    assert TargetPattern.parse(pattern).find(text) == answer


def test_prose_stays_prose() -> None:
    """The simulator rejects it, and the record counts it."""
    said = "As a language model, I cannot play games. I am sorry!\nBut I can help."
    for pattern in ("first-line", "after:Action:", "tag:action"):
        assert TargetPattern.parse(pattern).find(said) == said.splitlines()[0]
    assert len(TargetPattern.parse("first-line").find("word " * 500)) <= 200
    assert TargetPattern.parse("first-line").find(" \n ") == ""


def test_actions_are_lower_case_and_sub_goals_are_not() -> None:
    pattern = TargetPattern.parse("first-line")
    assert read_answer("Focus on unknown substance B", pattern, "flat") == "focus on unknown substance b"
    assert read_answer("focus_on(substance B)", pattern, "controller") == "focus_on(substance B)"


@pytest.mark.parametrize(
    ("pattern", "unfinished", "finished"),
    [
        ("first-line", "\nopen", "\nopen door\n"),
        ("first-line", "<think>a\nb\n", "<think>a</think>\nopen\n"),
        ("after:Action:", "Thought: a\nb\n", "Thought: a\nAction: open\n"),
        ("after:Action:", "Action:\n", "Action:\nopen\nO"),
        ("tag:action", "<action>open", "<action>open</action>"),
    ],
)
def test_writing_stops_when_the_answer_is_whole(pattern: str, unfinished: str, finished: str) -> None:
    target = TargetPattern.parse(pattern)
    assert not target.is_complete(unfinished)
    assert target.is_complete(finished)


def test_unknown_patterns_are_one_line() -> None:
    for text in ("", "last-line", "after:", "after: :", "tag:", "tag:a b", "first-line:x"):
        with pytest.raises(UsageError, match=r"Unknown target pattern .* use first-line, after:MARK"):
            TargetPattern.parse(text)
    assert str(TargetPattern.parse("after: Action:")) == "after:Action:"
    assert bare_line("- *open door*.") == "open door"
