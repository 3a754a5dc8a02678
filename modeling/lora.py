"""LoRA: train small matrices beside frozen weights, then add them to the weights they stand beside."""

from typing import TYPE_CHECKING, Any

from modeling.recipe import LoraRecipe

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def add_lora(model: "PreTrainedModel", recipe: LoraRecipe) -> "PreTrainedModel":
    """The model with its weights frozen and trainable low-rank matrices (arXiv 2106.09685) beside them.

    Args:
        model (`PreTrainedModel`): a seq2seq model.
        recipe (`LoraRecipe`): rank, scale, dropout, and which layers.
    """
    from peft import LoraConfig, TaskType, get_peft_model

    config = LoraConfig(
        task_type=TaskType.SEQ_2_SEQ_LM,
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        lora_dropout=recipe.dropout,
        target_modules="all-linear" if recipe.layers == "all" else ["q", "v"],
    )
    wrapped: Any = get_peft_model(model, config)
    # With gradient checkpointing, frozen embeddings would leave nothing to differentiate.
    wrapped.enable_input_require_grads()
    return wrapped


def merge_lora(model: Any) -> Any:
    """The plain model with what LoRA learned added to its weights; any other model as it is."""
    return model.merge_and_unload() if hasattr(model, "merge_and_unload") else model
