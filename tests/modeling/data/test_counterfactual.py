"""Counterfactual examples: the answer follows from the evidence, whatever was drawn."""

import random
import re
from collections.abc import Iterator

import pytest

from dataset_builder.annotation.annotators import annotator
from dataset_builder.dataset.tables import examples
from dataset_builder.trajectories.decisions import DECIDING_TASKS, decided_for, is_decision, task_of
from dataset_builder.trajectories.trajectory import Trajectory
from modeling.data.counterfactual import counterfactual, other_reading, other_thermometer


def right_answer(text: str) -> str | None:
    """The alternative that a notebook calls for, by the rules of the experiment; None if it is silent."""
    task, last = task_of(text), text.rpartition(" | readings: ")[2].split(" ; ")[-1]
    entries = text.rpartition(" | readings: ")[2].split(" ; ")
    if "inclined planes" in task:
        first = re.search(r"\b(?:most|shallowest)\b", task)
        return entries[0 if first else -1].split("% ")[1]
    if "degrees" in task:
        relation = "below" if entries[-1].startswith("liquid") else last.split(" , ")[-1]
        match = re.search(rf"is {relation} \S+ degrees celsius, (?:place it in|focus on) the (\w+ box)", task)
    elif "conductive" in task:
        word = "conductive" if last.endswith(" on") else "nonconductive"
        match = re.search(rf"electrically {word}, place it in the (\w+ box)", task)
    else:
        word = "recessive" if ", not " in last else "dominant"
        match = re.search(rf"is {word}, focus on the (\w+ box)", task)
    return match[1] if match else None


@pytest.fixture(scope="module")
def decisions(recorded: list[Trajectory]) -> list[tuple[str, str, str]]:
    """Task, input and target of the recorded decision steps."""

    def all_steps() -> Iterator[tuple[str, str, str]]:
        for path in recorded:
            for role in ("controller", "flat"):
                for row in examples(role, path, annotator("rules").annotate(path), "compact-2"):
                    yield path.task, row.input, row.target

    return [row for row in all_steps() if is_decision(*row[1:]) and " | readings: " in row[1]]


def test_the_answer_follows_from_the_evidence(decisions: list[tuple[str, str, str]]) -> None:
    assert {task for task, _, _ in decisions} == set(DECIDING_TASKS)
    for task, text, target in decisions:
        if decided_for(task_of(text), target) != right_answer(text):
            continue  # some experts answer without evidence
        for seed in range(40):
            changed, answer = counterfactual(text, target, random.Random(seed))
            assert decided_for(task_of(changed), answer) == right_answer(changed), (task, changed, answer)


def test_both_alternatives_become_the_answer_about_equally_often(
    decisions: list[tuple[str, str, str]],
) -> None:
    for task, text, target in decisions:
        if "melting" in task:
            continue  # only boxes are exchanged there
        changed = sum(counterfactual(text, target, random.Random(seed))[1] != target for seed in range(200))
        assert 60 < changed < 140, (task, changed)


def test_numbers_change_in_all_occurrences(decisions: list[tuple[str, str, str]]) -> None:
    for task, text, target in decisions:
        if "inclined" not in task:
            continue
        for seed in range(20):
            changed, _ = counterfactual(text, target, random.Random(seed))
            past = re.search(r" \| past: (.*?) \| ", changed)
            assert past is not None
            entries = changed.rpartition("readings: ")[2].split(" ; ")
            noted = {plane: number for number, _, plane in (entry.partition("% ") for entry in entries)}
            for plane, number in noted.items():
                assert f"{plane}, with: " in past[1]
                assert re.search(rf"{re.escape(plane)}, with: [a-z ]+ {number}% down the plane", past[1])


def test_draws_depend_on_the_generator_alone(decisions: list[tuple[str, str, str]]) -> None:
    _, text, target = decisions[0]
    assert counterfactual(text, target, random.Random(5)) == counterfactual(text, target, random.Random(5))


def test_what_is_not_understood_stays() -> None:
    text = "task: boil water. | room: kitchen | goal: heat(water, stove)"
    assert counterfactual(text, "focus_on(water)", random.Random(0)) == (text, "focus_on(water)")


