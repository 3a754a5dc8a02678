"""Training of one role: from a dataset and a recipe to a checkpoint that plain transformers loads."""

import random
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version as package_version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dataset_builder.errors import UsageError
from modeling.augment import RenamingExamples, balanced_rows, find_names
from modeling.card import write_card
from modeling.checkpoint import load_checkpoint, weights_hash
from modeling.data import Fitter, RoleData, Tokenized, load_role, tokenize
from modeling.generate import decode
from modeling.quiet import quiet_libraries
from modeling.recipe import Recipe, load_recipe
from modeling.record import CHECKPOINTS, TrainingResult, close_folder, full_disk_named, open_folder
from modeling.scratch import build_model
from modeling.tokenizer import save_tokenizer, train_tokenizer

if TYPE_CHECKING:
    from rich.console import Console
    from transformers import PreTrainedModel, PreTrainedTokenizerBase, Seq2SeqTrainingArguments

    from modeling.trainer import Course, RoleTrainer


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
    console: "Console | None" = None,
) -> TrainingResult:
    """Train one role. Called again after a kill it goes on; called again after the end it returns.

    Args:
        role (`str`): one of `ROLES`.
        recipe (`Recipe`, `str` or `Path`): a recipe, the name of one, or a YAML file.
        dataset (`str` or `Path`): folder of a corpus or Hub id, with `@REVISION` if wanted.
        out (`str` or `Path`): folder of the checkpoint.
        base (`str`, *optional*): checkpoint to start from, in place of the recipe's.
        seed (`int`, *optional*): in place of the recipe's.
        max_steps (`int`, *optional*): in place of the recipe's.
        max_minutes (`float`, *optional*): in place of the recipe's.
        console (`Console`, *optional*): where to report. None: nowhere.

    Raises:
        UsageError: for a recipe, dataset, base or folder that cannot be used.
        SubgoalError: if the Hub cannot be reached.
        TrainingDiverged: if the loss is no longer a number; the last good checkpoint stays.
    """
    if not isinstance(recipe, Recipe):
        recipe = load_recipe(recipe)
    recipe = recipe.for_role(role).with_values(
        base=base, seed=seed, max_steps=max_steps, max_minutes=max_minutes
    )
    folder = Path(out).resolve()
    with quiet_libraries():
        data = load_role(role, str(dataset), recipe.state_text)
        plan = {"role": role, "recipe": recipe.model_dump(mode="json"), "fingerprint": data.fingerprint}
        finished = open_folder(folder, plan)
        if finished is not None:
            _say(console, f"{role}: training in {out} is finished already.")
            return finished
        with full_disk_named(folder):
            return _Run(role, recipe, data, folder, console).go()


