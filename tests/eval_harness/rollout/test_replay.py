from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dataset_builder.common.errors import SimulatorDied, UsageError
from dataset_builder.simulator.simulator import Simulator
from eval_harness.protocols.protocol import Protocol, load_protocol
from eval_harness.results.records import EpisodeResult
from eval_harness.rollout.replay import choose_episodes, recorded_episodes, replay, replay_episode

MakeRun = Callable[..., Path]
PAPER = load_protocol("paper")


@pytest.fixture
def short(recorded_episodes: list[EpisodeResult]) -> EpisodeResult:
    return next(episode for episode in recorded_episodes if episode.task == "find-plant")


def test_recorded_episodes_come_out_the_same(
    simulator: Simulator, recorded_episodes: list[EpisodeResult]
) -> None:
    quick = [episode for episode in recorded_episodes if len(episode.actions) < 12]
    found = list(replay(quick, PAPER, simulator))
    assert [result.episode for result in found] == quick
    assert [(result.difference, result.other_texts) for result in found] == [(None, 0)] * 7


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        ({"scores": [0, 0, 100, 100, 100]}, "recorded 0, after action 1: "),
        ({"moves": 6}, "5 moves, recorded 6"),
        ({"raw_score": 90}, "last score 100, recorded 90"),
        ({"score": 90}, "counts 100 by protocol paper, recorded 90"),
        ({"scores": [25]}, "the record has 1 scores for 5 actions"),
    ],
)
def test_differences_are_reported(
    simulator: Simulator, short: EpisodeResult, changes: dict[str, Any], difference: str
) -> None:
    found = replay_episode(simulator, replace(short, **changes), PAPER)
    assert not found.same
    assert difference in str(found.difference)


def test_different_observations_do_not_change_the_score(simulator: Simulator, short: EpisodeResult) -> None:
    found = replay_episode(simulator, replace(short, observations=["Hm."] * 5), PAPER)
    assert found.same
    assert found.other_texts == 5


def test_a_failed_episode_is_replayed_up_to_its_error(simulator: Simulator, short: EpisodeResult) -> None:
    failed = replace(short, score=None, raw_score=None, error="ValueError: x")
    assert replay_episode(simulator, failed, PAPER).same


def test_a_death_of_java_is_not_a_difference(
    simulator: Simulator, short: EpisodeResult, monkeypatch: Any
) -> None:
    from dataset_builder.simulator.simulator import Episode

    step, deaths = Episode.step, [2]

    def dying(self: Episode, action: str) -> Any:
        if deaths[0]:
            deaths[0] -= 1
            raise SimulatorDied("gone")
        return step(self, action)

    monkeypatch.setattr(Episode, "step", dying)
    assert replay_episode(simulator, short, PAPER).same
    deaths[0] = 3
    with pytest.raises(SimulatorDied):
        replay_episode(simulator, short, PAPER)


def test_episodes_are_chosen(recorded_episodes: list[EpisodeResult]) -> None:
    assert choose_episodes(recorded_episodes) == recorded_episodes
    assert len(choose_episodes(recorded_episodes, "power-component")) == 2
    assert [e.key for e in choose_episodes(recorded_episodes, "7-1", 63)] == [
        ("lifespan-longest-lived", 63, 0)
    ]
    with pytest.raises(UsageError, match="No recorded episode of boil 3"):
        choose_episodes(recorded_episodes, "boil", 3)
    with pytest.raises(UsageError, match="no episodes yet"):
        choose_episodes([])


def test_rules_are_those_of_the_run(make_run: MakeRun, tmp_path: Path) -> None:
    _, rules = recorded_episodes(make_run("a"))
    assert rules == PAPER
    _, rules = recorded_episodes(make_run("old", rules={}))
    assert rules == PAPER, "its name and hash are those of a protocol of the package"
    own = Protocol(name="mine", step_limit=7)
    named = {"name": own.name, "hash": own.hash}
    _, rules = recorded_episodes(make_run("b", protocol=named, rules=own.model_dump(mode="json")))
    assert rules == own
    old = make_run("c", protocol=named, rules={})
    with pytest.raises(UsageError, match=r"does not hold the rules of its protocol, mine .* repeat the"):
        recorded_episodes(old)
    with pytest.raises(UsageError, match=r"not under paper .*: drop --protocol"):
        recorded_episodes(old, "paper")
    with pytest.raises(UsageError, match="Unknown protocol 'nosuch'"):
        recorded_episodes(old, "nosuch")


@pytest.mark.parametrize("content", ["{", "[]", '{"task": "boil"}', '{"actions": 1}'])
def test_a_file_that_is_not_an_episode_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(content)
    with pytest.raises(UsageError, match="is not a recorded episode"):
        recorded_episodes(path)
