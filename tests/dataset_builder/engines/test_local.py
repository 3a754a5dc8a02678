"""A crew works through its items, tells of failures, and can be left."""

import threading
import time

import pytest

from dataset_builder.engines.local import WorkerThreads, run_in_threads


def _double(number: int) -> int:
    if number == 3:
        raise ValueError("three")
    return 2 * number


def test_every_item_comes_back_with_its_result_or_error() -> None:
    with WorkerThreads(_double, range(6), threads=3) as crew:
        done = dict(crew)
    assert sorted(done) == list(range(6))
    assert [done[number].result() for number in (0, 1, 2, 4, 5)] == [0, 2, 4, 8, 10]
    with pytest.raises(ValueError, match="three"):
        done[3].result()


def test_concurrency_is_limited() -> None:
    lock = threading.Lock()
    under_way, most = 0, 0

    def work(number: int) -> None:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        time.sleep(0.01)
        with lock:
            under_way -= 1

    with WorkerThreads(work, range(20), threads=4) as crew:
        assert len(list(crew)) == 20
    assert 1 <= most <= 4


def test_one_thread_keeps_the_order() -> None:
    with WorkerThreads(_double, [5, 1, 4], threads=1) as crew:
        assert [item for item, _ in crew] == [5, 1, 4]


def test_nothing_to_do_is_done() -> None:
    nothing: list[int] = []
    with WorkerThreads(_double, nothing, threads=4) as crew:
        assert list(crew) == []


def test_an_early_exit_finishes_running_items_and_starts_no_more() -> None:
    begun = threading.Event()
    finished: list[int] = []

    def work(number: int) -> None:
        begun.set()
        time.sleep(0.2)
        finished.append(number)

    def leave() -> None:
        crew: WorkerThreads[int, None] = WorkerThreads(work, range(100), threads=2)
        with crew:
            assert begun.wait(20)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        leave()
    assert 1 <= len(finished) < 100
    after = len(finished)
    time.sleep(0.3)
    assert len(finished) == after


def test_what_hangs_is_left_behind() -> None:
    go_on = threading.Event()
    try:
        with (
            pytest.raises(KeyboardInterrupt),
            WorkerThreads(lambda number: go_on.wait(60), [1], 1, grace=0.05),
        ):
            raise KeyboardInterrupt
    finally:
        go_on.set()


def test_expected_errors_are_collected_and_others_end_the_run() -> None:
    def work(number: int) -> int:
        if number == 2:
            raise KeyError(number)
        return number

    done: list[None] = []

    def run(expected: type[Exception]) -> tuple[list[int], list[tuple[int, Exception]]]:
        return run_in_threads(work, [1, 2, 3], 2, expected=(expected,), advance=lambda: done.append(None))

    results, failures = run(LookupError)
    assert sorted(results) == [1, 3]
    assert [item for item, _ in failures] == [2]
    assert len(done) == 3
    with pytest.raises(KeyError):
        run(ValueError)
