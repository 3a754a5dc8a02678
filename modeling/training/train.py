"""Training of one role: from a dataset and a recipe to a checkpoint that plain transformers loads."""

import contextlib
import random
from collections.abc import Callable, Sequence
from importlib.metadata import version as package_version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dataset_builder.common.errors import SubgoalError, UsageError
from dataset_builder.common.folder_lock import folder_lock
from modeling.checkpoints.load import weights_hash
from modeling.checkpoints.model_card import write_card
from modeling.checkpoints.training_record import (
    CHECKPOINTS,
    CURVE,
    TrainingResult,
    close_folder,
    full_disk_named,
    open_folder,
)
from modeling.data.augmentation import balanced_rows
from modeling.data.decisions import decision_rows, with_decision_share
from modeling.data.encoding import Tokenized, tokenize
from modeling.data.examples import RoleData, load_role
from modeling.recipes.recipe import Recipe, load_recipe
from modeling.runtime.device import hardware
from modeling.runtime.distributed import first_then_others, is_first, on_first, world_size
from modeling.runtime.quiet import quiet_libraries
from modeling.training.arguments import reporting_callbacks
from modeling.training.checks import check_counterfactual, check_recipe
from modeling.training.evaluation.decision_accuracy import DecisionAccuracy, decision_accuracy
from modeling.training.evaluation.exact_match import exact_match
from modeling.training.evaluation.loss_curve import draw_curve, training_curve
from modeling.training.running import loss_at, recorded, run_trainer, say, settle, started_clock
from modeling.training.student import Examples, Student, TrainingFlow

if TYPE_CHECKING:
    from rich.console import Console

    from modeling.training.clock import TrainingClock
    from modeling.training.trainer import RoleTrainer

_DECISIONS = 120
"""Decision steps of each task on validation that are decoded at the end of a training."""

_FEW_DECISIONS = 24
"""Likewise, at each evaluation."""

_LIBRARIES = ("torch", "transformers", "datasets")


def train(
    role: str,
    recipe: Recipe | str | Path,
    dataset: str | Path,
    out: str | Path,
    *,
    base: str | None = None,
    seed: int | None = None,
    max_steps: int | None = None,
    max_minutes: float | None = None,
    report_to: str | None = None,
    console: "Console | None" = None,
) -> TrainingResult:
    """Train one role. The same call resumes a killed training, and returns the result of a finished one.

    Under `torchrun` or `accelerate launch`, all processes train together; rank 0 prints and writes.

    Args:
        role (`str`): one of `ROLES`.
        recipe (`Recipe`, `str` or `Path`): a recipe, the name of one, or a YAML file.
        dataset (`str` or `Path`): folder of a corpus or Hub id, with `@REVISION` if wanted.
        out (`str` or `Path`): folder of the checkpoint.
        base (`str`, *optional*): checkpoint to fine-tune; overrides the recipe.
        seed (`int`, *optional*): overrides the recipe.
        max_steps (`int`, *optional*): overrides the recipe.
        max_minutes (`float`, *optional*): overrides the recipe.
        report_to (`str`, *optional*): overrides the recipe.
        console (`Console`, *optional*): prints progress; None for no output.

    Raises:
        UsageError: for a recipe, dataset, base or folder that cannot be used.
        SubgoalError: if the Hub cannot be reached.
        TrainingDiverged: if the loss is NaN or infinite. The last good checkpoint is kept.

    Example:

    ```python
    result = train("executor", "scratch-tiny", "release/dataset", "out/executor", max_minutes=5)
    result.metrics["exact_match"]
    ```
    """
    if not isinstance(recipe, Recipe):
        recipe = load_recipe(recipe)
    recipe = recipe.for_role(role).with_values(
        base=base, seed=seed, max_steps=max_steps, max_minutes=max_minutes, report_to=report_to
    )
    try:
        return _train(role, recipe, str(dataset), Path(out), console if is_first() else None)
    except SubgoalError as error:
        if is_first():
            raise
        raise SystemExit(error.exit_code) from None  # rank 0 prints the error


