"""Rejection sampling: successes of a run become practice, and nothing else does."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from dataset_builder.common.errors import UsageError
from dataset_builder.practice.generate import load_practice
from dataset_builder.simulator.tasks import get_task
from dataset_builder.trajectories.corpus import Corpus
from dataset_builder.trajectories.subgoals import step_subgoals
from dataset_builder.trajectories.trajectory import Trajectory
from eval_harness.results.records import EpisodeResult
from eval_harness.rollout.rejection import FIRST_SEED, add_successes

MakeRun = Callable[..., Path]


@pytest.fixture
def corpus(corpus_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(corpus_folder, tmp_path / "corpus"))


@pytest.fixture
def path(recorded: list[Trajectory]) -> Trajectory:
    """A short path through a train variation, in few steps."""
    trains = [
        trajectory
        for trajectory in recorded
        if trajectory.path == "tidied"
        and trajectory.task == "find-plant"
        and get_task(trajectory.task).split_of(trajectory.variation) == "train"
    ]
    return min(trains, key=lambda trajectory: len(trajectory.steps))


def played(path: Trajectory, seed: int = 0, detour: bool = True, score: int = 100) -> EpisodeResult:
    """An episode that takes the path, with a detour and an action that changes nothing before it."""
    extra = ["teleport to kitchen", "teleport to kitchen"] if detour else []
    actions = [*extra, *path.actions]
    return EpisodeResult(
        path.task, path.variation, seed, score, score, len(actions), actions,
        subgoals=["navigate_to(kitchen)"] * len(extra) + ["focus_on(plant)"] * len(path.actions),
        scores=[0] * (len(actions) - 1) + [score], observations=[""] * len(actions),
        rejected=[[]] * len(actions), last_resort=[0] if detour else [], stop_reason="completed",
    )  # fmt: skip


def test_a_success_becomes_practice(corpus: Path, path: Trajectory, make_run: MakeRun) -> None:
    run = make_run("run", [played(path), played(path, 1, detour=False), played(path, 2, score=60)])
    counts = add_successes(run, corpus)
    assert counts == {"added": 1, "known": 1, "failed": 1}
    (practice,) = load_practice(Corpus(corpus))
    steps = practice.trajectory.steps
    assert [step.action for step in steps] == played(path).actions
    assert steps[-1].score_fraction == 1
    assert "kitchen" in steps[1].look
    assert step_subgoals(practice.segments) == played(path).subgoals
    # What the harness chose and what changed nothing is history, but not taught.
    assert practice.taught == [False, False] + [True] * len(path.actions)
    assert Corpus(corpus).practice[path.task, path.variation, FIRST_SEED]


def test_the_same_run_adds_nothing_twice(corpus: Path, path: Trajectory, make_run: MakeRun) -> None:
    run = make_run("run", [played(path)])
    assert add_successes(run, corpus) == {"added": 1}
    assert add_successes(run, corpus) == {"kept": 1}
    other_seed = make_run("again", [played(path, seed=7)])
    assert add_successes(other_seed, corpus) == {"known": 1}


def test_a_replay_that_fails_is_left_out(corpus: Path, path: Trajectory, make_run: MakeRun) -> None:
    episode = played(path)
    run = make_run("run", [replace(episode, actions=[*episode.actions[:-1], "wait"])])
    assert add_successes(run, corpus) == {"different": 1}
    unnamed = replace(episode, subgoals=["", *episode.subgoals[1:]])
    assert add_successes(make_run("unnamed", [unnamed]), corpus) == {"different": 1}


def test_only_train_variations_may_be_trained_on(corpus: Path, path: Trajectory, make_run: MakeRun) -> None:
    test = get_task(path.task).variations("test")[0]
    run = make_run("run", [replace(played(path), variation=test)])
    with pytest.raises(UsageError, match=f"find-plant {test}, a test variation: only train"):
        add_successes(run, corpus)
    flat = make_run("flat", [replace(played(path), subgoals=[""] * len(played(path).actions))])
    with pytest.raises(UsageError, match="has no sub-goals: give the run of a pair"):
        add_successes(flat, corpus)
