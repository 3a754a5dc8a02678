"""What every training does around its trainer: seeds, a clock, a progress bar, resuming, its record."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dataset_builder.hub.ids import public_name
from modeling.checkpoints.training_record import CHECKPOINTS
from modeling.recipes.recipe import Recipe
from modeling.runtime.distributed import on_first

if TYPE_CHECKING:
    from rich.console import Console

    from modeling.training.clock import TrainingClock
    from modeling.training.trainer import RoleTrainer

_COMPILED_KERNELS = "64"


def settle(recipe: Recipe) -> None:
    """Set the number of threads and the seeds of a recipe, and bound the memory of compiled kernels."""
    import torch
    from transformers import set_seed

    # On CPUs, bf16 kernels are compiled for each shape of a batch and kept, by default 1,024 of them: half
    # a gigabyte. Both caches read their limit when they are first used in a process.
    for cache in ("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "LRU_CACHE_CAPACITY"):
        os.environ.setdefault(cache, _COMPILED_KERNELS)
    if recipe.threads:
        torch.set_num_threads(recipe.threads)
    set_seed(recipe.seed)


def started_clock(folder: Path, recipe: Recipe) -> "TrainingClock":
    """The clock of the training in a folder, with the time that its last checkpoint had used."""
    from modeling.training.clock import TrainingClock
    from modeling.training.trainer import last_checkpoint, seconds_of

    return TrainingClock(recipe.max_minutes, seconds_of(last_checkpoint(folder / CHECKPOINTS)))


def run_trainer(
    trainer: "RoleTrainer", clock: "TrainingClock", folder: Path, title: str, console: "Console | None"
) -> None:
    """Train to the end, from the last complete checkpoint if there is one.

    Args:
        trainer (`RoleTrainer`): the trainer.
        clock (`TrainingClock`): of the training in that folder.
        folder (`Path`): folder of the training.
        title (`str`): what is trained, in words.
        console (`Console`, *optional*): shows a progress bar.
    """
    from modeling.training.progress_bar import ProgressBar
    from modeling.training.trainer import drop_incomplete_checkpoints, last_checkpoint

    on_first(lambda: drop_incomplete_checkpoints(folder / CHECKPOINTS))
    last = last_checkpoint(folder / CHECKPOINTS)
    if last is not None:
        say(console, f"{title}: resuming from {last.name}.")
    bar = ProgressBar(f"train {title}", clock, console) if console else None
    if bar:
        trainer.add_callback(bar)
    try:
        trainer.train(resume_from_checkpoint=str(last) if last else None)
    finally:
        if bar:
            bar.stop()


def loss_at(step: int, history: Sequence[Mapping[str, Any]]) -> float | None:
    """Validation loss of the evaluation at a step."""
    losses = [entry["eval_loss"] for entry in history if entry["step"] == step and "eval_loss" in entry]
    return losses[-1] if losses else None


def recorded(recipe: Recipe) -> dict[str, Any]:
    """The recipe as stored in records: a base folder by its name, without its path."""
    values = recipe.model_dump(mode="json")
    return values | {"base": public_name(recipe.base)} if recipe.base else values


def say(console: "Console | None", line: str) -> None:
    """Print a line, if there is somebody to read it."""
    if console is not None:
        console.print(line, highlight=False, markup=False, soft_wrap=True)
