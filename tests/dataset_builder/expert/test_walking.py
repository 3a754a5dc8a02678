"""Paths of the easy game replayed with closed doors and pots that must be watered, in the real simulator."""

from typing import cast

import pytest

from dataset_builder.annotation.rules.annotator import RulesAnnotator
from dataset_builder.expert.plan import ReplayFailed
from dataset_builder.expert.solve import find_trajectory
from dataset_builder.expert.walking import DOORS, PlannedStep, WalkingReplay, route
from dataset_builder.simulator.look import room_of, rooms_in
from dataset_builder.simulator.simulator import UNKNOWN_ACTION, Episode, Simulator, StepResult
from dataset_builder.simulator.vocabulary import ROOMS
from dataset_builder.trajectories.subgoals import step_subgoals


def replayed(simulator: Simulator, task: str, variation: int) -> WalkingReplay:
    easy = find_trajectory(simulator, task, variation)
    subgoals = step_subgoals(RulesAnnotator().annotate(easy))
    episode = simulator.episode(step_limit=None)
    episode.load(task, variation, simplifications="")
    replay = WalkingReplay(episode)
    try:
        plan = [PlannedStep(action, subgoal) for action, subgoal in zip(easy.actions, subgoals, strict=True)]
        replay.play(plan)
        assert episode.score == 100
    finally:
        episode.close()
    return replay


def test_the_doors_are_those_of_the_house(simulator: Simulator) -> None:
    episode = simulator.episode(step_limit=None)
    episode.load("find-animal", 0)
    for room in ROOMS:
        episode.step(f"teleport to {room}")
        assert rooms_in(episode.look())[0] == room
        assert sorted(rooms_in(episode.look())[1:]) == list(DOORS[room])
    episode.close()


def test_a_route_is_the_shortest() -> None:
    assert route("bedroom", "foundry") == ["hallway", "greenhouse", "outside", "foundry"]
    assert route("kitchen", "kitchen") == []
    with pytest.raises(ReplayFailed, match="no way from kitchen to attic"):
        route("kitchen", "attic")


def test_teleports_become_walks_under_the_same_sub_goals(simulator: Simulator) -> None:
    easy = find_trajectory(simulator, "find-animal", 3)
    replay = replayed(simulator, "find-animal", 3)
    actions = [step.action for step in replay.steps]
    assert not any(action.startswith("teleport") for action in actions)
    assert any(action.startswith("open door to ") for action in actions)
    subgoals = step_subgoals(RulesAnnotator().annotate(easy))
    assert list(dict.fromkeys(replay.subgoals)) == list(dict.fromkeys(subgoals))
    kept = [action for action in easy.actions if not action.startswith("teleport")]
    assert [action for action in actions if not action.startswith(("open door", "go to"))] == kept


def test_dry_pots_are_watered(simulator: Simulator) -> None:
    replay = replayed(simulator, "grow-plant", 2)
    watering = [
        step.action
        for step, subgoal in zip(replay.steps, replay.subgoals, strict=True)
        if subgoal.startswith("water(flower pot")
    ]
    assert watering[:2] == ["move jug to sink", "activate sink"]
    assert any(action.startswith("pour jug into flower pot ") for action in watering)
    assert len(replay.steps) == len(replay.subgoals) == len(replay.taught)


def test_what_is_prepared_is_not_recorded(simulator: Simulator) -> None:
    episode = simulator.episode(step_limit=None)
    episode.load("find-animal", 0, simplifications="")
    replay = WalkingReplay(episode)
    played = replay.prepare(["teleport to bedroom", "fly to the moon"])
    assert played[-1] == "go to bedroom"
    assert "fly to the moon" not in played
    assert replay.room == "bedroom"
    assert replay.steps == []
    replay.play([PlannedStep("teleport to hallway", "navigate_to(hallway)", taught=False)])
    assert [step.action for step in replay.steps] == ["go to hallway"]  # its door is open since the walk
    assert replay.steps[0].moves == 1
    assert replay.taught == [False]
    episode.close()


class LockedIn:
    """A stand-in for an episode in which no action is accepted."""

    done, score, moves = False, 0, 0

    def look(self) -> str:
        return "This room is called the kitchen. In it, you see:\n"

    def inventory(self) -> str:
        return ""

    def step(self, action: str) -> StepResult:
        return StepResult(UNKNOWN_ACTION, 0, done=False, moves=0, accepted=False, ambiguous=False)


def test_a_room_that_cannot_be_left_ends_the_preparation() -> None:
    with pytest.raises(ReplayFailed, match="no way from kitchen to hallway"):
        WalkingReplay(cast(Episode, LockedIn())).prepare(["teleport to bedroom"])


def test_a_rejected_action_ends_the_replay(simulator: Simulator) -> None:
    episode = simulator.episode(step_limit=None)
    episode.load("find-animal", 0, simplifications="")
    with pytest.raises(ReplayFailed, match="fly to the moon: No known action"):
        WalkingReplay(episode).play([PlannedStep("fly to the moon", "explore()")])
    episode.close()


def test_a_question_that_the_easy_path_did_not_meet_is_answered(simulator: Simulator) -> None:
    replay = replayed(simulator, "identify-life-stages-2", 0)
    assert replay.steps[-1].action == "0"  # more trees bear flowers after the walk
    assert replay.subgoals[-1] == replay.subgoals[-2]


def test_a_question_is_answered_before_a_walk(simulator: Simulator) -> None:
    episode = simulator.episode(step_limit=None)
    episode.load("grow-plant", 0, simplifications="")
    replay = WalkingReplay(episode)
    steps = ["teleport to greenhouse", "focus on soil", "teleport to hallway", "look around"]
    replay.play([PlannedStep(action, "search()") for action in steps])
    actions = [step.action for step in replay.steps]
    asked = actions.index("focus on soil")
    assert replay.steps[asked].observation.startswith("Ambiguous")
    assert actions[asked + 1] == "0"
    assert room_of(episode.look()) == "hallway"
    episode.close()
