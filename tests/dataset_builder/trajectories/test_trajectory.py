"""Trajectories as records."""

import json

import pytest

from dataset_builder.trajectories.trajectory import Step, Trajectory, TrajectoryKey

STEPS = (
    Step("This room is called the hallway.", "nothing", "go to kitchen", "You move.", 0.0, 1),
    Step("This room is called the kitchen.", "nothing", "focus on pot", "You focus.", 1 / 3, 2),
)
TRAJECTORY = Trajectory("boil", 3, "Boil water.", "easy", "tidied", STEPS, "1.2.3")


def test_json_round_trip_keeps_everything() -> None:
    assert Trajectory.from_dict(json.loads(json.dumps(TRAJECTORY.to_dict()))) == TRAJECTORY


def test_unknown_keys_are_ignored_and_missing_ones_are_not() -> None:
    record = TRAJECTORY.to_dict()
    assert Trajectory.from_dict(record | {"colour": "blue"}) == TRAJECTORY
    del record["path"]
    with pytest.raises(KeyError, match="path"):
        Trajectory.from_dict(record)


def test_key_and_actions() -> None:
    assert TRAJECTORY.key == TrajectoryKey("boil", 3, "tidied")
    assert TRAJECTORY.actions == ["go to kitchen", "focus on pot"]
