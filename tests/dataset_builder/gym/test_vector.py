"""`ScienceWorldVectorEnv` is N single environments, by Gymnasium's rules."""

from typing import Any

import gymnasium
import numpy as np
import psutil
import pytest
from gymnasium.error import ResetNeeded
from gymnasium.utils.env_checker import data_equivalence
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.wrappers import TimeLimit
from gymnasium.wrappers.vector import RecordEpisodeStatistics
from hypothesis import given, settings
from hypothesis import strategies as st

from dataset_builder.common.errors import UsageError
from dataset_builder.gym import ScienceWorldGymEnv, ScienceWorldVectorEnv
from dataset_builder.simulator.simulator import Simulator

TASK = "lifespan-longest-lived"
TASKS = f"{TASK},find-animal"
ACTIONS = ("look around", "teleport to kitchen", "go to hallway", "wait", "focus on agent", "sing", "0")


@settings(max_examples=6, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    mode=st.sampled_from([AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP]),
    rounds=st.lists(st.tuples(*[st.sampled_from(ACTIONS)] * 3), min_size=8, max_size=12),
)
def test_n_environments_are_n_single_ones(
    simulator: Simulator, seed: int, mode: AutoresetMode, rounds: list[tuple[str, ...]]
) -> None:
    def single() -> gymnasium.Env[Any, Any]:
        return TimeLimit(ScienceWorldGymEnv(TASKS, step_limit=15, simulator=simulator), 5)

    ours = ScienceWorldVectorEnv(
        3, max_episode_steps=5, autoreset_mode=mode, task=TASKS, step_limit=15, simulator=simulator
    )
    theirs = SyncVectorEnv([single] * 3, autoreset_mode=mode)
    assert ours.observation_space == theirs.observation_space
    assert ours.action_space == theirs.action_space
    assert ours.metadata == theirs.metadata
    assert data_equivalence(ours.reset(seed=seed), theirs.reset(seed=seed), exact=True)
    for actions in rounds:
        transition = ours.step(actions)
        assert transition[0] in ours.observation_space
        assert data_equivalence(transition, theirs.step(actions), exact=True)
    ours.close()
    theirs.close()


@pytest.fixture
def envs(simulator: Simulator) -> ScienceWorldVectorEnv:
    return ScienceWorldVectorEnv(3, task=TASKS, simulator=simulator)


@pytest.mark.usefixtures("shared")
def test_make_vec_makes_it_and_the_statistics_wrapper_works() -> None:
    made = gymnasium.make_vec("ScienceWorld-v0", num_envs=2, task=TASK, max_episode_steps=2)
    assert isinstance(made.unwrapped, ScienceWorldVectorEnv)
    statistics = RecordEpisodeStatistics(made)
    _, first_infos = statistics.reset(seed=0)
    statistics.step(["look around", "focus on agent"])
    _, _, terminations, truncations, infos = statistics.step(["look around", "ignored"])
    assert (terminations.tolist(), truncations.tolist()) == ([False, False], [True, False])
    assert infos["episode"]["l"].tolist() == [2, 0]
    assert statistics.return_queue[0] == -100 - first_infos["score"][1]
    statistics.close()
    statistics.close()


def test_after_the_end_the_action_is_ignored_and_the_next_episode_begins(
    envs: ScienceWorldVectorEnv,
) -> None:
    envs.reset(seed=0)
    envs.step(["focus on agent", "wait1", "wait1"])
    observations, rewards, terminations, _, infos = envs.step(["focus on agent", "wait1", "sing"])
    assert (rewards.tolist(), terminations.tolist()) == ([0.0, 0.0, 0.0], [False] * 3)
    assert infos["moves"].tolist() == [0, 4, 2]
    assert observations["observation"][0] == observations["look"][0].strip()


def test_in_the_same_step_the_final_observation_is_in_the_infos(simulator: Simulator) -> None:
    envs = ScienceWorldVectorEnv(2, autoreset_mode="SameStep", task=TASK, simulator=simulator)
    _, first_infos = envs.reset(seed=0)
    observations, rewards, terminations, _, infos = envs.step(["focus on agent", "wait1"])
    assert (rewards[0], terminations.tolist()) == (-100 - first_infos["score"][0], [True, False])
    assert infos["final_obs"][0]["observation"] != observations["observation"][0]
    assert infos["final_info"]["score"].tolist() == [-100, 0]
    assert infos["moves"].tolist() == [0, 2]


