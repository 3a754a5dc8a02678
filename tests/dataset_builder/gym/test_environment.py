"""`ScienceWorld-v0` by Gymnasium's rules, and beside the original `ScienceWorldEnv`."""

import subprocess
import sys
import warnings
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.error import ResetNeeded
from gymnasium.utils.env_checker import check_env
from gymnasium.wrappers import RecordEpisodeStatistics
from scienceworld import ScienceWorldEnv

from dataset_builder.common.errors import UsageError
from dataset_builder.gym import MAX_ACTIONS, ScienceWorldGymEnv
from dataset_builder.simulator.simulator import Simulator
from dataset_builder.simulator.tasks import TASKS
from dataset_builder.trajectories.trajectory import Trajectory


@pytest.mark.usefixtures("shared")
def test_gymnasiums_checker_finds_nothing() -> None:
    env = gymnasium.make("ScienceWorld-v0", task="lifespan-longest-lived")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(env.unwrapped)
    env.close()


@pytest.mark.parametrize(
    ("task", "variation", "simplifications"),
    [("find-animal", 299, "easy"), ("boil", 21, "")],
)
def test_every_step_equals_the_originals(
    simulator: Simulator,
    reference: ScienceWorldEnv,
    recorded: list[Trajectory],
    task: str,
    variation: int,
    simplifications: str,
) -> None:
    path = next(trajectory for trajectory in recorded if trajectory.task == task)
    actions = [*[step.action for step in path.steps[:4]], "no such action", "focus on agent"]
    env = ScienceWorldGymEnv(task, simplifications=simplifications, valid_actions=True, simulator=simulator)
    observation, info = env.reset(options={"variation": variation})
    reference.load(task, variation, simplifications)
    theirs, their_info = reference.reset()
    assert info["score"] == their_info["score"]
    done = False
    while not done:
        assert observation == {
            "observation": theirs,
            "look": their_info["look"],
            "inventory": their_info["inv"],
            "task_description": their_info["taskDesc"].removeprefix("Task Description:\n"),
        }
        assert info["moves"] == their_info["moves"]
        assert info["valid_actions"] == sorted(their_info["valid"])
        action = actions.pop(0)
        observation, reward, terminated, truncated, info = env.step(action)
        theirs, their_reward, done, their_info = reference.step(action)
        assert (info["score"], reward) == (their_info["score"], their_reward), action
        assert (terminated or truncated) == done, action
    assert observation["observation"] == theirs
    assert (terminated, actions) == (True, [])
    env.close()


@pytest.fixture
def env(simulator: Simulator) -> ScienceWorldGymEnv:
    return ScienceWorldGymEnv("lifespan-longest-lived", simulator=simulator)


def test_an_experts_rewards_add_up_to_100(simulator: Simulator, recorded: list[Trajectory]) -> None:
    path = next(trajectory for trajectory in recorded if trajectory.task == "find-animal")
    env = RecordEpisodeStatistics(ScienceWorldGymEnv("find-animal", simulator=simulator))
    _, first_info = env.reset(options={"variation": path.variation})
    for step in path.steps:
        *_, terminated, truncated, info = env.step(step.action)
    assert (terminated, truncated, info["score"]) == (True, False, 100)
    assert first_info["score"] + info["episode"]["r"] == 100
    assert info["episode"]["l"] == len(path.steps)


def test_a_wrong_focus_terminates_the_episode(env: ScienceWorldGymEnv) -> None:
    env.reset(seed=0)
    _, reward, terminated, truncated, info = env.step("focus on agent")
    assert (reward, terminated, truncated, info["score"]) == (-100.0, True, False, -100)
    with pytest.raises(ResetNeeded, match="No episode is running"):
        env.step("look around")
    with pytest.raises(ResetNeeded):
        env.valid_actions()


def test_an_episode_is_truncated_when_it_passed_the_step_limit(simulator: Simulator) -> None:
    env = ScienceWorldGymEnv("boil", step_limit=20, simulator=simulator)
    env.reset(seed=0)
    assert env.step("wait")[2:4] == (False, False)  # 11 moves
    assert env.step("wait")[2:4] == (False, True)
    endless = ScienceWorldGymEnv("boil", step_limit=None, simulator=simulator)
    endless.reset(seed=0)
    assert not any(any(endless.step("wait")[2:4]) for _ in range(12))


