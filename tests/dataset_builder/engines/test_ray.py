"""The schedule of a Ray engine, with workers that die on command in place of a cluster."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

pytest.importorskip("ray")

from ray.exceptions import RayActorError

from dataset_builder.common.errors import SubgoalError
from dataset_builder.engines import ray as engine


class Promise:
    """What `ray.get` gives, or dies of."""

    def __init__(self, value: Any = None, dies: bool = False) -> None:
        self.value, self.dies = value, dies


class Call:
    """A remote method: `actor.work.options(…).remote(…)`."""

    def __init__(self, method: Callable[..., Any]) -> None:
        self.remote = method

    def options(self, **_: Any) -> "Call":
        return self


class Worker:
    """Doubles numbers; dies at start, or at a result, or keeps some results to itself."""

    def __init__(self, dies_at: int | None = None, starts: bool = True, keeps: int = 0) -> None:
        self.dies_at, self.starts, self.keeps = dies_at, starts, keeps
        self.pid = Call(lambda: Promise(dies=not self.starts))
        self.work = Call(self._work)

    def _work(self, units: Sequence[int]) -> Iterator[Promise]:
        for index, unit in enumerate(units[: len(units) - self.keeps]):
            yield Promise((index, 2 * unit), dies=index == self.dies_at)
        self.keeps = 0


@pytest.fixture(autouse=True)
def no_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    def get(promise: Promise) -> Any:
        if promise.dies:
            raise RayActorError
        return promise.value

    monkeypatch.setattr(engine.ray, "get", get)
    monkeypatch.setattr(engine.ray, "wait", lambda events, **_: (events[:1], events[1:]))


def run(workers: Sequence[Worker], units: int, batch: int, max_deaths: int = 3) -> list[tuple[int, int]]:
    spare = iter([*workers, *(Worker() for _ in range(9))])
    schedule = engine._Schedule(lambda: next(spare), list(range(units)), batch, [])
    for _ in workers:
        schedule.start()
    return list(schedule.results(max_deaths))


@pytest.mark.parametrize(
    "workers",
    [
        [Worker()],
        [Worker(), Worker()],
        [Worker(dies_at=0)],
        [Worker(dies_at=1), Worker()],
        [Worker(starts=False), Worker(dies_at=2)],
        [Worker(keeps=2)],
    ],
    ids=["one", "two", "first result", "second result", "start", "kept results"],
)
def test_every_item_gets_one_result_whoever_dies(workers: list[Worker]) -> None:
    assert sorted(run(workers, units=7, batch=3)) == [(unit, 2 * unit) for unit in range(7)]


def test_workers_that_keep_dying_end_the_run() -> None:
    with pytest.raises(SubgoalError, match="3 Ray workers died one after the other"):
        run([Worker(dies_at=0) for _ in range(5)], units=7, batch=3, max_deaths=2)


def test_a_cluster_without_room_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine.ray, "wait", lambda events, **_: ([], events))
    with pytest.raises(SubgoalError, match="No Ray worker came up within 1800 s"):
        run([Worker()], units=1, batch=1)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            Exception("The current node timed out during startup.\nThis could happen because"),
            r"A Ray of this machine's own cannot be used \(The current node .*\)\. Is the machine busy\?",
        ),
        (RuntimeError("Version mismatch"), r"cannot be used \(Version mismatch\)\.$"),
        (RuntimeError("Authentication failed"), r"Ray needs the same token on all machines"),
    ],
)
def test_a_ray_that_does_not_start_is_one_line(
    error: Exception, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def init(**_: Any) -> None:
        raise error

    monkeypatch.setattr(engine.ray, "init", init)
    with pytest.raises(SubgoalError, match=line) as caught:
        engine._connect(None, 2)
    assert "\n" not in str(caught.value)