FROZEN = (
    "task: measure the melting point of red paint. If the melting point of red paint is above -10.0 degrees "
    "celsius, focus on the blue box. If the melting point of red paint is below -10.0 degrees celsius, focus "
    "on the green box. | see: freezer (open) [wood cup (dried red paint)], dried leaf | carry: thermometer "
    "(9 degrees) | readings: dried red paint 0 degrees , above ; red paint 1 degrees , above"
)


def test_frozen_paint_is_also_called_solid_after_a_liquid_as_warm_or_warmer() -> None:
    words, own, readings = set(), set(), set()
    for seed in range(60):
        text, target = counterfactual(FROZEN, "focus_on(blue box)", random.Random(seed))
        assert "dried leaf" in text
        used = re.findall(r"(dried|solid) red paint", text)
        assert len(used) == 2
        assert len(set(used)) == 1, text  # the same word in both places
        words.add(used[0])
        own.add(re.search(r"thermometer \(.+?\)", text)[0])  # type: ignore[index]
        numbers = re.findall(r"paint (-?\d+) degrees", text)
        readings.add(int(numbers[1]) - int(numbers[0]))
        assert int(numbers[0]) <= int(numbers[1])
        assert decided_for(task_of(text), target) == right_answer(text)
    assert words == {"dried", "solid"}
    assert len(own) > 5
    assert readings == {0, 1, 2, 3}


def test_only_the_thermometer_gets_another_temperature() -> None:
    changed = {other_thermometer(FROZEN, random.Random(seed)) for seed in range(40)}
    assert len(changed) > 5
    assert {re.sub(r"(?<=thermometer \()-?\d+", "9", text) for text in changed} == {FROZEN}
    hot = FROZEN.replace("(9 degrees)", "(62 degrees)")  # held beside what was heated
    assert other_thermometer(hot, random.Random(0)) == hot


def test_a_notebook_with_readings_below_the_limit_keeps_them() -> None:
    below = FROZEN.replace("-10.0", "10.0").replace("above ;", "below ;").removesuffix("above") + "below"
    for seed in range(40):
        text, _ = counterfactual(below, "focus_on(green box)", random.Random(seed))
        numbers = [int(number) for number in re.findall(r"paint (-?\d+) degrees", text)]
        assert numbers[1] - numbers[0] == 1


HEATED = (
    "task: measure the melting point of gallium. If the melting point of gallium is above 50.0 degrees "
    "celsius, focus on the blue box. If the melting point of gallium is below 50.0 degrees celsius, focus on "
    "the green box. | see: stove (on) [metal pot (gallium)] | carry: thermometer (10 degrees) | past: use "
    "thermometer on gallium -> 19 degrees | goal: monitor_temperature(gallium) | readings: gallium 19 "
    "degrees , below"
)


def test_a_reading_that_decides_nothing_is_taken_at_any_temperature_on_the_same_side_of_any_limit() -> None:
    readings, distances = set(), set()
    for seed in range(60):
        text = other_reading(HEATED, random.Random(seed))
        seen = {int(number) for number in re.findall(r"gallium (?:-> )?(-?\d+) degrees", text)}
        limits = {float(number) for number in re.findall(r"is (?:above|below) (-?\d+\.\d) degrees", text)}
        assert (len(seen), len(limits)) == (1, 1), text
        assert text.endswith("degrees , below")
        readings |= seen
        distances.add(limits.pop() - seen.pop())
    assert min(readings) < 0 < 60 < max(readings)
    assert 0 < min(distances) < 20 < 100 < max(distances)


def test_two_readings_keep_their_distance_to_the_limit() -> None:
    text = other_reading(FROZEN, random.Random(1))
    limit = float(re.search(r"is above (\S+) degrees", text)[1])  # type: ignore[index]
    assert [int(number) - limit for number in re.findall(r"paint (-?\d+) degrees", text)] == [10, 11]
    assert text != FROZEN


def test_a_reading_at_the_limit_itself_stays() -> None:
    text = HEATED.replace("19 degrees , below", "50 degrees").replace("19", "50")
    assert all(other_reading(text, random.Random(seed)) == text for seed in range(5))


def test_a_step_without_temperatures_keeps_its_numbers() -> None:
    text = "task: which plane? | carry: thermometer (9 degrees) | readings: 20% inclined plane B"
    assert other_reading(text, random.Random(0)) == text
