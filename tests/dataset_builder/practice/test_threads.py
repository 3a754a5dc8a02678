"""Playing many units in threads: every unit once, and no episode is left open."""

from typing import ClassVar

import pytest

from dataset_builder.practice import threads
from dataset_builder.practice.threads import play_all
from dataset_builder.simulator.simulator import Episode


class FakeEpisode:
    def __init__(self) -> None:
        self.closed = False

    def close(self) -> None:
        self.closed = True


class FakeSimulator:
    started: ClassVar[list["FakeSimulator"]] = []

    def __init__(self, worlds: int) -> None:
        self.worlds = worlds
        self.episodes: list[FakeEpisode] = []
        self.started.append(self)

    def __enter__(self) -> "FakeSimulator":
        return self

    def __exit__(self, *exc_info: object) -> None:
        assert all(episode.closed for episode in self.episodes)

    def episode(self, step_limit: int | None) -> FakeEpisode:
        assert step_limit is None
        self.episodes.append(FakeEpisode())
        return self.episodes[-1]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[FakeSimulator]:
    monkeypatch.setattr(threads, "Simulator", FakeSimulator)
    monkeypatch.setattr(FakeSimulator, "started", [])
    return FakeSimulator.started


def test_every_unit_is_played_once(started: list[FakeSimulator]) -> None:
    played: list[int] = []
    advanced: list[None] = []
    play_all(lambda episode, unit: played.append(unit), range(5), 2, lambda: advanced.append(None))
    assert sorted(played) == list(range(5))
    assert len(advanced) == 5
    assert [simulator.worlds for simulator in started] == [2]


def test_without_units_nothing_is_started(started: list[FakeSimulator]) -> None:
    play_all(lambda episode, unit: None, [], 2, lambda: None)
    assert not started


def test_an_error_ends_the_run(started: list[FakeSimulator]) -> None:
    def fail(episode: Episode, unit: int) -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        play_all(fail, range(3), 1, lambda: None)
    assert started
