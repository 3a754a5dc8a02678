"""Tests of conductivity with the first light bulb."""

import pytest

from dataset_builder.expert.conductivity import first_bulb
from dataset_builder.expert.solve import find_trajectory
from dataset_builder.simulator.simulator import Simulator
from dataset_builder.trajectories.trajectory import Step

LOOK = "\ta red light bulb, which is off\n\ta table. On the table is: a orange light bulb, which is off."


def replaced(task: str, *actions: str) -> list[str] | None:
    path = first_bulb(task, [Step(LOOK, "", action, "", 0.0, 0) for action in actions])
    return None if path is None else list(path)


@pytest.mark.parametrize("device", ["red light bulb", "electric motor", "electric buzzer"])
def test_the_device_becomes_the_first_bulb(device: str) -> None:
    actions = ["focus on fork", f"connect black wire terminal 2 to {device} anode", "wait1"]
    expected = ["focus on fork", "connect black wire terminal 2 to orange light bulb anode", "wait1"]
    assert replaced("test-conductivity", *actions) == expected


def test_other_paths_stay() -> None:
    assert replaced("test-conductivity", "connect black wire terminal 2 to orange light bulb anode") is None
    assert replaced("test-conductivity", "move fork to red box") is None
    assert replaced("power-component", "connect black wire terminal 2 to red light bulb anode") is None


def test_the_path_is_verified(simulator: Simulator) -> None:
    path = find_trajectory(simulator, "test-conductivity", 3)  # the solver takes the electric motor
    assert path.steps[-1].score_fraction == 1
    connected = [step for step in path.steps if step.action.startswith("connect ")]
    bulbs = {word for word in ("blue", "green", "red") if f"{word} light bulb" in connected[0].look}
    assert f"{min(bulbs)} light bulb anode" in " ".join(step.action for step in connected)