class _Run:
    """One training, from its start or from its last checkpoint."""

    def __init__(
        self, role: str, recipe: Recipe, data: RoleData, folder: Path, console: "Console | None"
    ) -> None:
        self.role, self.recipe, self.data, self.folder, self.console = role, recipe, data, folder, console

    def go(self) -> TrainingResult:
        """Train, evaluate, and write the checkpoint with its record."""
        self._settle()
        model, tokenizer, base = self._start()
        self.fitter = Fitter(tokenizer, self.data.state_text_version, self.recipe.source_length)
        rows = balanced_rows(self.data.train["task"], self.recipe.balance)
        examples = self._tokenize(self.data.train, rows)
        sampled = _sample(len(self.data.validation), self.recipe.evaluate_examples, self.recipe.seed)
        held_out = self._tokenize(self.data.validation, sampled)
        self._report(model, examples, held_out)

        trainer, course = self._trainer(model, tokenizer, examples, held_out)
        self._train(trainer, course)
        trained: Any = trainer.model
        metrics = {
            "validation_loss": trainer.state.best_metric,
            "exact_match": self._exact_match(trained, held_out),
        }
        _mark(trained, tokenizer, self.role, self.data.state_text_version, self.recipe)
        trained.save_pretrained(self.folder)
        save_tokenizer(tokenizer, self.folder)
        result = TrainingResult(
            role=self.role,
            recipe=self.recipe.model_dump(mode="json"),
            dataset=self.data.describe(),
            base=base,
            parameters=sum(weights.numel() for weights in trained.parameters()),
            steps=trainer.state.global_step,
            epochs=round(trainer.state.epoch or 0.0, 2),
            best_step=trainer.state.best_global_step or trainer.state.global_step,
            metrics=metrics,
            shortened={"train": examples.shortened_share, "validation": held_out.shortened_share},
            left_out=examples.left_out,
            wall_seconds=round(course.seconds, 1),
            weights=weights_hash(self.folder),
            versions={name: package_version(name) for name in ("torch", "transformers", "datasets")},
        )
        write_card(self.folder, asdict(result))
        close_folder(self.folder, result)
        self._conclude(result)
        return result

    def _settle(self) -> None:
        import torch
        from transformers import set_seed

        if self.recipe.threads:
            torch.set_num_threads(self.recipe.threads)
        set_seed(self.recipe.seed)

    def _start(self) -> tuple["PreTrainedModel", "PreTrainedTokenizerBase", dict[str, Any] | None]:
        """Model and tokenizer to begin with, and where they come from."""
        if self.recipe.base is not None:
            checkpoint = load_checkpoint(self.recipe.base)
            return checkpoint.model, checkpoint.tokenizer, checkpoint.describe()
        texts = [text for column in ("input", "target") for text in self.data.train[column]]
        plan = self.recipe.tokenizer
        tokenizer = train_tokenizer(texts, plan.vocab_size, plan.min_frequency, self.recipe.source_length)
        return build_model(self.recipe.architecture, tokenizer, self.recipe.seed), tokenizer, None

    def _tokenize(self, table: Any, rows: Sequence[int]) -> Tokenized:
        return tokenize(table, rows, self.fitter, self.recipe.target_length)

    def _report(self, model: "PreTrainedModel", examples: Tokenized, held_out: Tokenized) -> None:
        if not examples.rows or not held_out.rows:
            raise UsageError("Every target is longer than target_length: raise it in the recipe.")
        size = sum(weights.numel() for weights in model.parameters()) / 1e6
        mean = sum(map(len, examples.inputs)) / len(examples.inputs)
        _say(
            self.console,
            f"{self.role}: {size:.2f}M parameters, {len(examples.rows)} examples of "
            f"{mean:.0f} tokens on average; {examples.shortened_share:.1%} lose "
            f"history to fit {self.recipe.source_length}, {examples.left_out} left out for long targets.",
        )

    def _trainer(
        self,
        model: "PreTrainedModel",
        tokenizer: "PreTrainedTokenizerBase",
        examples: Tokenized,
        held_out: Tokenized,
    ) -> tuple["RoleTrainer", "Course"]:
        from transformers import DataCollatorForSeq2Seq

        from modeling.trainer import Course, RoleTrainer, last_checkpoint, seconds_of

        if self.recipe.gradient_checkpointing:
            model.gradient_checkpointing_enable()
        checkpoints = self.folder / CHECKPOINTS
        course = Course(self.recipe.max_minutes, seconds_of(last_checkpoint(checkpoints)))
        trainer = RoleTrainer(
            model=model,
            args=_arguments(self.recipe, checkpoints),
            train_dataset=self._examples(examples, tokenizer, self.recipe.rename),
            eval_dataset=self._examples(held_out, tokenizer, 0.0),
            processing_class=tokenizer,
            data_collator=DataCollatorForSeq2Seq(tokenizer, model=model),
            recipe=self.recipe,
            course=course,
        )
        return trainer, course

    def _examples(
        self, found: Tokenized, tokenizer: "PreTrainedTokenizerBase", chance: float
    ) -> RenamingExamples:
        names = find_names(found.inputs, found.labels, tokenizer) if chance else []
        return RenamingExamples(found.inputs, found.labels, names, chance, self.recipe.seed)

    def _train(self, trainer: "RoleTrainer", course: "Course") -> None:
        from modeling.trainer import Bar, drop_incomplete_checkpoints, last_checkpoint

        drop_incomplete_checkpoints(self.folder / CHECKPOINTS)
        last = last_checkpoint(self.folder / CHECKPOINTS)
        if last is not None:
            _say(self.console, f"{self.role}: going on from {last.name}.")
        bar = Bar(f"train {self.role}", course, self.console) if self.console else None
        if bar:
            trainer.add_callback(bar)
        try:
            trainer.train(resume_from_checkpoint=str(last) if last else None)
        finally:
            if bar:
                bar.stop()

    def _exact_match(self, model: "PreTrainedModel", held_out: Tokenized) -> float | None:
        """Share of validation targets that greedy decoding hits exactly."""
        chosen = _sample(len(held_out.rows), self.recipe.exact_match_examples, self.recipe.seed)
        if not chosen:
            return None
        table = self.data.validation.select([held_out.rows[index] for index in chosen])
        answers = decode(model.eval(), self.fitter, list(table["input"]), self.recipe.target_length)
        hits = sum(answer[0] == target for answer, target in zip(answers, table["target"], strict=True))
        return round(hits / len(chosen), 4)

    def _conclude(self, result: TrainingResult) -> None:
        match = result.metrics["exact_match"]
        exact = "" if match is None else f", exact match {match:.1%}"
        _say(
            self.console,
            f"{self.role}: validation loss {result.metrics['validation_loss']:.3f}{exact} after "
            f"{result.steps} steps in {result.wall_seconds:.0f} s.",
        )


