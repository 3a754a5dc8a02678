"""Engines: threads and a real Ray of two workers do the same work; what dies costs time only."""

import os
import signal
import socket
import sys
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dataset_builder.common.errors import SubgoalError, UsageError
from dataset_builder.engines import select as module
from dataset_builder.engines.local import LocalEngine
from dataset_builder.engines.select import get_engine


@dataclass(frozen=True)
class Doubling:
    """Doubles numbers; a fatal one ends its process, but only where that is not this one."""

    fatal: int | None = None
    mark: str = ""
    home: int = 0
    uses_gpu = False

    def start(self, threads: int) -> "_Doubler":
        return _Doubler(self)


class _Doubler:
    def __init__(self, job: Doubling) -> None:
        self.job = job
        self.closed = False

    def work(self, units: Sequence[int]) -> Generator[tuple[int, int], None, None]:
        for place, number in enumerate(units):
            if number == self.job.fatal and os.getpid() != self.job.home:
                if not self.job.mark:
                    os.kill(os.getpid(), signal.SIGKILL)
                mark = Path(self.job.mark)
                if not mark.exists():
                    mark.touch()
                    os.kill(os.getpid(), signal.SIGKILL)
            if number < 0:
                raise UsageError(f"{number} is below zero: give more.")
            yield place, 2 * number

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize("batch", [1, 3, None])
def test_threads_give_every_unit_back_with_its_result(batch: int | None) -> None:
    assert dict(LocalEngine(3).map(Doubling(), range(10), batch)) == {n: 2 * n for n in range(10)}
    assert list(LocalEngine(3).map(Doubling(), [], batch)) == []


@pytest.mark.parametrize("batch", [2, None])
def test_an_error_of_the_job_comes_through_and_the_worker_is_closed(
    batch: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[_Doubler] = []

    def start(job: Doubling, threads: int) -> _Doubler:
        made.append(_Doubler(job))
        return made[-1]

    monkeypatch.setattr(Doubling, "start", start)
    with pytest.raises(UsageError, match="below zero"):
        list(LocalEngine(2).map(Doubling(), [1, 2, -3, 4], batch))
    assert [worker.closed for worker in made] == [True]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"name": "spark"}, "Unknown engine 'spark': use local or ray"),
        ({"name": "local", "address": "a:1"}, "add --engine ray"),
        ({"name": "ray", "workers": 0}, "--workers 0: give 1 or more"),
    ],
)
def test_contradicting_options_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        get_engine(**options)


def test_without_ray_the_way_to_get_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install ray.*\[ray\]"):
        get_engine("ray")


@pytest.mark.parametrize("address", ["head", "ray://head:10001", "head:port"])
def test_an_address_of_another_form_is_refused(address: str) -> None:
    pytest.importorskip("ray")
    with pytest.raises(UsageError, match="use HOST:PORT"):
        get_engine("ray", address=address)


