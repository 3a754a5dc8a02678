"""The model card of a small agent with tools, or of one of its baselines."""

from pathlib import Path

from dataset_builder.common.citations import AGENT_DISTILLATION
from dataset_builder.hub.ids import is_folder, split_revision
from modeling.checkpoints.training_record import TrainingResult

_TEMPLATE = Path(__file__).parent / "templates" / "tool_model_card.md"
_TITLES = {
    "agent": "An agent with two tools, a search and a Python interpreter",
    "cot": "A model that answers by chain of thought, without tools",
    "cot-rag": "A model that answers by chain of thought with retrieved passages",
}


def tool_placeholder(role: str) -> str:
    """The placeholder id in a local card, which a push replaces."""
    return f"NAMESPACE/tool-{role}"


def tool_model_card(
    result: TrainingResult, repo_id: str | None = None, results: str = "", passages: bool = False
) -> str:
    """The card of a checkpoint.

    Args:
        result (`TrainingResult`): record of its training.
        repo_id (`str`, *optional*): id for the example; by default `tool_placeholder`.
        results (`str`, *optional*): scores as Markdown.
        passages (`bool`, *optional*, defaults to `False`): whether passages of GeoNames lie beside the model.
    """
    from huggingface_hub import ModelCard, ModelCardData

    base = result.base or {}
    recipe = result.recipe
    on_hub = bool(base) and not is_folder(base["id"])
    card = ModelCard.from_template(
        ModelCardData(
            language="en",
            license=recipe.get("license", "apache-2.0"),
            library_name="peft" if recipe["lora"] else "transformers",
            pipeline_tag="text-generation",
            base_model=base.get("id") if on_hub else None,
            datasets=[split_revision(result.dataset["source"])[0]] if result.dataset["revision"] else None,
            tags=["agents", "tool-use", "distillation", result.role],
        ),
        template_path=str(_TEMPLATE),
        repo=repo_id or tool_placeholder(result.role),
        title=_TITLES[result.role],
        name=result.role,
        base=base.get("id", ""),
        base_revision=base.get("revision", "")[:19],
        trained_on=base.get("trained_on", ""),
        recipe=recipe["name"],
        lora=recipe["lora"],
        frozen=recipe["frozen_layers"],
        train=f"{result.dataset['train']:,}",
        dataset=result.dataset["source"],
        fingerprint=result.dataset["fingerprint"][:19],
        loss=f"{result.metrics['validation_loss'] or 0.0:.4f}",
        steps=f"{result.steps:,}",
        batch=recipe["batch_size"] * recipe["accumulation"],
        epochs=result.epochs,
        minutes=f"{result.wall_seconds / 60:.1f}",
        hardware=result.hardware,
        seed=recipe["seed"],
        weights=result.weights[:19],
        results=results,
        passages=passages,
        citation=AGENT_DISTILLATION,
    )
    return str(card)