def _arguments(recipe: Recipe, folder: Path) -> "Seq2SeqTrainingArguments":
    import torch
    from transformers import Seq2SeqTrainingArguments

    on_gpu = torch.cuda.is_available()
    fast_bf16 = on_gpu and torch.cuda.is_bf16_supported()
    every = recipe.evaluate_every
    return Seq2SeqTrainingArguments(
        output_dir=str(folder),
        per_device_train_batch_size=recipe.batch_size,
        per_device_eval_batch_size=2 * recipe.batch_size,
        gradient_accumulation_steps=recipe.accumulation,
        num_train_epochs=recipe.epochs,
        max_steps=recipe.max_steps or -1,
        learning_rate=recipe.learning_rate,
        optim="adamw_torch_fused" if recipe.optimizer == "adamw" else "adafactor",
        adam_beta2=recipe.adam_beta2,
        adam_epsilon=recipe.adam_epsilon,
        weight_decay=recipe.weight_decay,
        max_grad_norm=recipe.max_grad_norm,
        label_smoothing_factor=recipe.label_smoothing,
        bf16=recipe.precision == "bf16" or (recipe.precision == "auto" and fast_bf16),
        eval_strategy="steps",
        eval_steps=every,
        save_strategy="steps",
        save_steps=every,
        save_total_limit=2,
        load_best_model_at_end=True,
        metric_for_best_model="eval_loss",
        prediction_loss_only=True,
        # Each evaluation follows a look at the loss (see trainer.on_log).
        logging_steps=max(steps for steps in range(1, min(every, 20) + 1) if every % steps == 0),
        logging_nan_inf_filter=False,
        dataloader_pin_memory=on_gpu,
        disable_tqdm=True,
        report_to="none",
        seed=recipe.seed,
    )


def _mark(
    model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase", role: str, version: str, recipe: Recipe
) -> None:
    """Write role, state text and lengths into what is saved."""
    model.config.subgoal_role = role
    model.config.state_text_version = version
    model.config.use_cache = True  # the trainer turns it off
    tokenizer.model_max_length = recipe.source_length
    # A max_length left from elsewhere (20 by default) would cut what is generated.
    generation: Any = model.generation_config
    generation.max_length = None
    generation.max_new_tokens = recipe.target_length


def _sample(n_rows: int, n_wanted: int, seed: int) -> list[int]:
    """Row numbers, all or a sample, in order."""
    rows = range(n_rows)
    return list(rows) if n_wanted >= n_rows else sorted(random.Random(seed).sample(rows, n_wanted))


def _say(console: "Console | None", line: str) -> None:
    if console is not None:
        console.print(line, highlight=False, markup=False, soft_wrap=True)
