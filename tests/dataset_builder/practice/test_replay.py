"""What a replay records: mistakes, waits and repeated actions."""

from dataset_builder.expert.solve import find_trajectory
from dataset_builder.simulator.simulator import Episode, Simulator
from dataset_builder.trajectories.trajectory import Trajectory
from tests.dataset_builder.practice.plays import path_of, playing


def test_missteps_are_history_but_no_lesson(episode: Episode, recorded: list[Trajectory]) -> None:
    path = path_of(recorded, "boil", 0)
    plays = [play for play in list(playing(episode, path, 8)) if not all(play.taught)]
    assert plays
    for play in plays:
        astray = play.taught.index(False)
        assert play.trajectory.actions[astray] != "teleport to kitchen"
        taught = [step.action for step, kept in zip(play.trajectory.steps, play.taught, strict=True) if kept]
        assert set(path.actions) - set(taught) <= {"teleport to kitchen", "open cupboard"}


def test_waiting_for_growth_happens_in_the_plants_room(episode: Episode, recorded: list[Trajectory]) -> None:
    path = path_of(recorded, "identify-life-stages-1", 0)
    play = next(play for play in playing(episode, path, 20) if not play.hindsight)
    assert not any(move.startswith("pick up") for move in play.prelude)
    assert [action for action in play.trajectory.actions if "focus" in action] == [
        action for action in path.actions if "focus" in action
    ]


def test_a_stage_is_awaited_where_it_has_passed(episode: Episode, simulator: Simulator) -> None:
    path = find_trajectory(simulator, "identify-life-stages-2", 3)
    plays = list(playing(episode, path, 8))
    assert len(plays) == 8
    assert any("wait1" in play.trajectory.actions for play in plays)
    assert any(play.trajectory.actions[-1] == "0" for play in plays)  # two plants have the last stage
    assert all(play.trajectory.steps[-1].score_fraction == 1 for play in plays)


def test_a_repeated_action_is_history_but_no_lesson(episode: Episode, simulator: Simulator) -> None:
    path = find_trajectory(simulator, "power-component-renewable-vs-nonrenewable-energy", 0)
    repeated = [
        (play, index)
        for play in playing(episode, path, 30)
        for index in range(1, len(play.taught))
        if play.trajectory.actions[index - 1] == play.trajectory.actions[index] and not play.taught[index]
    ]
    assert repeated
    for play, index in repeated:
        before, after = play.trajectory.steps[index], play.trajectory.steps[index + 1]
        assert before.action.startswith(("drop ", "pick up ", "connect "))
        assert before.inventory == after.inventory
