"""Training of one role: from a dataset and a recipe to a checkpoint that plain transformers loads."""

import contextlib
import random
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version as package_version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dataset_builder.common.errors import SubgoalError, UsageError
from dataset_builder.common.folder_lock import folder_lock
from dataset_builder.common.hub_ids import public_name
from dataset_builder.simulator.vocabulary import simulator_words
from modeling.checkpoints.load import load_checkpoint, weights_hash
from modeling.checkpoints.model_card import write_card
from modeling.checkpoints.training_record import (
    CHECKPOINTS,
    CURVE,
    TrainingResult,
    close_folder,
    full_disk_named,
    open_folder,
)
from modeling.data.augmentation import (
    AugmentationConfig,
    Counterfactuals,
    Names,
    VariedExamples,
    balanced_rows,
    find_names,
)
from modeling.data.decisions import decision_rows, with_decision_share
from modeling.data.encoding import Fitter, Tokenized, tokenize
from modeling.data.examples import RoleData, load_role
from modeling.data.tokenizer import save_tokenizer, train_tokenizer
from modeling.inference.grounding import find_grounding
from modeling.recipes.recipe import Recipe, load_recipe
from modeling.runtime.device import hardware
from modeling.runtime.distributed import first_then_others, is_first, on_first, world_size
from modeling.runtime.quiet import quiet_libraries
from modeling.training.arguments import reporting_callbacks, training_arguments
from modeling.training.checks import check_counterfactual, check_held_out, check_lengths, check_recipe
from modeling.training.decision_accuracy import DecisionAccuracy, decision_accuracy
from modeling.training.exact_match import exact_match
from modeling.training.loss_curve import draw_curve, training_curve
from modeling.training.model_init import add_lora, build_model, choose_attention, merge_lora

if TYPE_CHECKING:
    from rich.console import Console
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from modeling.training.trainer import RoleTrainer, TrainingClock

_DECISIONS = 120
"""Decision steps of each task on validation that are decoded at the end of a training."""

