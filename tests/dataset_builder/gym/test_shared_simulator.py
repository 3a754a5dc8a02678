"""The shared simulator lives as long as its users."""

import os

import psutil

from dataset_builder.gym import shared_simulator
from dataset_builder.gym.environment import ScienceWorldGymEnv


def java_processes() -> set[int]:
    """The running Java processes that this process started."""
    children = psutil.Process().children(recursive=True)
    return {child.pid for child in children if child.name() == "java" and child.status() != "zombie"}


def test_environments_share_one_java_process_until_the_last_is_closed() -> None:
    before = java_processes()
    first, second = ScienceWorldGymEnv("boil"), ScienceWorldGymEnv("melt")
    first.reset(seed=0)
    second.reset(seed=0)
    (pid,) = java_processes() - before
    first.close()
    first.close()
    assert second.step("wait1")[4]["moves"] == 2
    assert java_processes() - before == {pid}
    second.close()
    assert java_processes() == before
    assert os.getpid() not in shared_simulator._shared


def test_a_deleted_environment_counts_as_closed() -> None:
    env = ScienceWorldGymEnv("boil")
    assert shared_simulator._shared[os.getpid()].users == 1
    del env
    assert os.getpid() not in shared_simulator._shared


def test_an_environment_after_the_last_starts_another_simulator() -> None:
    simulators = []
    for _ in range(2):
        shared = shared_simulator.acquire()
        simulators.append(shared.simulator)
        shared.release()
    assert simulators[0] is not simulators[1]
