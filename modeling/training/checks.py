"""What is checked before a training starts: each input that cannot work is one line with its remedy."""

from importlib.util import find_spec

from dataset_builder.common.errors import UsageError
from dataset_builder.trajectories.model_input import WITH_NOTEBOOK
from modeling.checkpoints.load import Checkpoint
from modeling.data.examples import RoleData
from modeling.recipes.recipe import Recipe


def check_recipe(recipe: Recipe) -> None:
    """Raise `UsageError` if a library of the recipe is not installed, or what needs a base has none."""
    _check_extras(recipe)
    if recipe.kind == "causal" and recipe.base is None:
        raise UsageError(f"recipe {recipe.name} fine-tunes a causal model: add --base.")
    if recipe.lora is not None and recipe.base is None:
        raise UsageError(
            f"recipe {recipe.name} trains with LoRA, which needs weights to start from: add --base."
        )


def _check_extras(recipe: Recipe) -> None:
    if recipe.lora is not None:
        _check("peft", "lora", "recipe " + recipe.name)
    if recipe.kind == "causal":
        _check("trl", "causal", "recipe " + recipe.name)
    if recipe.report_to != "none":
        _check(recipe.report_to, "track", f"report_to {recipe.report_to}")


def _check(library: str, extra: str, wish: str) -> None:
    if find_spec(library) is None:
        raise UsageError(
            f"{wish} needs {library}, which is not installed: run `pip install {library}`, or "
            f'`pip install -e ".[{extra}]"` in the project.'
        )


def check_counterfactual(recipe: Recipe, data: RoleData) -> None:
    """Raise `UsageError` for counterfactual examples of a state text without notebook."""
    if (recipe.counterfactual or recipe.evidence_only) and data.state_text_version not in WITH_NOTEBOOK:
        raise UsageError(
            f"recipe {recipe.name} draws counterfactual examples, which need a notebook in the state text, "
            f"but {data.source} holds {data.state_text_version}: build the corpus in {max(WITH_NOTEBOOK)}, "
            "or set counterfactual: 0."
        )


def check_lengths(checkpoint: Checkpoint, recipe: Recipe) -> None:
    """Raise `UsageError` if the recipe's lengths exceed the model's positions (T5 has no limit)."""
    most = getattr(checkpoint.model.config, "max_position_embeddings", None)
    for name in ("source_length", "target_length"):
        if most is not None and getattr(recipe, name) > most:
            raise UsageError(
                f"{name} is {getattr(recipe, name)}, but {checkpoint.id} takes {most} tokens at most: lower "
                "it in the recipe; longer inputs then lose their oldest history."
            )


def check_prompt_length(checkpoint: Checkpoint, recipe: Recipe) -> None:
    """Raise `UsageError` if prompt and answer together exceed a causal model's positions."""
    most = getattr(checkpoint.model.config, "max_position_embeddings", None)
    longest = recipe.source_length + recipe.target_length
    if most is not None and longest > most:
        raise UsageError(
            f"source_length and target_length are {longest} together, but {checkpoint.id} takes {most} "
            "tokens at most: lower them in the recipe; longer inputs then lose their oldest history."
        )


def check_held_out(checkpoint: Checkpoint, recipe: Recipe) -> None:
    """Raise `UsageError` if the base was trained on a task that is to be held out."""
    config = checkpoint.model.config
    if getattr(config, "subgoal_role", None) is None:
        return  # not a checkpoint of `subgoal train`
    held_out = getattr(config, "held_out_tasks", None) or ()
    if seen := [task for task in recipe.exclude_tasks if task not in held_out]:
        raise UsageError(
            f"exclude_tasks holds out {seen[0]}, but {checkpoint.id} was trained on it: remove it "
            "from exclude_tasks, or use another base."
        )
