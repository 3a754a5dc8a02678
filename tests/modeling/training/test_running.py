"""What every training does around its trainer."""

import io
import json
import os
import random
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from rich.console import Console

from modeling.checkpoints.training_record import CHECKPOINTS
from modeling.recipes.recipe import Recipe
from modeling.training.clock import TrainingClock
from modeling.training.running import loss_at, recorded, run_trainer, say, settle, started_clock
from modeling.training.trainer import _COMPLETE, RoleTrainer

RECIPE = Recipe(name="tiny", max_minutes=10)


class _Trainer:
    """Notes how it is started."""

    def __init__(self, error: type[BaseException] | None = None) -> None:
        self.error = error
        self.callbacks: list[Any] = []
        self.resumed: list[str | None] = []

    def add_callback(self, callback: Any) -> None:
        self.callbacks.append(callback)

    def train(self, resume_from_checkpoint: str | None) -> None:
        self.resumed.append(resume_from_checkpoint)
        for callback in self.callbacks:
            callback.on_train_begin(None, None, None)
        if self.error:
            raise self.error


def _run(trainer: _Trainer, folder: Path, console: Console | None = None) -> None:
    run_trainer(cast(RoleTrainer, trainer), TrainingClock(None), folder, "agent", console)


def _checkpoint(folder: Path, step: int, seconds: float | None) -> Path:
    """A checkpoint; without seconds it is one that a killed run did not complete."""
    checkpoint = folder / CHECKPOINTS / f"checkpoint-{step}"
    checkpoint.mkdir(parents=True)
    if seconds is not None:
        (checkpoint / _COMPLETE).write_text(json.dumps({"seconds": seconds}))
    return checkpoint


def test_seeds_make_a_training_repeatable() -> None:
    def drawn(seed: int) -> tuple[float, float]:
        settle(RECIPE.with_values(seed=seed))
        return random.random(), float(torch.rand(1))

    assert drawn(3) == drawn(3)
    assert drawn(3) != drawn(4)


def test_threads_are_set_only_if_the_recipe_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[int] = []
    monkeypatch.setattr(torch, "set_num_threads", threads.append)
    settle(RECIPE)
    settle(RECIPE.with_values(threads=3))
    assert threads == [3]


def test_the_cache_of_compiled_kernels_is_small_unless_the_user_chose_its_size(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LRU_CACHE_CAPACITY", "7")
    monkeypatch.setenv("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "1")  # so that it is restored
    monkeypatch.delenv("ONEDNN_PRIMITIVE_CACHE_CAPACITY")
    settle(RECIPE)
    assert os.environ["LRU_CACHE_CAPACITY"] == "7"
    assert int(os.environ["ONEDNN_PRIMITIVE_CACHE_CAPACITY"]) < 1024


def test_the_clock_goes_on_from_the_last_complete_checkpoint(tmp_path: Path) -> None:
    assert started_clock(tmp_path, RECIPE).seconds == 0
    _checkpoint(tmp_path, 20, seconds=90)
    _checkpoint(tmp_path, 100, seconds=450)
    _checkpoint(tmp_path, 120, seconds=None)
    clock = started_clock(tmp_path, RECIPE)
    assert (clock.seconds, clock.limit) == (450, 600)


def test_a_training_resumes_from_the_newest_complete_checkpoint(tmp_path: Path) -> None:
    fresh = _Trainer()
    _run(fresh, tmp_path)
    assert fresh.resumed == [None]
    complete = _checkpoint(tmp_path, 9, seconds=1)
    incomplete = _checkpoint(tmp_path, 10, seconds=None)
    output = io.StringIO()
    again = _Trainer()
    _run(again, tmp_path, Console(file=output, width=200))
    assert again.resumed == [str(complete)]
    assert "agent: resuming from checkpoint-9." in output.getvalue()
    assert not incomplete.exists()


def test_the_progress_bar_ends_with_the_training_whatever_ends_it(tmp_path: Path) -> None:
    trainer = _Trainer(KeyboardInterrupt)
    console = Console(file=io.StringIO(), force_terminal=True)
    with pytest.raises(KeyboardInterrupt):
        _run(trainer, tmp_path, console)
    (bar,) = trainer.callbacks
    assert not bar._progress.live.is_started


def test_the_loss_of_a_step_is_that_of_its_last_evaluation() -> None:
    history = [
        {"step": 4, "loss": 9.0},
        {"step": 4, "eval_loss": 3.0},
        {"step": 8, "eval_loss": 2.0},
        {"step": 8, "eval_loss": 1.5},
    ]
    assert (loss_at(4, history), loss_at(8, history), loss_at(12, history)) == (3.0, 1.5, None)


def test_a_record_does_not_say_where_the_base_lies(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    assert recorded(RECIPE.with_values(base=str(tmp_path / "base")))["base"] == "base"
    assert recorded(RECIPE.with_values(base="ns/base@v1"))["base"] == "ns/base@v1"
    assert recorded(RECIPE) == RECIPE.model_dump(mode="json")


def test_a_line_is_printed_as_it_is_if_somebody_reads_it() -> None:
    output = io.StringIO()
    say(Console(file=output, width=20), "[bold] stays, and a long line is not wrapped at 20")
    say(None, "nobody")
    assert output.getvalue() == "[bold] stays, and a long line is not wrapped at 20\n"
