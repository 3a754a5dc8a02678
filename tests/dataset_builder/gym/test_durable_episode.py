"""Work is repeated in a new Java process, from the load on, and only if the process died."""

from functools import partial

import pytest

from dataset_builder.common.errors import SimulatorDied, UsageError
from dataset_builder.gym.durable_episode import DurableEpisode
from dataset_builder.simulator.simulator import Episode, Simulator

ACTIONS = ("teleport to kitchen", "pick up thermometer", "wait1", "open cupboard", "teleport to outside")


def seen_after(episode: Episode, action: str) -> tuple[object, ...]:
    return episode.step(action), episode.look(), episode.inventory()


def test_an_episode_continues_after_a_death(simulator: Simulator) -> None:
    undisturbed = simulator.episode()
    undisturbed.load("boil", 0)
    expected = [seen_after(undisturbed, action) for action in ACTIONS]
    durable = DurableEpisode(simulator.episode())
    deaths = [SimulatorDied("gone")]

    def play(episode: Episode, action: str) -> tuple[object, ...]:
        seen = seen_after(episode, action)
        if action == "wait1" and deaths:
            raise deaths.pop()
        return seen

    durable.begin(lambda episode: episode.load("boil", 0))
    assert [durable.run(partial(play, action=action)) for action in ACTIONS] == expected


def test_a_process_that_dies_at_every_attempt_is_given_up(simulator: Simulator) -> None:
    attempts = []

    def die(_: Episode) -> None:
        attempts.append(1)
        raise SimulatorDied("gone")

    durable = DurableEpisode(simulator.episode())
    with pytest.raises(SimulatorDied):
        durable.run(die)
    assert len(attempts) == 4


def test_work_that_failed_is_not_repeated(simulator: Simulator) -> None:
    durable = DurableEpisode(simulator.episode())
    durable.begin(lambda episode: episode.load("boil", 0))
    with pytest.raises(UsageError):
        durable.run(lambda episode: episode.load("boil", 99))
    assert len(durable._history) == 1
