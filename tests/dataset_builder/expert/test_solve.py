"""Expert paths from the real simulator: verified, short, and still showing what they learn."""

import pytest

from dataset_builder.common.errors import UsageError
from dataset_builder.expert.solve import NoVerifiedPath, find_trajectory
from dataset_builder.simulator.simulator import Simulator
from dataset_builder.trajectories.trajectory import Trajectory


def replay(simulator: Simulator, trajectory: Trajectory) -> int:
    episode = simulator.episode(step_limit=None)
    episode.load(trajectory.task, trajectory.variation, trajectory.simplifications)
    for step in trajectory.steps:
        assert (episode.look(), episode.inventory()) == (step.look, step.inventory)
        result = episode.step(step.action)
        assert (result.observation, result.moves) == (step.observation, step.moves)
        assert result.score == step.score_points
    episode.close()
    return result.score


@pytest.mark.parametrize(
    ("task", "variation"),
    [("find-animal", 3), ("power-component-renewable-vs-nonrenewable-energy", 0), ("grow-plant", 2)],
)
def test_a_replay_is_identical_and_reaches_100(simulator: Simulator, task: str, variation: int) -> None:
    trajectory = find_trajectory(simulator, task, variation)
    assert replay(simulator, trajectory) == 100
    assert trajectory == find_trajectory(simulator, task, variation)
    assert Trajectory.from_dict(trajectory.to_dict()) == trajectory


def test_the_simulators_own_path_is_longer(simulator: Simulator) -> None:
    own = find_trajectory(simulator, "boil", 0, path="simulator")
    tidied = find_trajectory(simulator, "boil", 0)
    assert own.path == "simulator"
    assert replay(simulator, own) == 100
    assert len(tidied.steps) < len(own.steps) / 2
    assert not any(action.startswith(("open door", "go to", "look around")) for action in tidied.actions)


def test_a_sink_found_broken_stays(simulator: Simulator) -> None:
    actions = find_trajectory(simulator, "boil", 2).actions
    assert actions.index("activate sink") < actions.index("teleport to bathroom")


def test_the_measurement_comes_before_the_answer(simulator: Simulator) -> None:
    steps = find_trajectory(simulator, "use-thermometer", 3).steps
    assert "measures a temperature" in steps[-2].observation
    assert steps[-1].action.startswith("move ")


def test_melting_is_watched_until_the_substance_has_changed(simulator: Simulator) -> None:
    steps = find_trajectory(simulator, "measure-melting-point-known-substance", 109).steps
    readings = [index for index, step in enumerate(steps) if step.action.startswith("use thermometer")]
    assert len(readings) >= 2
    assert "liquid gallium" not in steps[readings[-1]].look
    assert "liquid gallium" in steps[readings[-1] + 1].look


def test_readings_end_when_the_question_is_decided(simulator: Simulator) -> None:
    steps = find_trajectory(simulator, "measure-melting-point-unknown-substance", 100).steps
    degrees = [int(step.observation.split()[-3]) for step in steps if "measures" in step.observation]
    assert degrees[-2] <= 50 < degrees[-1]  # the bound that the task names


def test_both_planes_are_tried_before_one_is_chosen(simulator: Simulator) -> None:
    trajectory = find_trajectory(simulator, "inclined-plane-determine-angle", 0)
    looks = [step for step in trajectory.steps if step.action.startswith("look at inclined plane")]
    assert len(looks) == 2
    assert looks[0].action != looks[1].action
    assert looks[0].observation != looks[1].observation
    assert trajectory.actions[-1].startswith("focus on inclined plane")


def test_a_circuit_is_tried_before_the_box_is_chosen(simulator: Simulator) -> None:
    actions = find_trajectory(simulator, "test-conductivity", 0).actions
    tried = next(index for index, action in enumerate(actions) if "aluminum foil terminal" in action)
    assert "wait1" in actions[tried:]
    assert actions[-1] == "move aluminum foil to red box"


def test_without_simplifications_doors_are_opened(simulator: Simulator) -> None:
    trajectory = find_trajectory(simulator, "lifespan-longest-lived", 0, simplifications="")
    assert replay(simulator, trajectory) == 100
    assert any(action.startswith("open door") for action in trajectory.actions)
    assert not any(action.startswith("teleport") for action in trajectory.actions)


def test_what_was_measured_sooner_is_answered_by_its_own_reading(simulator: Simulator) -> None:
    steps = find_trajectory(simulator, "use-thermometer", 35).steps  # the solver dawdles: 52, below 100
    assert "measures a temperature of 108 degrees" in steps[-2].observation
    assert steps[-1].action == "move metal fork to blue box"


def test_a_circuit_is_given_a_moment_if_it_needs_one(simulator: Simulator) -> None:
    actions = find_trajectory(simulator, "power-component", 1).actions
    assert actions[-1] == "wait1"
    assert not any(action.startswith("go to") for action in actions)


def test_a_lost_path_is_given_up_with_its_reason(simulator: Simulator) -> None:
    with pytest.raises(NoVerifiedPath, match=r"substance 60: the path lost the episode"):
        find_trajectory(simulator, "measure-melting-point-unknown-substance", 60)


def test_bad_input_is_named(simulator: Simulator) -> None:
    with pytest.raises(UsageError, match="Unknown path 'tidy': use one of tidied, simulator"):
        find_trajectory(simulator, "boil", 0, path="tidy")
    with pytest.raises(UsageError, match="Unknown task"):
        find_trajectory(simulator, "boiling", 0)
    with pytest.raises(UsageError, match="has no variation 30"):
        find_trajectory(simulator, "boil", 30)
