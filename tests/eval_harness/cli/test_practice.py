"""`subgoal eval to-practice`: successes of a run are added to a corpus once."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dataset_builder.common.errors import UsageError
from dataset_builder.simulator.tasks import get_task
from dataset_builder.trajectories.trajectory import Trajectory
from tests.eval_harness.rollout.test_rejection import played

MakeRun = Callable[..., Path]


@pytest.fixture
def path(recorded: list[Trajectory]) -> Trajectory:
    """A path through a train variation of find-plant."""
    return next(
        path
        for path in recorded
        if (path.path, path.task) == ("tidied", "find-plant")
        and get_task(path.task).split_of(path.variation) == "train"
    )


def test_episodes_are_counted_by_what_became_of_them(
    corpus_folder: Path, path: Trajectory, make_run: MakeRun, tmp_path: Path, invoke: Any
) -> None:
    corpus = Path(shutil.copytree(corpus_folder, tmp_path / "corpus"))
    run = make_run("run", [played(path), played(path, 1, score=60)])
    first = invoke("to-practice", str(run), str(corpus))
    assert first.exit_code == 0, first.output
    assert "1 episodes added, 0 were there, 1 below the full score" in first.output
    again = invoke("to-practice", str(run), str(corpus))
    assert "0 episodes added, 1 were there" in again.output


def test_a_folder_that_is_not_a_corpus_is_refused(
    path: Trajectory, make_run: MakeRun, tmp_path: Path, invoke: Any
) -> None:
    run = make_run("run", [played(path)])
    refused = invoke("to-practice", str(run), str(run))
    assert isinstance(refused.exception, UsageError)
    assert "is not a corpus folder: run `subgoal corpus collect --out" in str(refused.exception)
    assert not (run / "practice.jsonl").exists()
