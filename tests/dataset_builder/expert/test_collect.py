"""Collecting from the real simulator: resumable, and not impressed by dying processes."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from dataset_builder.common.errors import SimulatorDied, UsageError
from dataset_builder.expert import collect as module
from dataset_builder.expert.collect import choose_variations, collect, limit_variations
from dataset_builder.simulator.simulator import Simulator
from dataset_builder.simulator.tasks import get_task
from dataset_builder.trajectories.corpus import Corpus, report, trajectory_store

LIFESPAN = get_task("lifespan-longest-lived")


def lines(folder: Path) -> list[str]:
    store = folder / "trajectories.jsonl"
    return store.read_text().splitlines() if store.exists() else []


def test_train_variations_are_spread_and_test_variations_are_the_first() -> None:
    task = get_task("find-animal")
    assert choose_variations(task, "train", 3) == [0, 50, 100]
    assert choose_variations(task, "test", 3) == [225, 226, 227]
    assert choose_variations(get_task("boil"), "train", 99) == list(range(14))
    assert choose_variations(task, "validation") == list(task.variations("validation"))
    with pytest.raises(UsageError, match="give 1 or more"):
        choose_variations(task, "train", 0)
    assert choose_variations(task, "train", {"train": 3}) == [0, 50, 100]
    assert choose_variations(task, "test", {"train": 3}) == list(task.variations("test"))
    assert limit_variations([2, 3, 5, 7], "train", 2) == [2, 5]
    assert limit_variations([2, 3, 5, 7], "test", 2) == [2, 3]


def test_paper_sampling_has_the_papers_sizes_and_a_seed() -> None:
    def sample(name: str, seed: int, limit: int | None = None) -> list[int]:
        return choose_variations(get_task(name), "train", limit, paper_seed=seed)

    assert len(sample("test-conductivity", 0)) == 100
    assert len(sample("inclined-plane-friction-named-surfaces", 0)) == 50
    assert len(sample("mendelian-genetics-unknown-plant", 0)) == 50
    assert sample("boil", 0) == list(range(14))
    assert sample("9-2", 0) == sample("9-2", 0) == sorted(set(sample("9-2", 0)))
    assert sample("9-2", 0) != sample("9-2", 1)
    assert set(sample("9-2", 0, limit=5)) < set(sample("9-2", 0))


def test_other_simplifications_need_another_folder(tmp_path: Path) -> None:
    collect(tmp_path, [LIFESPAN], ["train"], limits=1)
    with pytest.raises(UsageError, match="holds paths with simplifications 'easy', not ''"):
        collect(tmp_path, [LIFESPAN], ["train"], limits=2, simplifications="")


def test_collect_continues_and_repeats_nothing(tmp_path: Path) -> None:
    first = collect(tmp_path, [LIFESPAN], ["train"], limits=2)
    before = lines(tmp_path)
    second = collect(tmp_path, [LIFESPAN], ["train", "test"], limits={"train": 2, "test": 1})

    assert first.verified[LIFESPAN.name] == 2
    assert second.verified[LIFESPAN.name] == 3
    assert lines(tmp_path)[:2] == before
    assert len(lines(tmp_path)) == 3
    found = Corpus(tmp_path).trajectories()
    assert [trajectory.variation for trajectory in found] == sorted(t.variation for t in found)
    assert all(trajectory.steps[-1].score_fraction == 1 for trajectory in found)


def test_a_killed_run_is_continued_by_the_next(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "subgoal", "corpus", "collect", "--out", str(tmp_path)]
    command += ["--tasks", LIFESPAN.name, "--splits", "train", "--max-variations", "12"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while len(lines(tmp_path)) < 2 and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    with (tmp_path / "trajectories.jsonl").open("a") as file:
        file.write('{"key": ["lifespan-longest-lived", 1')

    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    keys = [str(trajectory.key) for trajectory in Corpus(tmp_path).trajectories()]
    assert len(keys) == len(set(keys)) == len(lines(tmp_path)) == 12


def test_a_java_process_that_dies_costs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    simulators: list[Simulator] = []

    class Watched(Simulator):
        def __init__(self, worlds: int | None = None) -> None:
            super().__init__(worlds)
            simulators.append(self)

    monkeypatch.setattr(module, "Simulator", Watched)

    def kill_once() -> None:
        while not lines(tmp_path):
            time.sleep(0.02)
        pid = simulators[0].pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)

    killer = threading.Thread(target=kill_once)
    killer.start()
    counted = collect(tmp_path, [LIFESPAN], ["train"], limits=8)
    killer.join()

    assert counted.verified[LIFESPAN.name] == 8
    assert not counted.given_up
    assert simulators[0].starts == 2


def test_three_deaths_give_a_variation_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def dies(*args: object, **options: object) -> None:
        calls.append(args)
        raise SimulatorDied("gone")

    monkeypatch.setattr(module, "find_trajectory", dies)
    counted = collect(tmp_path, [LIFESPAN], ["train"], limits=1)

    assert len(calls) == 3
    assert counted.given_up[LIFESPAN.name] == 1
    assert counted.reasons == {"the Java process died 3 times": 1}
    with pytest.raises(UsageError, match="holds no trajectories: run `subgoal corpus collect"):
        Corpus(tmp_path).trajectories()


def test_given_up_variations_are_kept_with_their_reason(tmp_path: Path) -> None:
    store = trajectory_store(tmp_path)
    store.append(("boil", 0, "tidied"), {"given_up": "no path"})
    counted = report(store)
    assert (counted.verified["boil"], counted.given_up["boil"]) == (0, 1)
    assert counted.reasons["no path"] == 1
    assert counted.why == {"boil": {"no path": 1}}


def test_duplicate_tasks_and_splits_count_once(tmp_path: Path) -> None:
    counted = collect(tmp_path, [LIFESPAN, LIFESPAN], ["train", "train"], limits=1)
    assert counted.verified[LIFESPAN.name] == len(lines(tmp_path)) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"splits": ["dev"]}, "Unknown split 'dev'"),
        ({"path": "short"}, "Unknown path 'short'"),
        ({"simplifications": "hard"}, "Unknown simplification 'hard'"),
        ({"workers": -2}, "--workers -2: give 1 or more"),
    ],
)
def test_bad_input_is_refused_before_java_starts(
    tmp_path: Path, options: dict, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "Simulator", None)
    with pytest.raises(UsageError, match=message):
        collect(tmp_path, [LIFESPAN], **options)
    assert not lines(tmp_path)