_FEW_DECISIONS = 24
"""Likewise, at each evaluation."""


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
    check_recipe(recipe)
    folder = out.resolve()
    with quiet_libraries(), contextlib.ExitStack() as stack:
        data = first_then_others(
            lambda: load_role(role, dataset, recipe.state_text, recipe.exclude_tasks, recipe.practice)
        )
        check_counterfactual(recipe, data)
        if is_first():
            stack.enter_context(folder_lock(folder))
        plan = {"role": role, "recipe": _recorded(recipe), "fingerprint": data.fingerprint}
        finished = on_first(lambda: open_folder(folder, plan))
        if finished is not None:
            _say(console, f"{role}: training in {out} is already finished.")
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
        self._settle()
        model, tokenizer, base = self._start()
        choose_attention(model)
        self.fitter = Fitter(tokenizer, self.data.state_text_version, self.recipe.source_length)
        every = self._tokenize(self.data.train, range(len(self.data.train)))
        self.names = self._find_names(every, tokenizer)
        self.decisions = decision_rows(self.data.train)
        self.tested = self._tested_decisions()
        examples = every.repeated(self._rows_of_an_epoch())
        sampled = _sample(self.data.seen_validation_rows(), self.recipe.evaluate_examples, self.recipe.seed)
        held_out = self._tokenize(self.data.validation, sampled)
        self._report(model, examples, held_out)

        trainer, clock = self._trainer(model, tokenizer, examples, held_out)
        self._train(trainer, clock)
        result = on_first(lambda: self._save(trainer, tokenizer, base, examples, held_out, clock.seconds))
        self._conclude(result)
        return result

    def _rows_of_an_epoch(self) -> list[int]:
        tasks = self.data.train["task"]
        rows = balanced_rows(tasks, self.recipe.balance)
        recipe = self.recipe
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

    def _count_decisions(self, model: "PreTrainedModel", rows: Sequence[int]) -> DecisionAccuracy | None:
        return decision_accuracy(model, self.fitter, self.data.validation, rows, self.recipe.target_length)

    def _counter_of_decisions(self) -> "Callable[[PreTrainedModel], float] | None":
        """Counts at each evaluation, without held-out tasks: what it says may choose a checkpoint."""
        seen = set(self.data.seen_validation_rows())
        rows = [row for row in decision_rows(self.data.validation, _FEW_DECISIONS) if row in seen]
        if not rows:
            return None

        def count(model: "PreTrainedModel") -> float:
            counted = self._count_decisions(model, rows)
            return counted.share if counted else 0.0

        return count

    def _save(
        self,
        trainer: "RoleTrainer",
        tokenizer: "PreTrainedTokenizerBase",
        base: dict[str, Any] | None,
        examples: Tokenized,
        held_out: Tokenized,
        seconds: float,
    ) -> TrainingResult:
        """Measure exact match; write the checkpoint with its record, card and loss curve."""
        trained = merge_lora(trainer.model)
        recipe, state = self.recipe, trainer.state
        rows = _sample(range(len(self.data.validation)), recipe.exact_match_examples, recipe.seed)
        match = exact_match(trained, self.fitter, self.data.validation, rows, recipe.target_length)
        decided = self._count_decisions(trained, self.tested)
        _mark(trained, tokenizer, self.role, self.data, recipe)
        _ground(trained, tokenizer, examples)
        trained.save_pretrained(self.folder)
        save_tokenizer(tokenizer, self.folder)
        best = state.best_global_step or state.global_step
        result = TrainingResult(
            role=self.role,
            recipe=_recorded(recipe),
            dataset=self.data.describe(),
            base=base,
            parameters=sum(weights.numel() for weights in trained.parameters()),
            steps=state.global_step,
            epochs=round(state.epoch or 0.0, 2),
            best_step=best,
            metrics={
                "validation_loss": _loss_at(best, state.log_history),
                "exact_match": match.share if match else None,
                "decisions": decided.share if decided else None,
            },
            shortened={"train": examples.shortened_share, "validation": held_out.shortened_share},
            left_out=examples.left_out,
            wall_seconds=round(seconds, 1),
            weights=weights_hash(self.folder),
            versions={name: package_version(name) for name in ("torch", "transformers", "datasets")},
            exact_match_by_task=match.by_task if match else {},
            decisions_by_task=decided.by_task if decided else {},
            curve=training_curve(state.log_history),
            example=match.example if match else {},
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

    def _settle(self) -> None:
        import torch
        from transformers import set_seed

        if self.recipe.threads:
            torch.set_num_threads(self.recipe.threads)
        set_seed(self.recipe.seed)

    def _start(self) -> tuple["PreTrainedModel", "PreTrainedTokenizerBase", dict[str, Any] | None]:
        """Initial model and tokenizer, and the provenance of the base checkpoint, if any."""
        if self.recipe.base is not None:
            name = self.recipe.base
            checkpoint = first_then_others(lambda: load_checkpoint(name, kinds=("seq2seq",)))
            check_lengths(checkpoint, self.recipe)
            check_held_out(checkpoint, self.recipe)
            model = add_lora(checkpoint.model, self.recipe.lora) if self.recipe.lora else checkpoint.model
            return model, checkpoint.tokenizer, checkpoint.describe()
        tokenizer = on_first(self._own_tokenizer)
        return build_model(self.recipe.architecture, tokenizer, self.recipe.seed), tokenizer, None

    def _own_tokenizer(self) -> "PreTrainedTokenizerBase":
        """A tokenizer trained on the corpus; when resuming, that of the last checkpoint."""
        from transformers import AutoTokenizer

        from modeling.training.trainer import last_checkpoint

        last = last_checkpoint(self.folder / CHECKPOINTS)
        if last is not None:
            return AutoTokenizer.from_pretrained(last)
        texts = [text for column in ("input", "target") for text in self.data.train[column]]
        plan = self.recipe.tokenizer
        return train_tokenizer(
            texts, plan.vocab_size, plan.min_frequency, self.recipe.source_length, simulator_words()
        )

    def _tokenize(self, table: Any, rows: Sequence[int]) -> Tokenized:
        return tokenize(table, rows, self.fitter, self.recipe.target_length)

    def _report(self, model: "PreTrainedModel", examples: Tokenized, held_out: Tokenized) -> None:
        if not examples.rows or not held_out.rows:
            raise UsageError("All targets are longer than target_length: raise it in the recipe.")
        size = sum(weights.numel() for weights in model.parameters()) / 1e6
        trained = sum(weights.numel() for weights in model.parameters() if weights.requires_grad) / 1e6
        of_them = f" ({trained:.2f}M of them trainable)" if trained < size else ""
        mean = sum(map(len, examples.inputs)) / len(examples.inputs)
        _say(
            self.console,
            f"{self.role}: {size:.2f}M parameters{of_them}, {len(examples.rows)} examples of "
            f"{mean:.0f} tokens on average; {examples.shortened_share:.1%} lose "
            f"history to fit {self.recipe.source_length}, {examples.left_out} excluded for long targets.",
        )

    def _trainer(
        self,
        model: "PreTrainedModel",
        tokenizer: "PreTrainedTokenizerBase",
        examples: Tokenized,
        held_out: Tokenized,
    ) -> tuple["RoleTrainer", "TrainingClock"]:
        from transformers import DataCollatorForSeq2Seq

        from modeling.training.trainer import RoleTrainer, TrainingClock, last_checkpoint, seconds_of

        if self.recipe.gradient_checkpointing:
            model.gradient_checkpointing_enable()
        checkpoints = self.folder / CHECKPOINTS
        clock = TrainingClock(self.recipe.max_minutes, seconds_of(last_checkpoint(checkpoints)))
        trainer = RoleTrainer(
            model=model,
            args=training_arguments(self.recipe, checkpoints, f"{self.folder.name} ({self.role})"),
            callbacks=reporting_callbacks(self.recipe, self.folder) if is_first() else None,
            train_dataset=self._varied(examples),
            eval_dataset=VariedExamples(held_out.inputs, held_out.labels, Names(), 0.0, self.recipe.seed),
            processing_class=tokenizer,
            # Kernels for bf16 are compiled for each shape, so there should be few of them.
            data_collator=DataCollatorForSeq2Seq(tokenizer, model=model, pad_to_multiple_of=8),
            recipe=self.recipe,
            clock=clock,
            count_decisions=self._counter_of_decisions(),
        )
        return trainer, clock

    def _find_names(self, every: Tokenized, tokenizer: "PreTrainedTokenizerBase") -> Names:
        """The names that augmentation may replace."""
        if not self.recipe.rename:
            return Names()
        names = find_names(every.inputs, every.labels, tokenizer)
        if not names.words:
            _say(self.console, f"{self.role}: this tokenizer has no names to replace.")
        return names

    def _varied(self, examples: Tokenized) -> VariedExamples:
        recipe, fitter = self.recipe, self.fitter
        deciding = set(self.decisions)
        others = Counterfactuals(
            targets=examples.targets,
            encode=lambda target: fitter.tokenizer([target], verbose=False)["input_ids"][0],
            chance=recipe.counterfactual,
            decisions=frozenset(index for index, row in enumerate(examples.rows) if row in deciding),
            evidence_only=recipe.evidence_only,
        )
        rewriting = AugmentationConfig(
            examples.texts,
            lambda text: fitter.encode([text])[0][0],
            recipe.vary,
            others if recipe.counterfactual or recipe.evidence_only else None,
        )
        longest = recipe.source_length
        return VariedExamples(
            examples.inputs, examples.labels, self.names, recipe.rename, recipe.seed, longest, rewriting
        )

    def _train(self, trainer: "RoleTrainer", clock: "TrainingClock") -> None:
        from modeling.training.trainer import Bar, drop_incomplete_checkpoints, last_checkpoint

        on_first(lambda: drop_incomplete_checkpoints(self.folder / CHECKPOINTS))
        last = last_checkpoint(self.folder / CHECKPOINTS)
        if last is not None:
            _say(self.console, f"{self.role}: resuming from {last.name}.")
        bar = Bar(f"train {self.role}", clock, self.console) if self.console else None
        if bar:
            trainer.add_callback(bar)
        try:
            trainer.train(resume_from_checkpoint=str(last) if last else None)
        finally:
            if bar:
                bar.stop()

    def _conclude(self, result: TrainingResult) -> None:
        match = result.metrics["exact_match"]
        exact = "" if match is None else f", exact match {match:.1%}"
        decided = result.metrics["decisions"]
        exact += "" if decided is None else f", decision accuracy {decided:.1%}"
        for task, counted in result.decisions_by_task.items():
            _say(
                self.console,
                f"  {task}: {counted['share']:.1%} of {counted['examples']:.0f} decisions right, "
                f"{counted['undecided']:.1%} undecided",
            )
        _say(
            self.console,
            f"{self.role}: validation loss {result.metrics['validation_loss']:.3f}{exact} after "
            f"{result.steps} steps in {result.wall_seconds:.0f} s.",
        )


def _loss_at(step: int, history: Sequence[Mapping[str, Any]]) -> float | None:
    """Validation loss of the evaluation at a step."""
    losses = [entry["eval_loss"] for entry in history if entry["step"] == step and "eval_loss" in entry]
    return losses[-1] if losses else None


def _recorded(recipe: Recipe) -> dict[str, Any]:
    """The recipe as stored in records: a base folder by its name, without its path."""
    values = recipe.model_dump(mode="json")
    return values | {"base": public_name(recipe.base)} if recipe.base else values


def _mark(
    model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase", role: str, data: RoleData, recipe: Recipe
) -> None:
    """Write role, state text, held-out tasks and lengths into the configs that are saved."""
    model.config.subgoal_role = role
    model.config.state_text_version = data.state_text_version
    model.config.held_out_tasks = list(data.held_out_tasks)
    model.config.use_cache = True  # the trainer turns it off
    tokenizer.model_max_length = recipe.source_length
    # The default max_length of 20 would cut answers off.
    generation: Any = model.generation_config
    generation.max_length = None
    generation.max_new_tokens = recipe.target_length


def _ground(model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase", examples: Tokenized) -> None:
    """Learn the constraints of grounded decoding, and write them into the config that is saved."""
    unique = {row: index for index, row in enumerate(examples.rows)}.values()  # balancing repeats rows
    inputs, labels = ([ids[index] for index in unique] for ids in (examples.inputs, examples.labels))
    find_grounding(inputs, labels, tokenizer).mark(model, tokenizer)


def _sample(rows: Sequence[int], n_wanted: int, seed: int) -> list[int]:
    """All row numbers or a random sample of them, in ascending order."""
    return list(rows) if n_wanted >= len(rows) else sorted(random.Random(seed).sample(rows, n_wanted))


def _say(console: "Console | None", line: str) -> None:
    if console is not None:
        console.print(line, highlight=False, markup=False, soft_wrap=True)
