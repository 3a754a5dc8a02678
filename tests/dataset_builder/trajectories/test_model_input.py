"""The text a model reads: equal in training and in play, and of a form that fits."""

import gzip
import json
from itertools import pairwise
from pathlib import Path

import pytest

from dataset_builder.common.errors import UsageError
from dataset_builder.simulator.simulator import Simulator
from dataset_builder.trajectories.agent_state import AgentState, replay_states
from dataset_builder.trajectories.model_input import (
    DEFAULT_VERSION,
    ROLES,
    VERSIONS,
    check_version,
    model_input,
)
from dataset_builder.trajectories.subgoals import Segment, SubGoal, step_subgoals
from dataset_builder.trajectories.trajectory import Step, Trajectory

RECORDED = Path(__file__).parents[1] / "data" / "trajectories.jsonl.gz"
COMPACT_WORDS = 320
GREENHOUSE_WORDS = 450
"""Mendelian genetics fills a room with flower pots and what grows in them."""


def recorded_trajectories() -> list[Trajectory]:
    with gzip.open(RECORDED, "rt", encoding="utf-8") as lines:
        return [Trajectory.from_dict(json.loads(line)) for line in lines]


def small_state() -> AgentState:
    look = (
        "This room is called the kitchen. In it, you see: \n\tthe agent\n\ta substance called air\n"
        "\ta stove, which is turned off. On the stove is: nothing.\n"
        "\ta thermometer, currently reading a temperature of 10 degrees celsius\n"
        "\ta cupboard. The cupboard door is closed. \n"
        "You also see:\n\tA door to the hallway (that is open)\n\tA door to the outside (that is closed)\n"
    )
    state = AgentState(
        "boil",
        "Task Description:\nYour task is to boil water.",
        look,
        "In your inventory, you see:\n\tan orange\n",
    )
    state.set_subgoal("find(metal pot)")
    state.advance("look around", "a room", 0, 1, look, state.inventory)
    state.advance("look around", "a room", 0, 2, look, state.inventory)
    state.set_subgoal("focus_on(water)")
    state.advance("activate stove", "The stove is now activated.", 7, 3, look, state.inventory)
    return state


# --- replayed = played -----------------------------------------------------------------------------


def cut(n_actions: int) -> list[Segment]:
    """Some segments of three actions each, as an annotator would return them."""
    bounds = [*range(0, n_actions, 3), n_actions]
    return [Segment(SubGoal("part", (str(start),)), start, stop) for start, stop in pairwise(bounds)]


def all_texts(state: AgentState, subgoal: str) -> list[str]:
    """What all roles read in all versions; sets the sub-goal between controller and executor."""
    texts = [model_input("controller", state, version) for version in VERSIONS]
    state.set_subgoal(subgoal)
    roles = ("executor", "flat")
    return texts + [model_input(role, state, version) for role in roles for version in VERSIONS]


@pytest.mark.parametrize(
    ("task", "variation"),
    [("power-component", 3), ("use-thermometer", 4), ("chemistry-mix-paint-secondary-color", 2)],
)
def test_replaying_gives_byte_for_byte_the_text_of_playing(
    simulator: Simulator, task: str, variation: int
) -> None:
    episode = simulator.episode(step_limit=None)
    episode.load(task, variation, gold_path=True)
    actions = [*episode.gold_path(), "no such action"]
    segments = cut(len(actions))
    named = step_subgoals(segments)

    look = episode.load(task, variation)
    state = AgentState(task, episode.task_description(), look, episode.inventory())
    played, steps = [], []
    for action, subgoal in zip(actions, named, strict=True):
        played += all_texts(state, subgoal)
        before = (episode.look(), episode.inventory())
        result = episode.step(action)
        steps.append(Step(*before, action, result.observation, result.score / 100, result.moves))
        state.advance(
            action, result.observation, result.score, result.moves, episode.look(), episode.inventory()
        )
    description = episode.task_description()
    trajectory = Trajectory(task, variation, description, "easy", "simulator", tuple(steps), "1.2.3")
    stored = Trajectory.from_dict(json.loads(json.dumps(trajectory.to_dict())))

    replayed = []
    for subgoal, again in zip(named, replay_states(stored, segments), strict=True):
        replayed += all_texts(again, subgoal)
    assert replayed == played
    assert len(set(played)) > len(actions)