def test_without_autoreset_a_mask_resets(simulator: Simulator) -> None:
    envs = ScienceWorldVectorEnv(2, autoreset_mode="Disabled", task=TASKS, simulator=simulator)
    with pytest.raises(UsageError, match="omit reset_mask"):
        envs.reset(options={"reset_mask": np.array([True, False])})
    envs.reset(seed=0)
    envs.step(["focus on agent", "look around"])
    with pytest.raises(ResetNeeded):
        envs.step(["look around", "look around"])
    options = {"reset_mask": np.array([True, False])}
    _, infos = envs.reset(options=options)
    assert infos["_moves"].tolist() == [True, False]
    assert list(options) == ["reset_mask"]
    assert envs.step(["wait1", "wait1"])[4]["moves"].tolist()[0] == 2


def test_valid_actions_and_rendering(simulator: Simulator) -> None:
    envs = ScienceWorldVectorEnv(2, task=TASKS, valid_actions=True, render_mode="ansi", simulator=simulator)
    observations, infos = envs.reset(seed=[3, None])
    assert all("look around" in actions for actions in infos["valid_actions"])
    assert envs.render() == observations["observation"]


def test_a_dead_java_process_goes_unnoticed() -> None:
    rounds = [["teleport to kitchen"] * 3, ["wait1"] * 3, ["teleport to outside"] * 3]
    with Simulator(worlds=2) as simulator:
        seen = []
        for kill in (False, True):
            envs = ScienceWorldVectorEnv(3, task=TASKS, valid_actions=True, simulator=simulator)
            envs.reset(seed=0)
            envs.step(rounds[0])
            if kill:
                assert simulator.pid is not None
                psutil.Process(simulator.pid).kill()
            seen.append([envs.step(actions) for actions in rounds[1:]])
            envs.close()
        assert data_equivalence(seen[0], seen[1], exact=True)
        assert simulator.starts == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_envs": 0}, "use at least 1"),
        ({"autoreset_mode": "Never"}, "use one of NextStep, SameStep, Disabled"),
        ({"task": "boyl"}, "Did you mean boil"),
    ],
)
def test_wrong_arguments_are_refused_in_one_line(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        ScienceWorldVectorEnv(**arguments)


@pytest.mark.parametrize("actions", ["abc", ["look around"], ["look around"] * 4])
def test_a_wrong_number_of_actions_is_refused(envs: ScienceWorldVectorEnv, actions: list[str]) -> None:
    envs.reset(seed=0)
    with pytest.raises(UsageError, match="3 environments need a sequence of 3 actions"):
        envs.step(actions)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seed": [1]}, "1 seeds for 3 environments"),
        ({"options": {"reset_mask": [True] * 3}}, r"NumPy array of shape \(3,\)"),
        ({"options": {"reset_mask": np.array([True])}}, r"NumPy array of shape \(3,\)"),
        ({"options": {"variations": 3}}, "Unknown option 'variations'"),
    ],
)
def test_wrong_resets_are_refused(
    envs: ScienceWorldVectorEnv, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        envs.reset(**arguments)


def test_a_step_before_the_first_reset_is_refused(envs: ScienceWorldVectorEnv) -> None:
    with pytest.raises(ResetNeeded):
        envs.step(["look around"] * 3)


@pytest.mark.slow
def test_processes_of_gymnasiums_own_vector_environment_do_not_share_java(simulator: Simulator) -> None:
    with_java = ScienceWorldGymEnv("boil")  # its connections are copied into the forked children
    with_java.reset(seed=0)
    envs = gymnasium.make_vec("ScienceWorld-v0", num_envs=2, vectorization_mode="async", task="boil")
    observations, _ = envs.reset(seed=0)
    assert len(observations["look"]) == 2
    assert envs.step(("wait", "wait1"))[4]["moves"].tolist() == [11, 2]
    envs.close()
    assert with_java.step("wait1")[4]["moves"] == 2
    with_java.close()