def _train(role: str, recipe: Recipe, dataset: str, out: Path, console: "Console | None") -> TrainingResult:
    if recipe.purpose != "sub-goals":
        raise UsageError(f"recipe {recipe.name} trains an agent with tools: run `subgoal tools train`.")
    check_recipe(recipe)
    folder = out.resolve()
    with quiet_libraries(), contextlib.ExitStack() as stack:
        data = first_then_others(
            lambda: load_role(
                role,
                dataset,
                state_text=recipe.state_text,
                exclude_tasks=recipe.exclude_tasks,
                only_tasks=recipe.only_tasks,
                practice=recipe.practice,
                unsimplified=recipe.unsimplified,
            )
        )
        check_counterfactual(recipe, data)
        if is_first():
            stack.enter_context(folder_lock(folder))
        plan = {"role": role, "recipe": recorded(recipe), "fingerprint": data.fingerprint}
        finished = on_first(lambda: open_folder(folder, plan))
        if finished is not None:
            say(console, f"{role}: training in {out} is already finished.")
            return finished
        with full_disk_named(folder):
            return _Run(role, recipe, data, folder, console).go()


class _Run:
    """One training, started or resumed."""

    def __init__(
        self, role: str, recipe: Recipe, data: RoleData, folder: Path, console: "Console | None"
    ) -> None:
        self.role, self.recipe, self.data, self.folder, self.console = role, recipe, data, folder, console

    def go(self) -> TrainingResult:
        """Train, evaluate, and write the checkpoint with its record and card."""
        settle(self.recipe)
        self.student = _make_student(self.role, self.recipe, self.data, self.folder)
        self.decisions = decision_rows(self.data.train)
        self.tested = self._tested_decisions()
        rows = self._tokenize(self.data.train, range(len(self.data.train)))
        sampled = _sample(self.data.seen_validation_rows(), self.recipe.evaluate_examples, self.recipe.seed)
        examples = Examples(
            rows, rows.repeated(self._rows_of_an_epoch()), self._tokenize(self.data.validation, sampled)
        )
        self._report(examples)

        clock = started_clock(self.folder, self.recipe)
        trainer = self.student.trainer(examples, self._flow(clock))
        run_trainer(trainer, clock, self.folder, self.role, self.console)
        result = on_first(lambda: self._save(trainer, examples, clock.seconds))
        self._conclude(result)
        return result

    def _rows_of_an_epoch(self) -> list[int]:
        tasks = self.data.train["task"]
        recipe = self.recipe
        rows = balanced_rows(tasks, recipe.balance, recipe.task_weights)
        return with_decision_share(
            rows, self.decisions, tasks, recipe.decision_share, recipe.decision_weights
        )

    def _tested_decisions(self) -> list[int]:
        """Decision steps of the validation split, at most `_DECISIONS` of each task.

        Raises:
            UsageError: if they are to choose the checkpoint and there are none.
        """
        rows = decision_rows(self.data.validation, _DECISIONS)
        if not rows and self.recipe.metric_for_best_model == "decisions":
            raise UsageError(
                f"{self.data.source} has no decision steps in its validation split: set "
                "metric_for_best_model: loss in the recipe."
            )
        return rows

    def _count_decisions(self, rows: Sequence[int]) -> DecisionAccuracy | None:
        student = self.student
        return decision_accuracy(
            student.whole, student.fitter, self.data.validation, rows, self.recipe.target_length
        )

    def _counter_of_decisions(self) -> "Callable[[], float] | None":
        """Counts at each evaluation, without held-out tasks: what it says may choose a checkpoint."""
        seen = set(self.data.seen_validation_rows())
        rows = [row for row in decision_rows(self.data.validation, _FEW_DECISIONS) if row in seen]
        if not rows:
            return None

        def count() -> float:
            counted = self._count_decisions(rows)
            return counted.share if counted else 0.0

        return count

    def _save(self, trainer: "RoleTrainer", examples: Examples, seconds: float) -> TrainingResult:
        """Measure exact match; write the checkpoint with its record, card and loss curve."""
        recipe, state, student = self.recipe, trainer.state, self.student
        student.finish()
        rows = _sample(range(len(self.data.validation)), recipe.exact_match_examples, recipe.seed)
        match = exact_match(student.whole, student.fitter, self.data.validation, rows, recipe.target_length)
        decided = self._count_decisions(self.tested)
        student.save(examples.train)
        best = state.best_global_step or state.global_step
        result = TrainingResult(
            role=self.role,
            recipe=recorded(recipe),
            dataset=self.data.describe(),
            base=student.base,
            parameters=sum(weights.numel() for weights in student.whole.parameters()),
            steps=state.global_step,
            epochs=round(state.epoch or 0.0, 2),
            best_step=best,
            metrics={
                "validation_loss": loss_at(best, state.log_history),
                "exact_match": match.share if match else None,
                "decisions": decided.share if decided else None,
            },
            shortened={
                "train": examples.train.shortened_share,
                "validation": examples.validation.shortened_share,
            },
            left_out=examples.train.left_out,
            wall_seconds=round(seconds, 1),
            weights=weights_hash(self.folder),
            versions={name: package_version(name) for name in (*_LIBRARIES, *student.libraries)},
            exact_match_by_task=match.by_task if match else {},
            decisions_by_task=decided.by_task if decided else {},
            curve=training_curve(state.log_history),
            example=match.example | student.prompt(match.example["input"]) if match else {},
            processes=world_size(),
            hardware=hardware("bf16" if trainer.args.bf16 else "fp32"),
            held_out_tasks=list(self.data.held_out_tasks),
        )
        (self.folder / CURVE).write_bytes(
            draw_curve(result.curve, best, result.metrics["validation_loss"] or 0.0)
        )
        write_card(self.folder, result)
        close_folder(self.folder, result)
        return result

    def _tokenize(self, table: Any, rows: Sequence[int]) -> Tokenized:
        return tokenize(table, rows, self.student.fitter, self.recipe.target_length)

    def _report(self, examples: Examples) -> None:
        train, validation = examples.train, examples.validation
        if not train.rows or not validation.rows:
            raise UsageError("All targets are longer than target_length: raise it in the recipe.")
        whole = self.student.whole
        size = sum(weights.numel() for weights in whole.parameters()) / 1e6
        trained = sum(weights.numel() for weights in whole.parameters() if weights.requires_grad) / 1e6
        of_them = f" ({trained:.2f}M of them trainable)" if trained < size else ""
        mean = sum(map(len, train.inputs)) / len(train.inputs)
        self._say(
            f"{self.role}: {size:.2f}M parameters{of_them}, {len(train.rows)} examples of "
            f"{mean:.0f} tokens on average; {train.shortened_share:.1%} lose "
            f"history to fit {self.recipe.source_length}, {train.left_out} excluded for long targets.",
        )

    def _flow(self, clock: "TrainingClock") -> TrainingFlow:
        return TrainingFlow(
            checkpoints=self.folder / CHECKPOINTS,
            name=f"{self.folder.name} ({self.role})",
            clock=clock,
            callbacks=reporting_callbacks(self.recipe, self.folder) if is_first() else None,
            count_decisions=self._counter_of_decisions(),
            say=self._say,
        )

    def _conclude(self, result: TrainingResult) -> None:
        match = result.metrics["exact_match"]
        exact = "" if match is None else f", exact match {match:.1%}"
        decided = result.metrics["decisions"]
        exact += "" if decided is None else f", decision accuracy {decided:.1%}"
        for task, counted in result.decisions_by_task.items():
            self._say(
                f"  {task}: {counted['share']:.1%} of {counted['examples']:.0f} decisions right, "
                f"{counted['undecided']:.1%} undecided",
            )
        self._say(
            f"{self.role}: validation loss {result.metrics['validation_loss']:.3f}{exact} after "
            f"{result.steps} steps in {result.wall_seconds:.0f} s.",
        )

    def _say(self, line: str) -> None:
        say(self.console, line)


def _make_student(role: str, recipe: Recipe, data: RoleData, folder: Path) -> Student:
    if recipe.kind == "causal":
        from modeling.training.causal.student import CausalStudent

        return CausalStudent(role, recipe, data, folder)
    from modeling.training.seq2seq import Seq2SeqStudent

    return Seq2SeqStudent(role, recipe, data, folder)


def _sample(rows: Sequence[int], n_wanted: int, seed: int) -> list[int]:
    """All row numbers or a random sample of them, in ascending order."""
    return list(rows) if n_wanted >= len(rows) else sorted(random.Random(seed).sample(rows, n_wanted))
