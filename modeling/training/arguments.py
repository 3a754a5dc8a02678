"""From a recipe to the arguments and callbacks of its trainer."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dataset_builder.common.errors import UsageError
from modeling.checkpoints.training_record import LOGS
from modeling.recipes.recipe import Recipe
from modeling.runtime.device import has_fast_bf16
from modeling.runtime.distributed import world_size

if TYPE_CHECKING:
    from transformers import Seq2SeqTrainingArguments, TrainerCallback
    from trl import SFTConfig


def seq2seq_arguments(recipe: Recipe, folder: Path, name: str) -> "Seq2SeqTrainingArguments":
    """The arguments of `Seq2SeqTrainer`. Parameters and errors as `training_arguments`."""
    from transformers import Seq2SeqTrainingArguments

    return Seq2SeqTrainingArguments(**training_arguments(recipe, folder, name))


def causal_arguments(recipe: Recipe, folder: Path, name: str) -> "SFTConfig":
    """The arguments of trl's `SFTTrainer`. Parameters and errors as `training_arguments`."""
    from trl import SFTConfig

    return SFTConfig(
        **training_arguments(recipe, folder, name),
        # Examples come as token ids, with a mask of the answer's tokens.
        completion_only_loss=True,
        max_length=recipe.source_length + recipe.target_length,
        packing=recipe.packing,
        # Packed or not, the validation loss is a mean over the same batches.
        eval_packing=False,
    )


def training_arguments(recipe: Recipe, folder: Path, name: str) -> dict[str, Any]:
    """Translate a recipe into the training arguments that all trainers have.

    Args:
        recipe (`Recipe`): recipe of one role.
        folder (`Path`): folder of the checkpoints that the trainer writes.
        name (`str`): name of the run in experiment trackers.

    Raises:
        UsageError: if the recipe requires bf16 and the GPU does not support it.
    """
    import torch
    from transformers import TrainingArguments

    on_gpu = torch.cuda.is_available()
    fast_bf16 = has_fast_bf16()
    # Set explicitly: without it, CPU processes cannot rendezvous, and the trainer refuses bf16.
    on_cpu = not on_gpu and not (world_size() == 1 and torch.backends.mps.is_available())
    if recipe.precision == "bf16" and on_gpu and not fast_bf16:
        raise UsageError(f"{torch.cuda.get_device_name()} does not support bf16: use precision auto or fp32.")
    every = recipe.evaluate_every
    # Its name since transformers 5.20.
    new = "activation_checkpointing"
    checkpointing = new if new in TrainingArguments.__dataclass_fields__ else "gradient_checkpointing"
    return {
        "output_dir": str(folder),
        "run_name": name,
        "project": "subgoal-distillation",
        "per_device_train_batch_size": recipe.batch_size,
        "per_device_eval_batch_size": 2 * recipe.batch_size,
        "gradient_accumulation_steps": recipe.accumulation,
        # trl turns it on by default.
        checkpointing: recipe.gradient_checkpointing,
        "num_train_epochs": recipe.epochs,
        "max_steps": recipe.max_steps or -1,
        "learning_rate": recipe.learning_rate,
        # The trainer does not know Muon: see `RoleTrainer.create_optimizer`.
        "optim": "adafactor" if recipe.optimizer == "adafactor" else "adamw_torch_fused",
        "adam_beta2": recipe.adam_beta2,
        "adam_epsilon": recipe.adam_epsilon,
        "weight_decay": recipe.weight_decay,
        "max_grad_norm": recipe.max_grad_norm,
        "label_smoothing_factor": recipe.label_smoothing,
        "bf16": recipe.precision == "bf16" or (recipe.precision == "auto" and fast_bf16),
        "eval_strategy": "steps",
        "eval_steps": every,
        "save_strategy": "steps",
        "save_steps": every,
        "save_total_limit": 2,
        "load_best_model_at_end": True,
        "metric_for_best_model": f"eval_{recipe.metric_for_best_model}",
        "greater_is_better": recipe.metric_for_best_model == "decisions",
        "prediction_loss_only": True,
        # A divisor of `eval_steps`, so that the loss is checked before each evaluation saves a
        # checkpoint (see `TrainingFlow.on_log`).
        "logging_steps": max(steps for steps in range(1, min(every, 20) + 1) if every % steps == 0),
        "logging_nan_inf_filter": False,
        "dataloader_pin_memory": on_gpu,
        "disable_tqdm": True,
        "report_to": "trackio" if recipe.report_to == "trackio" else "none",
        "use_cpu": on_cpu,
        "ddp_backend": "gloo" if on_cpu and world_size() > 1 else None,
        "seed": recipe.seed,
    }


def reporting_callbacks(recipe: Recipe, folder: Path) -> "list[TrainerCallback]":
    """Callbacks that report losses. TensorBoard's logs are written to the folder of the checkpoint."""
    if recipe.report_to != "tensorboard":
        return []
    from torch.utils.tensorboard import SummaryWriter
    from transformers.integrations import TensorBoardCallback

    return [TensorBoardCallback(SummaryWriter(log_dir=str(folder / LOGS)))]
