"""Training a small agent with tools, or one of its baselines, on the conversations of a teacher."""

import random
from importlib.metadata import version as package_version
from pathlib import Path
from typing import TYPE_CHECKING

from dataset_builder.common.errors import UsageError
from dataset_builder.common.folder_lock import folder_lock
from modeling.checkpoints.load import load_checkpoint, weights_hash
from modeling.checkpoints.tool_model_card import tool_model_card
from modeling.checkpoints.training_record import (
    CHECKPOINTS,
    CURVE,
    TrainingResult,
    close_folder,
    full_disk_named,
    open_folder,
)
from modeling.data.tokenizer import save_tokenizer
from modeling.recipes.recipe import Recipe, load_recipe
from modeling.runtime.device import hardware
from modeling.runtime.quiet import quiet_libraries
from modeling.tool_agents.examples import Conversations, encode, load_conversations, token_table
from modeling.tool_agents.learners import LEARNERS, Learner
from modeling.training.arguments import reporting_callbacks
from modeling.training.causal.model import causal_parts, causal_trainer
from modeling.training.checks import check_recipe
from modeling.training.evaluation.loss_curve import draw_curve, training_curve
from modeling.training.running import loss_at, recorded, run_trainer, say, settle, started_clock
from modeling.training.student import TrainingFlow

if TYPE_CHECKING:
    from rich.console import Console

_LIBRARIES = ("torch", "transformers", "datasets", "trl")


def train_tool_agent(
    name: str,
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
    """Train one student. The same call resumes a killed training, and returns the result of a finished one.

    The loss is that of answers that may be learnt; observations are only read (arXiv 2505.17612, section 3).

    Args:
        name (`str`): `agent`, `cot` or `cot-rag`.
        recipe (`Recipe`, `str` or `Path`): a recipe, the name of one, or a YAML file.
        dataset (`str` or `Path`): folder or Hub id of a dataset of tool agents, with `@REVISION` if wanted.
        out (`str` or `Path`): folder of the checkpoint.
        base, seed, max_steps, max_minutes, report_to (*optional*): override the recipe.
        console (`Console`, *optional*): prints progress; None for no output.

    Raises:
        UsageError: for a recipe, dataset, base or folder that cannot be used.
        SubgoalError: if the Hub cannot be reached.
        TrainingDiverged: if the loss is NaN or infinite. The last good checkpoint is kept.

    Example:

    ```python
    train_tool_agent("agent", "tool-agent-cpu", "runs/dataset", "runs/agent").metrics["validation_loss"]
    ```
    """
    learner = LEARNERS.get(name)
    if learner is None:
        raise UsageError(f"Unknown learner {name!r}: use {', '.join(LEARNERS)}.")
    if not isinstance(recipe, Recipe):
        recipe = load_recipe(recipe)
    recipe = recipe.with_values(
        base=base, seed=seed, max_steps=max_steps, max_minutes=max_minutes, report_to=report_to
    )
    if recipe.purpose != "tools" or recipe.kind != "causal":
        raise UsageError(f"recipe {recipe.name} trains a role for sub-goals: use one with purpose: tools.")
    check_recipe(recipe)
    folder = Path(out).resolve()
    with quiet_libraries(), folder_lock(folder):
        data = load_conversations(str(dataset), learner.config)
        plan = {"role": name, "recipe": recorded(recipe), "fingerprint": data.fingerprint}
        finished = open_folder(folder, plan)
        if finished is not None:
            say(console, f"{name}: training in {out} is already finished.")
            return finished
        with full_disk_named(folder):
            return _train(learner, recipe, data, folder, console)


def _train(
    learner: Learner, recipe: Recipe, data: Conversations, folder: Path, console: "Console | None"
) -> TrainingResult:
    settle(recipe)
    assert recipe.base is not None  # see `check_recipe`
    checkpoint = load_checkpoint(recipe.base, kinds=("causal",))
    tokenizer = checkpoint.tokenizer
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token  # padding is masked by position
    longest = recipe.source_length + recipe.target_length
    train = encode(data.train, tokenizer, longest)
    validation = encode(data.validation, tokenizer, longest)
    measured = validation.sequences
    if len(measured) > recipe.evaluate_examples:
        measured = random.Random(recipe.seed).sample(measured, recipe.evaluate_examples)
    parts = causal_parts(checkpoint, recipe)
    trained = sum(weights.numel() for weights in parts.whole.parameters() if weights.requires_grad)
    learnt = sum(sum(sequence.mask) for sequence in train.sequences) / len(train.sequences)
    mean = sum(len(sequence.ids) for sequence in train.sequences) / len(train.sequences)
    say(
        console,
        f"{learner.name}: {checkpoint.parameters / 1e6:.2f}M parameters, {trained / 1e6:.2f}M trainable; "
        f"{len(train.sequences)} sequences of {mean:.0f} tokens on average, {learnt:.0f} of them learnt; "
        f"{train.too_long} conversations too long.",
    )
    clock = started_clock(folder, recipe)
    flow = TrainingFlow(
        checkpoints=folder / CHECKPOINTS,
        name=f"{folder.name} ({learner.name})",
        clock=clock,
        callbacks=reporting_callbacks(recipe, folder),
        count_decisions=None,
        say=lambda line: say(console, line),
    )
    trainer = causal_trainer(
        parts, recipe, tokenizer, token_table(train.sequences), token_table(measured), flow
    )
    run_trainer(trainer, clock, folder, learner.name, console)
    parts.whole.config.use_cache = True  # the trainer turns it off
    if recipe.lora:
        # Half the size; what is rounded off is far below what another seed changes.
        for weights in parts.whole.parameters():
            if weights.requires_grad:
                weights.data = weights.data.half()
    parts.whole.save_pretrained(folder)
    save_tokenizer(tokenizer, folder)
    state = trainer.state
    best = state.best_global_step or state.global_step
    versions = (*_LIBRARIES, "peft") if recipe.lora else _LIBRARIES
    result = TrainingResult(
        role=learner.name,
        recipe=recorded(recipe),
        dataset={
            "source": data.source,
            "revision": data.revision,
            "fingerprint": data.fingerprint,
            "train": len(data.train),
            "validation": len(data.validation),
        },
        base=checkpoint.describe(),
        parameters=sum(weights.numel() for weights in parts.whole.parameters()),
        steps=state.global_step,
        epochs=round(state.epoch or 0.0, 2),
        best_step=best,
        metrics={"validation_loss": loss_at(best, state.log_history)},
        shortened={"train": 0.0, "validation": 0.0},
        left_out=train.too_long,
        wall_seconds=round(clock.seconds, 1),
        weights=weights_hash(folder),
        versions={library: package_version(library) for library in versions},
        curve=training_curve(state.log_history),
        hardware=hardware("bf16" if trainer.args.bf16 else "fp32"),
    )
    loss = result.metrics["validation_loss"] or 0.0
    (folder / CURVE).write_bytes(draw_curve(result.curve, best, loss))
    (folder / "README.md").write_text(tool_model_card(result), encoding="utf-8")
    close_folder(folder, result)
    say(
        console,
        f"{learner.name}: validation loss {loss:.3f} after {result.steps} steps "
        f"in {result.wall_seconds:.0f} s.",
    )
    return result