@pytest.mark.usefixtures("shared")
def test_rejected_actions_cost_no_move_and_end_at_the_limit_of_actions() -> None:
    env = gymnasium.make("ScienceWorld-v0", task="boil")
    env.reset(seed=0)
    transitions = [env.step("sing") for _ in range(MAX_ACTIONS)]
    assert [truncated for *_, truncated, _ in transitions] == [False] * (MAX_ACTIONS - 1) + [True]
    assert (transitions[-1][4]["moves"], transitions[-1][4]["accepted"]) == (0, False)
    env.close()


def test_a_seed_samples_the_same_variations_of_the_split(simulator: Simulator) -> None:
    def sampled(seed: int, split: str) -> list[tuple[str, int]]:
        env = ScienceWorldGymEnv("boil,lifespan-longest-lived", split=split, simulator=simulator)
        infos = [env.reset(seed=seed if first else None)[1] for first in (True, False, False, False)]
        env.close()
        return [(info["task"], info["variation"]) for info in infos]

    played = sampled(5, "test")
    assert played == sampled(5, "test") != sampled(6, "test")
    assert all(variation in TASKS[task].variations("test") for task, variation in played)
    assert all(variation in TASKS[task].variations("train") for task, variation in sampled(5, "train"))


def test_options_name_the_task_and_the_variation(env: ScienceWorldGymEnv) -> None:
    _, info = env.reset(options={"task": "4-4", "variation": np.int64(299)})
    assert (info["task"], info["variation"]) == ("find-animal", 299)
    _, info = env.reset(options={"task": "melt"})
    assert (info["task"], info["variation"] in range(14)) == ("melt", True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"task": "boyl"}, "Did you mean boil"),
        ({"task": ""}, "list of tasks is empty"),
        ({"split": "dev"}, "Unknown split 'dev': use one of train, validation, test"),
        ({"simplifications": "eazy"}, "Unknown simplification 'eazy'"),
        ({"step_limit": 0}, "use at least 1, or None"),
        ({"render_mode": "human"}, "Unknown render mode 'human'"),
    ],
)
def test_wrong_arguments_are_refused_in_one_line(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        ScienceWorldGymEnv(**arguments)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tasks": "boil"}, "Unknown option 'tasks' of reset: use task or variation"),
        ({"task": "boyl"}, "Did you mean boil"),
        ({"variation": 125}, "has no variation 125: use 0 to 124"),
        ({"variation": "0"}, "a whole number, not '0'"),
        ({"task": 3}, "Unknown task '3'"),
    ],
)
def test_wrong_options_are_refused_in_one_line(
    env: ScienceWorldGymEnv, options: dict[str, Any], message: str
) -> None:
    env.reset(seed=0)
    with pytest.raises(UsageError, match=message):
        env.reset(options=options)
    assert env.step("wait1")[4]["moves"] == 2  # the episode before goes on


def test_a_variation_alone_is_ambiguous_with_several_tasks(simulator: Simulator) -> None:
    with pytest.raises(UsageError, match="Option variation needs option task"):
        ScienceWorldGymEnv(simulator=simulator).reset(options={"variation": 0})


def test_an_action_that_is_not_a_text_is_refused(env: ScienceWorldGymEnv) -> None:
    env.reset(seed=0)
    with pytest.raises(UsageError, match=r"An action is a text, not 3 \(int\)"):
        env.step(3)  # type: ignore[arg-type]


def test_an_environment_is_not_used_before_a_reset_nor_after_its_end(env: ScienceWorldGymEnv) -> None:
    with pytest.raises(ResetNeeded):
        env.step("look around")
    env.reset(seed=0)
    env.close()
    with pytest.raises(ResetNeeded):
        env.step("look around")
    with pytest.raises(UsageError, match="This environment is closed"):
        env.reset()


def test_valid_actions_on_request(env: ScienceWorldGymEnv) -> None:
    _, info = env.reset(seed=0)
    assert "valid_actions" not in info
    assert "look around" in env.valid_actions()


def test_rendering_shows_the_last_action_and_its_observation(simulator: Simulator) -> None:
    env = ScienceWorldGymEnv("boil", render_mode="ansi", simulator=simulator)
    observation, _ = env.reset(seed=0)
    assert env.render() == observation["observation"]
    env.step("wait1")
    assert env.render() == "> wait1\nYou decide to wait for 1 iterations."


def test_without_gymnasium_the_import_names_the_extra() -> None:
    code = "import sys; sys.modules['gymnasium'] = None; import dataset_builder.gym"
    failed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert failed.returncode == 1
    assert "ImportError: dataset_builder.gym needs gymnasium" in failed.stderr.splitlines()[-1]