def test_an_unreachable_cluster_is_reported_at_once() -> None:
    pytest.importorskip("ray")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    start = time.monotonic()
    with pytest.raises(SubgoalError, match=f"No Ray cluster answers at 127.0.0.1:{port}") as error:
        get_engine("ray", address=f"127.0.0.1:{port}")
    assert "\n" not in str(error.value)
    assert time.monotonic() - start < 60


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A Ray of two cores on this machine; its workers get this module by value."""
    ray = pytest.importorskip("ray")
    from dataset_builder.engines import ray as ray_engine

    ray_engine._connect(None, 2)
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    yield ray
    ray.shutdown()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_cluster_gives_the_same_results(cluster: Any) -> None:
    engine = get_engine("ray", workers=2)
    for batch in (1, 4, None):
        assert dict(engine.map(Doubling(), range(10), batch)) == {n: 2 * n for n in range(10)}
    with pytest.raises(UsageError, match="below zero"):
        list(engine.map(Doubling(), [1, -2, 3], 1))
    with pytest.raises(UsageError, match="the cluster has 2 cores"):
        get_engine("ray", workers=3)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_worker_that_dies_costs_time_only(cluster: Any, tmp_path: Path) -> None:
    job = Doubling(fatal=5, mark=str(tmp_path / "killed"), home=os.getpid())
    results = list(get_engine("ray", workers=2).map(job, range(12), 4))
    assert (tmp_path / "killed").exists()
    assert sorted(results) == [(n, 2 * n) for n in range(12)], "each once"


@dataclass(frozen=True)
class Meeting:
    """Two units for two workers: the one with 1 dies when the other one has nothing left to do."""

    folder: str
    uses_gpu = False

    def start(self, threads: int) -> "_Meeting":
        return _Meeting(Path(self.folder))


class _Meeting:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def work(self, units: Sequence[int]) -> Generator[tuple[int, int], None, None]:
        killed = self.folder / "killed"
        if units == [1] and not killed.exists():
            killed.touch()
            _wait_for(self.folder / "0")
            os.kill(os.getpid(), signal.SIGKILL)
        _wait_for(killed)
        (self.folder / str(units[0])).write_text(str(os.getpid()))
        yield 0, 2 * units[0]

    def close(self) -> None:
        pass


def _wait_for(path: Path) -> None:
    while not path.exists():
        time.sleep(0.05)


@dataclass(frozen=True)
class Refusing:
    """Cannot be started where this is another process; each try leaves a mark."""

    folder: str
    uses_gpu = False

    def start(self, threads: int) -> _Doubler:
        Path(self.folder, str(os.getpid())).touch()
        raise UsageError("This worker found other weights.")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_reason_of_a_failed_worker_start_is_reported_once(cluster: Any, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="found other weights"):
        list(get_engine("ray", workers=2).map(Refusing(str(tmp_path)), range(6), 1))
    assert 1 <= len(list(tmp_path.iterdir())) <= 2


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_cluster_without_room_for_all_workers_does_the_work_with_those_that_start(cluster: Any) -> None:
    class Other:
        """Work of somebody else, which takes one of the two cores."""

        def ready(self) -> bool:
            return True

    other = cluster.remote(Other).options(num_cpus=1).remote()
    assert cluster.get(other.ready.remote())
    try:
        assert dict(get_engine("ray", workers=2).map(Doubling(), range(6), 3)) == {n: 2 * n for n in range(6)}
    finally:
        cluster.kill(other)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_items_of_a_dead_worker_go_to_idle_workers(cluster: Any, tmp_path: Path) -> None:
    job = Meeting(str(tmp_path))
    assert dict(get_engine("ray", workers=2).map(job, [0, 1], 1)) == {0: 0, 1: 2}
    assert (tmp_path / "killed").exists()
    assert (tmp_path / "0").read_text() == (tmp_path / "1").read_text(), "the same process"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_unit_that_kills_every_worker_ends_the_run_in_one_line(cluster: Any) -> None:
    with pytest.raises(SubgoalError, match="workers died one after the other") as error:
        list(get_engine("ray", workers=1).map(Doubling(fatal=0, home=os.getpid()), [0], 1))
    assert "\n" not in str(error.value)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_workers_of_another_version_are_refused(cluster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataset_builder.engines import ray as ray_engine

    monkeypatch.setattr(ray_engine, "version", lambda package: "9.9")
    said = r"of subgoal-distillation, this machine 9\.9: install the same one"
    with pytest.raises(SubgoalError, match=said) as error:
        get_engine("ray")
    assert "\n" not in str(error.value)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_collecting_on_a_cluster_gives_what_threads_give_also_when_java_s_owner_is_killed(
    cluster: Any, tmp_path: Path
) -> None:
    from dataset_builder.annotation.annotate_corpus import annotate
    from dataset_builder.annotation.annotators import annotator
    from dataset_builder.expert.collect import collect
    from dataset_builder.simulator.tasks import select_tasks
    from dataset_builder.trajectories.corpus import Corpus, annotation_store, trajectory_store
    from tests.killing import KillingEngine

    tasks = select_tasks("lifespan-longest-lived,find-plant")
    collect(tmp_path / "local", tasks, ["train"], limits=2, workers=1)
    collect(tmp_path / "ray", tasks, ["train"], limits=2, engine=KillingEngine(workers=2))
    local, distributed = (trajectory_store(tmp_path / name) for name in ("local", "ray"))
    assert len((tmp_path / "ray" / "trajectories.jsonl").read_text().splitlines()) == 4
    assert sorted(local, key=_key) == sorted(distributed, key=_key)

    for name, workers in (("local", 2), ("ray", 2)):
        engine = get_engine(name, workers=workers)
        assert (
            annotate(
                tmp_path / name, annotator("rules"), Corpus(tmp_path / name).trajectories(), engine=engine
            )
            == 4
        )
    local, distributed = (annotation_store(tmp_path / name, "rules") for name in ("local", "ray"))
    assert sorted(local, key=_key) == sorted(distributed, key=_key)


def _key(record: dict[str, Any]) -> list[Any]:
    return record["key"]
