"""The rules annotator on recorded paths of all 30 tasks (`data/README.md`)."""

import gzip
import json
import random
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dataset_builder.annotation.annotators import annotator
from dataset_builder.annotation.rules.action_kinds import KINDS, action_groups
from dataset_builder.annotation.rules.annotator import RulesAnnotator
from dataset_builder.simulator.tasks import TASKS
from dataset_builder.simulator.vocabulary import ROOMS
from dataset_builder.trajectories.subgoals import Segment, SubGoal, check_segments
from dataset_builder.trajectories.trajectory import Trajectory

DATA = Path(__file__).parents[2] / "data" / "trajectories.jsonl.gz"
# A fixed vocabulary that a student learns, like ROOMS: it need not be shown by a room.
STATES = ("boiled", "melted", "frozen", "reproducing", "adult", "flowering")
EQUIPMENT = ("metal pot", "tin cup", "thermometer", "seed jar", "blast furnace", "stopwatch")
"""In the same place in every game."""


def _recorded() -> Iterator[Trajectory]:
    with gzip.open(DATA, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield Trajectory.from_dict(json.loads(line))


REAL = list(_recorded())

# Whole annotations of the solver's own paths; the exemplars (test_agreement.py) show tidied ones.
EXPECTED = {
    ("melt", 0): [
        "fetch(thermometer, kitchen)",
        "fetch(metal pot)",
        "fill(metal pot, water)",
        "focus_on(water)",
        "cool(water, freezer)",
        "wait_until(water, frozen)",
        "heat(ice, stove)",
        "wait_until(ice, melted)",
    ],
    ("power-component-renewable-vs-nonrenewable-energy", 0): [
        "focus_on(red light bulb, workshop)",
        "carry(red light bulb, solar panel, black wire, orange wire, outside)",
        "build_circuit(solar panel, red light bulb)",
    ],
    ("grow-plant", 0): [
        "fetch(seed jar, kitchen)",
        "navigate_to(greenhouse)",
        "plant(apple seed, flower pot 3)",
        "focus_on(apple seed, flower pot 3)",
        "water(flower pot 3)",
        "wait_until(apple tree, reproducing)",
        "water(flower pot 3)",
        "wait_until(apple tree, reproducing)",
    ],
}


def test_the_recordings_show_every_task_in_both_forms() -> None:
    assert {(path.task, path.path) for path in REAL} == {
        (task, form) for task in TASKS for form in ("tidied", "simulator")
    }


@pytest.mark.parametrize("task", TASKS)
def test_segments_cover_every_real_path_and_parse_back(task: str) -> None:
    for path in (path for path in REAL if path.task == task):
        segments = RulesAnnotator().annotate(path)
        check_segments(segments, len(path.steps))
        assert [SubGoal.parse(str(segment.subgoal)) for segment in segments] == [
            segment.subgoal for segment in segments
        ]
        assert segments == RulesAnnotator().annotate(path)
        names = {segment.subgoal.name for segment in segments}
        assert "explore" not in names
        assert {group.kind for group in action_groups(path)} <= set(KINDS)


@pytest.mark.parametrize(("task", "variation"), EXPECTED)
def test_the_solvers_paths_are_annotated_as_written_here(task: str, variation: int) -> None:
    (path,) = [path for path in REAL if path.key == (task, variation, "simulator")]
    subgoals = [str(segment.subgoal) for segment in RulesAnnotator().annotate(path)]
    assert subgoals == EXPECTED[task, variation]


def _seen_before(path: Trajectory, segment: Segment) -> str:
    """All an agent has read before the first action of a segment."""
    steps = path.steps[: segment.start + 1]
    texts = [path.description, *(f"{step.look}\n{step.inventory}" for step in steps)]
    texts += [step.observation for step in steps[:-1]]
    return re.sub(r"\s+", " ", "\n".join(texts)).lower()


def test_arguments_can_be_copied_from_what_was_seen_before() -> None:
    shown, hidden = 0, []
    for path in REAL:
        for segment in RulesAnnotator().annotate(path):
            seen = _seen_before(path, segment)
            for argument in segment.subgoal.arguments:
                if argument in (*STATES, *ROOMS, *EQUIPMENT):
                    continue
                if re.search(rf"\b{re.escape(argument.lower())}\b", seen):
                    shown += 1
                else:
                    hidden.append((path.task, str(segment.subgoal)))
    assert shown / (shown + len(hidden)) >= 0.95, hidden


def test_room_and_state_arguments_come_from_a_closed_vocabulary() -> None:
    for path in REAL:
        for segment in RulesAnnotator().annotate(path):
            if segment.subgoal.name == "navigate_to":
                assert segment.subgoal.arguments[0] in ROOMS
            if segment.subgoal.name == "wait_until":
                assert segment.subgoal.arguments[1] in STATES


def test_subgoals_carry_more_than_one_action(capsys: pytest.CaptureFixture[str]) -> None:
    for form, least in (("tidied", 1.8), ("simulator", 4.0)):
        paths = [path for path in REAL if path.path == form]
        actions = sum(len(path.steps) for path in paths)
        segments = sum(len(RulesAnnotator().annotate(path)) for path in paths)
        with capsys.disabled():
            print(f"\n{form}: {actions / segments:.2f} actions per sub-goal ", end="")
        assert actions / segments > least


def test_a_mixed_up_path_is_covered_too() -> None:
    dice = random.Random(0)
    steps = [step for path in REAL for step in path.steps]
    odd = [
        "",
        " ",
        "0",
        "move ((( to ,",
        "eat a, b (c)",
        "go to",
        "pick up",
        "connect a to b",
        "mix",
        "open door to",
    ]
    for _ in range(300):
        made = []
        for step in dice.choices(steps, k=dice.randint(1, 12)):
            action = dice.choice(odd) if dice.random() < 0.3 else step.action
            answer = dice.choice(["", "No known action matches that input.", step.observation])
            made.append(replace(step, action=action, observation=answer))
        path = replace(dice.choice(REAL), steps=tuple(made))
        check_segments(annotator("rules").annotate(path), len(made))
