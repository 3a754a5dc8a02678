"""The benchmark of the simulator counts what it says; how fast the simulator is, is not asserted."""

import re

import pytest

from benchmarks.bench_simulator import Interface, Play, first_steps, main

PATHS = [("long", ["a", "b", "c"]), ("short", ["d"])]


@pytest.mark.parametrize(
    ("n_steps", "expected"),
    [
        (2, [("long", ["a", "b"])]),
        (4, PATHS),
        (9, [*PATHS, *PATHS, ("long", ["a"])]),
    ],
)
def test_first_steps_are_cut_or_repeated(n_steps: int, expected: list[tuple[str, list[str]]]) -> None:
    assert list(first_steps(PATHS, n_steps)) == expected


def test_the_fastest_round_of_each_path_counts() -> None:
    def unused(task: str, actions: list[str]) -> Play:
        raise AssertionError

    interface = Interface("ours", unused)
    interface.plays = {
        "long": [Play(3, 1.0, 0.5), Play(3, 2.0, 0.25)],
        "short": [Play(1, 3.0, 1.0), Play(1, 1.0, 0.75)],
    }
    assert interface.steps_per_second(PATHS) == 4 / 2.0
    assert interface.loads_per_second(PATHS) == 2 / 1.0


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_it_prints_three_ratios(capsys: pytest.CaptureFixture[str]) -> None:
    main(rounds=1, cold_starts=1, tasks="find-plant")
    text = capsys.readouterr().out.partition("Times as fast as ScienceWorldEnv in the same run")[2]
    rows = re.findall(r"│ ([a-z][^│]*?) +│ +([\d.]+) │ +([\d.]+) │ +([\d.]+) │", text)
    assert [label for label, *_ in rows] == [
        "step, look, inventory and score",
        "the same, first 50 steps of a new process",
        "load",
    ]
    for _, official, ours, ratio in rows:
        assert float(ratio) == pytest.approx(float(ours) / float(official), abs=0.02)
