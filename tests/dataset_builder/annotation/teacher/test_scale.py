"""Many trajectories, a fifth of them with faults, a kill in the middle: nothing lost or paid twice."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from dataset_builder.trajectories.trajectory import Trajectory
from tests.dataset_builder.annotation.teacher.oracle import FAILURES, SPOILERS
from tests.dataset_builder.annotation.teacher.scale import run


def many(recorded: Sequence[Trajectory], count: int) -> list[Trajectory]:
    """Recorded paths, again and again under another number until there are enough of them."""
    rounds = -(-count // len(recorded))
    return [
        replace(path, variation=1000 * again + path.variation, description=f"{path.description} ({again})")
        for again in range(rounds)
        for path in recorded
    ][:count]


def test_a_run_with_faults_and_a_kill(recorded: list[Trajectory], tmp_path: Path) -> None:
    account = run(tmp_path, many(recorded, 60), share=0.4, timeout=60, failures=["limited", "failed"])
    assert account.annotated + account.quarantined == 60
    assert account.twice == 0
    assert account.in_flight <= 8
    assert 20 <= account.at_kill < account.calls
    assert len(account.faults) >= 5


@pytest.mark.slow
def test_hundreds_with_faults_of_every_kind(recorded: list[Trajectory], tmp_path: Path) -> None:
    account = run(tmp_path, many(recorded, 400))
    print(account)
    assert account.annotated + account.quarantined == 400
    assert account.twice == 0
    assert account.in_flight <= 8
    assert set(account.faults) == {*SPOILERS, *FAILURES, "hopeless"}
