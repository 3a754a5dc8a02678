"""Things that were moved before a replay."""

from dataset_builder.simulator.look import room_of
from dataset_builder.simulator.simulator import Episode
from dataset_builder.trajectories.trajectory import Trajectory
from tests.dataset_builder.practice.plays import path_of, playing


def test_moved_things_are_searched(episode: Episode, recorded: list[Trajectory]) -> None:
    path = path_of(recorded, "melt", 7)
    play = next(play for play in playing(episode, path, 40) if "drop wood cup" in play.prelude)
    place = play.prelude[play.prelude.index("drop wood cup") - 1].removeprefix("teleport to ")
    focus = next(step for step in play.trajectory.steps if step.action == "focus on orange juice")
    assert place != "kitchen"
    assert room_of(focus.look) == place
