import threading
from collections.abc import Generator

import pytest

from eval_harness.lanes import side_by_side


def test_all_streams_are_followed_at_the_same_time() -> None:
    meeting = threading.Barrier(3)

    def stream(name: str) -> Generator[str, None, None]:
        meeting.wait(timeout=30)  # each waits for the others
        yield from (f"{name}{number}" for number in range(4))

    results = list(side_by_side([stream(name) for name in "abc"], threading.Event()))
    assert sorted(results) == sorted(f"{name}{number}" for name in "abc" for number in range(4))
    for name in "abc":
        assert [result for result in results if result[0] == name] == [f"{name}{i}" for i in range(4)]


def test_one_stream_needs_no_thread() -> None:
    def stream() -> Generator[threading.Thread, None, None]:
        yield threading.current_thread()

    assert list(side_by_side([stream()], threading.Event())) == [threading.current_thread()]


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt()])
def test_a_failure_stops_the_others_and_is_raised_after_their_results(error: BaseException) -> None:
    stop = threading.Event()
    closed: list[str] = []

    def failing() -> Generator[int, None, None]:
        yield 1
        raise error

    def endless() -> Generator[int, None, None]:
        try:
            yield 2
            stop.wait(timeout=30)
            yield 3
        finally:
            closed.append("endless")

    results: list[int] = []
    with pytest.raises(type(error)):
        results.extend(side_by_side([failing(), endless()], stop))
    assert sorted(results) == [1, 2, 3]
    assert closed == ["endless"]


def test_streams_end_when_nobody_listens_any_more() -> None:
    stop = threading.Event()
    closed: list[int] = []

    def endless(number: int) -> Generator[int, None, None]:
        try:
            while not stop.is_set():
                yield number
        finally:
            closed.append(number)

    merged = side_by_side([endless(1), endless(2)], stop)
    next(merged)
    merged.close()
    assert sorted(closed) == [1, 2]
    assert not any(thread.name.startswith("lane") for thread in threading.enumerate())
