"""A `Trainer` with a time limit, resumable checkpoints, and an error when the loss diverges."""

import json
import math
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from transformers import (
    PrinterCallback,
    ProgressCallback,
    Seq2SeqTrainer,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)
from transformers.trainer_pt_utils import LengthGroupedSampler

from dataset_builder.common.errors import SubgoalError
from dataset_builder.common.files import write_atomically
from modeling.data.augmentation import VariedExamples
from modeling.recipes.recipe import Recipe
from modeling.training.clock import TrainingClock, rate_factor
from modeling.training.muon import MuonWithAdamW

_COMPLETE = "complete.json"


class TrainingDiverged(SubgoalError):
    """The loss is no longer a number.

    Example:

    ```python
    try:
        train("executor", "scratch-tiny", "release/dataset", "runs/executor")
    except TrainingDiverged as error:
        print(error)  # names the step and the last good checkpoint
    ```
    """


class _Order(LengthGroupedSampler):
    """Batches examples of similar length. The order of an epoch is the same whether resumed or not."""

    def __init__(self, batch_size: int, examples: VariedExamples | Dataset, seed: int) -> None:
        varied = isinstance(examples, VariedExamples)
        super().__init__(batch_size, lengths=examples.lengths if varied else _lengths(examples))
        self.examples = examples if varied else None
        self.seed, self.epoch = seed, 0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch
        if self.examples is not None:
            self.examples.epoch = epoch

    def __iter__(self) -> Iterator[int]:
        self.generator = torch.Generator().manual_seed(1_000_003 * self.seed + self.epoch)
        return super().__iter__()


class _MixedOrder(_Order):
    """The same batches in random order.

    `_Order` takes the longest of some thousand examples first. A training of a few hundred would begin with
    the ends of episodes and finish with their beginnings.
    """

    def __iter__(self) -> Iterator[int]:
        indices = list(super().__iter__())
        whole = len(indices) - len(indices) % self.batch_size
        batches = torch.tensor(indices[:whole], dtype=torch.long).view(-1, self.batch_size)
        mixed = batches[torch.randperm(len(batches), generator=self.generator)]
        return iter([*mixed.flatten().tolist(), *indices[whole:]])


def _lengths(examples: Dataset) -> list[int]:
    return [len(ids) for ids in examples["input_ids"]]


