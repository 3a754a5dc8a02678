"""Paths played again in rearranged worlds: real plays, replayed from their prelude."""

import re

import pytest

from dataset_builder.annotation.annotators import annotator
from dataset_builder.expert.plan import ReplayFailed
from dataset_builder.expert.solve import find_trajectory
from dataset_builder.practice.perturbed_replay import practise
from dataset_builder.simulator.look import room_of
from dataset_builder.simulator.simulator import Episode, Simulator
from dataset_builder.trajectories.subgoals import check_segments
from dataset_builder.trajectories.trajectory import Trajectory
from tests.dataset_builder.practice.plays import path_of, playing


def test_a_path_is_played_again_in_other_worlds(episode: Episode, recorded: list[Trajectory]) -> None:
    path = path_of(recorded, "melt", 7)
    plays = list(playing(episode, path, 6))
    assert len(plays) >= 3
    assert len({room_of(play.trajectory.steps[0].look) for play in plays}) > 1
    for play in plays:
        steps = play.trajectory.steps
        check_segments(play.segments, len(steps))
        assert steps[-1].score_fraction == 1
        assert steps[-1].moves <= 100
        assert len(play.taught) == len(steps)
        assert not play.hindsight
        episode.load(path.task, path.variation, path.simplifications)
        for action in play.prelude:
            episode.step(action)
        for step in steps:
            assert (episode.look(), episode.inventory()) == (step.look, step.inventory)
            assert episode.step(step.action).observation == step.observation
        assert episode.score == 100


def test_recoloured_paths_are_relabelled_with_the_resulting_paint(
    episode: Episode, recorded: list[Trajectory]
) -> None:
    path = path_of(recorded, "chemistry-mix-paint-secondary-color", 0)
    plays = [play for play in list(playing(episode, path, 12)) if play.hindsight]
    mixtures = {frozenset({"blue", "yellow"}): "green", frozenset({"red", "yellow"}): "orange"}
    mixtures[frozenset({"red", "blue"})] = "violet"
    seen = set()
    for play in plays:
        actions = play.trajectory.actions
        poured = frozenset(action.split()[3] for action in actions if action.startswith("pour"))
        colour = mixtures[poured]
        assert actions[-1] == f"focus on {colour} paint"
        assert f"to create {colour} paint" in play.trajectory.description
        assert str(play.segments[-1].subgoal) == f"focus_on({colour} paint)"
        seen.add(colour)
    assert len(seen) == 3


def test_a_play_depends_on_its_seed_alone(episode: Episode, recorded: list[Trajectory]) -> None:
    path = path_of(recorded, "freeze", 7)
    assert list(playing(episode, path, 2)) == list(playing(episode, path, 2))


@pytest.mark.parametrize(
    "task", ["identify-life-stages-1", "power-component-renewable-vs-nonrenewable-energy"]
)
def test_another_animal_or_device_is_asked_for(episode: Episode, simulator: Simulator, task: str) -> None:
    path = find_trajectory(simulator, task, 0)
    plays = list(playing(episode, path, 8))
    texts = {play.trajectory.description for play in plays}
    assert len(plays) >= 7
    assert len(texts) >= 3
    for play in plays:
        assert play.hindsight == (play.trajectory.description != path.description)
        named = [name for name in play.trajectory.actions if name.startswith("focus on ")]
        assert play.hindsight == (named != [name for name in path.actions if name.startswith("focus on ")])
        if play.hindsight:
            assert play.trajectory.steps[0].score_fraction < 1
        else:
            assert play.trajectory.steps[-1].score_fraction == 1


def test_no_path_asks_what_is_held_out(episode: Episode, simulator: Simulator) -> None:
    path = find_trajectory(simulator, "identify-life-stages-1", 0)
    asked = {play.trajectory.description for play in list(playing(episode, path, 8)) if play.hindsight}
    allowed, *held_out = sorted(asked)
    assert held_out
    segments = annotator("rules").annotation(path, 0).segments
    plays = [practise(episode, path, segments, seed, held_out) for seed in range(8)]
    assert {play.trajectory.description for play in plays if play.hindsight} >= {allowed}
    assert not {play.trajectory.description for play in plays} & set(held_out)


def test_a_mixture_that_is_held_out_is_dropped(episode: Episode, recorded: list[Trajectory]) -> None:
    path = path_of(recorded, "chemistry-mix-paint-secondary-color", 0)
    segments = annotator("rules").annotation(path, 0).segments
    asked = [(seed, practise(episode, path, segments, seed)) for seed in range(4)]
    seed, text = next((seed, play.trajectory.description) for seed, play in asked if play.hindsight)
    with pytest.raises(ReplayFailed, match="another split asks for it"):
        practise(episode, path, segments, seed, [text])


@pytest.mark.parametrize(("variation", "bound", "answer"), [(7, 10, "below"), (0, -10, "above")])
def test_a_paint_is_cooled_until_a_reading_decides(
    episode: Episode, simulator: Simulator, variation: int, bound: int, answer: str
) -> None:
    path = find_trajectory(simulator, "measure-melting-point-known-substance", variation)
    plays = list(playing(episode, path, 8))
    assert len(plays) >= 5
    for play in plays:
        steps, text = play.trajectory.steps, play.trajectory.description
        paint = re.search(r"melting point of (\w+ paint), which is located around the kitchen", text)
        assert paint
        assert not {"gallium", "chocolate"} & set(text.replace(",", " ").split())
        readings = [
            int(re.search(r"temperature of (-?\d+)", step.observation)[1])  # type: ignore[index]
            for step in steps
            if step.action.startswith("use thermometer")
        ]
        frozen = f"dried {paint[1]}" in steps[-1].look
        assert frozen == (answer == "above")
        assert (readings[-1] > bound) == frozen
        named = re.search(rf"is {answer} {bound}.0 degrees celsius, focus on the (\w+ box)", text)
        assert named
        assert steps[-1].action == f"focus on {named[1]}"
        assert play.hindsight
        assert "cup" not in steps[0].inventory
        assert [step.moves for step in steps] == list(range(1, len(steps) + 1))
        subgoals = [segment.subgoal.name for segment in play.segments]
        assert subgoals[-3:] == ["cool", "monitor_temperature", "focus_on"]
    assert len({play.trajectory.description for play in plays}) > 1
    assert len({room_of(play.trajectory.steps[0].look) for play in plays}) > 1
