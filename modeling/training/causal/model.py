"""Which parts of a causal model are trained: all layers, the upper ones, or LoRA in either."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modeling.checkpoints.load import Checkpoint
from modeling.recipes.recipe import Recipe
from modeling.training.model_init import add_lora
from modeling.training.student import TrainingFlow

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from modeling.training.trainer import RoleTrainer


@dataclass(frozen=True)
class CausalParts:
    """A causal model in training. The parts share their modules.

    Attributes:
        whole: the model that decodes and is saved; with LoRA a `PeftModel`, which saves an adapter.
        trained: the module that the trainer optimizes: `whole`, or its upper layers.
        lower: the frozen lower layers, if their outputs are cached.

    Example:

    ```python
    parts = causal_parts(load_checkpoint("HuggingFaceTB/SmolLM2-135M"), load_recipe("smollm2-135m", "flat"))
    parts.lower is None  # False if the outputs of frozen layers are cached
    ```
    """

    whole: "PreTrainedModel"
    trained: "PreTrainedModel"
    lower: "PreTrainedModel | None" = None


def causal_parts(checkpoint: Checkpoint, recipe: Recipe) -> CausalParts:
    """Freeze, split and wrap a model as a recipe says.

    Args:
        checkpoint (`Checkpoint`): a causal model.
        recipe (`Recipe`): its keys `lora`, `frozen_layers` and `cache_gb`.

    Raises:
        UsageError: if the model has too few layers, or its layers cannot be cached.
    """
    from modeling.training.causal.frozen_layers import freeze_lower, split

    model, lower, upper = checkpoint.model, None, None
    layers = recipe.frozen_layers
    if layers:
        freeze_lower(model, layers)
        if recipe.cache_gb:
            lower, upper = split(model, layers)
    if recipe.lora:
        # peft replaces the linear modules inside of the layers, which the parts share.
        model = add_lora(model, recipe.lora, layers)
        _name_base(model, checkpoint)
    return CausalParts(model, upper or model, lower)


def causal_trainer(
    parts: CausalParts,
    recipe: Recipe,
    tokenizer: "PreTrainedTokenizerBase",
    train: "Dataset",
    validation: "Dataset",
    flow: TrainingFlow,
) -> "RoleTrainer":
    """An `SFTTrainer` on token ids.

    Args:
        parts (`CausalParts`): the model.
        recipe (`Recipe`): of one role.
        tokenizer (`PreTrainedTokenizerBase`): of the model.
        train, validation (`Dataset`): columns `input_ids` and `completion_mask` (1: a token to learn).
        flow (`TrainingFlow`): clock, reporters and folders.
    """
    from modeling.training.arguments import causal_arguments
    from modeling.training.causal.trainer import CausalRoleTrainer

    trainer = CausalRoleTrainer(
        model=parts.trained,
        args=causal_arguments(recipe, flow.checkpoints, flow.name),
        callbacks=flow.callbacks,
        train_dataset=train,
        eval_dataset=validation,
        processing_class=tokenizer,
        recipe=recipe,
        clock=flow.clock,
        count_decisions=flow.count_decisions,
    )
    if parts.lower is not None:
        from modeling.training.causal.frozen_layers import HiddenStatesCollator, LowerOutputs

        path = flow.checkpoints / f"lower_layers_{trainer.args.process_index}.bin"
        outputs = LowerOutputs(parts.lower, path, recipe.cache_gb, trainer.args.bf16)
        trainer.data_collator = HiddenStatesCollator(trainer.data_collator, outputs)
    return trainer


def _name_base(model: Any, checkpoint: Checkpoint) -> None:
    """Let the adapter name its base so that it is found from anywhere, and at the same commit."""
    config = next(iter(model.peft_config.values()))
    folder = Path(checkpoint.id)
    if folder.is_dir():
        config.base_model_name_or_path = str(folder.resolve())
    else:
        config.base_model_name_or_path, config.revision = checkpoint.id, checkpoint.revision