class RoleTrainer(Trainer):
    """A `Trainer` whose learning rate follows a `TrainingClock`, and that measures decision accuracy.

    Args:
        recipe (`Recipe`): of one role.
        clock (`TrainingClock`): how far the training has come.
        count_decisions (`Callable[[], float]`, *optional*): share of right decisions on
            validation, 0 to 1, logged as `eval_decisions` with each evaluation.

    Example:

    ```python
    trainer = RoleTrainer(
        model, args, recipe=recipe, clock=TrainingClock(max_minutes=60), train_dataset=examples
    )
    trainer.train()
    trainer.clock.seconds  # training time in seconds, earlier runs included
    ```
    """

    def __init__(
        self,
        *args: Any,
        recipe: Recipe,
        clock: TrainingClock,
        count_decisions: Callable[[], float] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.recipe = recipe
        self.clock = clock
        self.count_decisions = count_decisions
        for callback in (PrinterCallback, ProgressCallback):
            self.remove_callback(callback)
        self.add_callback(_StopRules(clock, recipe.patience))

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        """Validation metrics: `eval_loss`, and `eval_decisions` (decision accuracy, 0 to 1)."""
        metrics = super().evaluate(*args, **kwargs)
        if self.count_decisions is not None:
            metrics["eval_decisions"] = self.count_decisions()
            self.log({"eval_decisions": metrics["eval_decisions"]})
        return metrics

    def create_optimizer(self, model: Any = None) -> torch.optim.Optimizer:
        """The recipe's optimizer."""
        if self.optimizer is None and self.recipe.optimizer == "muon":
            module: Any = self.model if model is None else model
            self.optimizer = MuonWithAdamW(module, self.recipe)
        return super().create_optimizer(model)

    def create_scheduler(
        self, num_training_steps: int, optimizer: torch.optim.Optimizer | None = None
    ) -> torch.optim.lr_scheduler.LRScheduler:
        """A schedule over the progress of the training, so that the rate reaches zero at the time limit."""
        if self.lr_scheduler is None:

            def factor(step: int) -> float:
                share = self.clock.share(step, num_training_steps)
                return rate_factor(self.recipe.schedule, self.recipe.warmup, share)

            current = optimizer or self.optimizer
            assert current is not None
            self.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(current, factor)
            self._created_lr_scheduler = True
        return self.lr_scheduler

    def _get_train_sampler(self, train_dataset: Any = None) -> torch.utils.data.Sampler[int] | None:
        examples: Any = self.train_dataset
        batch = self.args.train_batch_size * self.args.gradient_accumulation_steps
        order = _Order if isinstance(examples, VariedExamples) else _MixedOrder
        return order(batch, examples, self.args.seed)


class Seq2SeqRoleTrainer(RoleTrainer, Seq2SeqTrainer):
    """The trainer of seq2seq models.

    Example:

    ```python
    trainer = Seq2SeqRoleTrainer(
        model=model, args=seq2seq_arguments(recipe, Path("runs/executor/checkpoints"), "executor"),
        train_dataset=train, eval_dataset=validation, data_collator=DataCollatorForSeq2Seq(tokenizer, model),
        recipe=recipe, clock=TrainingClock(max_minutes=60),
    )
    trainer.train()
    ```
    """


class _StopRules(TrainerCallback):
    """Stops at the time limit, without improvement, or on divergence; marks complete checkpoints."""

    def __init__(self, clock: TrainingClock, patience: int | None) -> None:
        self.clock = clock
        self.patience = patience

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self.clock.begin()

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self.clock.end()

    def on_optimizer_step(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self.clock.look()  # before the scheduler sets the learning rate

    def on_evaluate(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        # Computed from the log, which survives a kill. A counter, as in EarlyStoppingCallback, does not.
        losses = [entry["eval_loss"] for entry in state.log_history if "eval_loss" in entry]
        if self.patience and len(losses) - 1 - losses.index(min(losses)) >= self.patience:
            control.should_training_stop = True

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        if self.clock.over:
            control.should_training_stop = True
            control.should_evaluate = control.should_save = True
        # The loss is checked before every checkpoint (see `on_log`).
        control.should_log |= control.should_save

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        # The trainer logs before it saves, so no checkpoint with NaN weights is written.
        for name in ("loss", "grad_norm", "eval_loss"):
            value = (logs or {}).get(name)
            if value is not None and not math.isfinite(value):
                last = last_checkpoint(Path(str(args.output_dir)))
                kept = f"the last good checkpoint is {last}" if last else "no checkpoint had been written"
                raise TrainingDiverged(
                    f"{name} became {value} at step {state.global_step}: {kept}. Lower learning_rate in "
                    "the recipe."
                )

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        if not state.is_world_process_zero:
            return
        folder = Path(str(args.output_dir)) / f"checkpoint-{state.global_step}"
        progress = {"step": state.global_step, "seconds": round(self.clock.seconds, 1)}
        write_atomically(folder / _COMPLETE, json.dumps(progress) + "\n")


def last_checkpoint(folder: Path) -> Path | None:
    """The newest complete checkpoint; None if there is none."""
    complete = [path.parent for path in folder.glob(f"checkpoint-*/{_COMPLETE}")]
    return max(complete, key=lambda path: int(path.name.rpartition("-")[2]), default=None)


def drop_incomplete_checkpoints(folder: Path) -> None:
    """Remove incomplete checkpoints of a killed run, which the trainer cannot load."""
    for path in folder.glob("checkpoint-*"):
        if not (path / _COMPLETE).exists():
            shutil.rmtree(path)


def seconds_of(checkpoint: Path | None) -> float:
    """Training time in seconds until a checkpoint was saved."""
    if checkpoint is None:
        return 0.0
    return float(json.loads((checkpoint / _COMPLETE).read_text(encoding="utf-8"))["seconds"])