# --- form ------------------------------------------------------------------------------------------


def test_texts_of_real_paths_are_one_line_and_compact_is_compact() -> None:
    trajectories = recorded_trajectories()
    assert len({trajectory.task for trajectory in trajectories}) == 30
    for trajectory in trajectories:
        for state in replay_states(trajectory, cut(len(trajectory.steps))):
            for version in VERSIONS:
                for role in ROLES:
                    text = model_input(role, state, version)
                    assert not set(text) & set("\n\r\t"), (trajectory.key, version, role)
            words = model_input("controller", state, "compact").split()
            most = GREENHOUSE_WORDS if "mendelian" in trajectory.task else COMPACT_WORDS
            assert len(words) < most, trajectory.key


def test_the_compact_text_has_the_expected_parts() -> None:
    assert model_input("executor", small_state(), "compact-1") == (
        "task: boil water. | room: kitchen | "
        "see: stove (off), thermometer (10 degrees), cupboard (closed) | "
        "exits: hallway, outside (closed) | carry: orange | been: kitchen | "
        "past: look around x2 -> room ; activate stove | "
        "done: find(metal pot) | goal: focus_on(water)"
    )


def test_paper_has_the_fields_and_the_order_of_the_released_code() -> None:
    text = model_input("executor", small_state(), "paper-1")
    marks = [
        "Your task is to boil water. </s> Time: 3; Score: 7; </s> ",
        ". Completed subtasks are: find(metal pot). The current subtask is focus_on(water)",
        "Action history: </s> <extra_id_10> look around (+0) --> a room | ",
        "<extra_id_8> activate stove (+7) --> The stove is now activated. | ",
        " </s> Current environment: This room is called the kitchen.",
        "Current inventory: In your inventory, you see: | an orange",
        "Visited rooms: kitchen </s> ",
        "What action should you do next? </s> ",
    ]
    positions = [text.find(mark) for mark in marks]
    assert -1 not in positions, dict(zip(marks, positions, strict=True))
    assert positions == sorted(positions)
    assert "(that is open)" not in text


@pytest.mark.parametrize("version", VERSIONS)
def test_roles_differ_in_their_inputs(version: str) -> None:
    state = small_state()
    executor, flat = (model_input(role, state, version) for role in ("executor", "flat"))
    assert "focus_on(water)" in executor
    assert "find(metal pot)" in executor
    assert "focus_on(water)" not in flat
    assert "find(metal pot)" not in flat


def test_the_paper_version_asks_the_controller_for_the_subtask() -> None:
    assert (
        model_input("controller", small_state(), "paper")
        .rstrip()
        .endswith("What subtask should you do next? </s>")
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_before_the_first_subgoal_there_is_none(version: str) -> None:
    state = AgentState("boil", "Boil water.", "This room is called the hallway. In it, you see: \n", "")
    text = model_input("controller", state, version)
    assert ("No completed subtasks" in text) if version == "paper-1" else text.endswith("done:  | goal: ")


@pytest.mark.parametrize("version", VERSIONS)
def test_history_shows_the_latest_ten_actions(version: str) -> None:
    state = small_state()
    for number in range(20):
        state.advance(f"action {number}", f"answer {number}", 7, 4 + number, state.look, state.inventory)

    text = model_input("flat", state, version).replace(";", " ")
    assert [number for number in range(20) if f"action {number} " in text] == list(range(10, 20))


# --- names -----------------------------------------------------------------------------------------


def test_short_version_names_mean_the_newest() -> None:
    assert check_version("compact").startswith("compact-")
    assert check_version("paper-1") == "paper-1"
    assert check_version(DEFAULT_VERSION) == DEFAULT_VERSION


@pytest.mark.parametrize("version", ["", "compact-99", "compact-", "Paper"])
def test_unknown_version_is_refused(version: str) -> None:
    with pytest.raises(UsageError, match="paper-1, compact-1"):
        model_input("flat", small_state(), version)


def test_unknown_role_is_refused() -> None:
    with pytest.raises(UsageError, match="controller, executor, flat"):
        model_input("Controller", small_state())
