"""What the teacher is told."""

from dataclasses import replace

import pytest

from dataset_builder.annotation.exemplars import all_exemplars
from dataset_builder.annotation.rules.annotator import RulesAnnotator
from dataset_builder.annotation.teacher.answers import parse_answer
from dataset_builder.annotation.teacher.messages import (
    Example,
    annotation_messages,
    choose_examples,
    path_text,
    thought_messages,
)
from dataset_builder.llm.request_format import FORMS
from dataset_builder.trajectories.trajectory import Trajectory


def _source(paths: list[Trajectory]) -> dict[str, list[Example]]:
    found: dict[str, list[Example]] = {}
    for path in paths:
        for variation in (path.variation, path.variation + 1):
            pair = (replace(path, variation=variation), RulesAnnotator().annotate(path))
            found.setdefault(path.task, []).append(pair)
    return found


def _chosen(path: Trajectory, count: int, paths: list[Trajectory]) -> list[tuple[str, int]]:
    source = _source(paths)
    return [
        (example.task, example.variation) for example, _ in choose_examples(path, count, source.__getitem__)
    ]


def test_the_fixed_example_comes_first_then_the_tasks_own(paths: list[Trajectory]) -> None:
    boil, other = (next(path for path in paths if path.task == task) for task in ("boil", "find-plant"))
    fresh = replace(other, variation=99)
    both = [("find-plant", other.variation), ("find-plant", other.variation + 1)]
    assert _chosen(fresh, 0, paths) == []
    assert _chosen(fresh, 1, paths) == [("boil", boil.variation)]
    assert _chosen(fresh, 2, paths) == [("boil", boil.variation), both[0]]
    assert _chosen(fresh, 9, paths) == [("boil", boil.variation), *both]


def test_the_own_variation_is_left_out_in_any_form_of_the_path(paths: list[Trajectory]) -> None:
    boil = next(path for path in paths if path.task == "boil")
    assert _chosen(boil, 2, paths) == [("boil", boil.variation + 1)]
    assert _chosen(replace(boil, path="simulator"), 2, paths) == [("boil", boil.variation + 1)]


@pytest.mark.parametrize("form", FORMS)
def test_examples_are_turns_in_the_form_asked_for(form: str, paths: list[Trajectory]) -> None:
    examples = choose_examples(paths[5], 2, _source(paths).__getitem__)
    messages = annotation_messages(paths[5], examples, form)
    assert [message["role"] for message in messages] == [
        "system",
        *["user", "assistant"] * len(examples),
        "user",
    ]
    for (_, segments), turn in zip(examples, messages[2::2], strict=True):
        assert [part.subgoal for part in parse_answer(turn["content"])] == [part.subgoal for part in segments]
    assert "JSON" in messages[0]["content"] or form == "functional"
    assert messages[-1]["content"] == path_text(paths[5])


def test_the_teacher_uses_the_wording_of_the_exemplars(paths: list[Trajectory]) -> None:
    system = annotation_messages(paths[0], [], "functional")[0]["content"]
    for _, segments in all_exemplars():
        for segment in segments:
            assert f"`{segment.subgoal.name}(" in system
    assert "It can be named before its first action" in system
    assert "yaml" not in system.lower()


def test_a_path_is_its_task_its_first_room_and_its_numbered_actions(recorded: list[Trajectory]) -> None:
    for path in recorded:
        text = path_text(path)
        lines = text.splitlines()
        assert lines[0].startswith("Task: Your task is to")
        assert lines[1].startswith(("At the start: This room is called", "At the start: This outside"))
        for number, action in enumerate(path.actions, 1):
            assert lines[number + 2].startswith(f"{number}. {action} -> ")
        assert len(lines) == len(path.actions) + 3
        assert "$" not in text


def test_the_thought_is_requested_without_the_path(recorded: list[Trajectory]) -> None:
    path = recorded[0]
    (message,) = thought_messages(path)
    assert " ".join(path.description.split()) in message["content"]
    assert path.actions[0] not in message["content"]
