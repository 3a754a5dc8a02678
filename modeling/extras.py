"""Optional libraries: asked for before a training starts, each with how to get it."""

from importlib.util import find_spec

from dataset_builder.errors import UsageError
from modeling.recipe import Recipe


def check_extras(recipe: Recipe) -> None:
    """Make sure that what a recipe needs beyond the project's own dependencies is installed.

    Raises:
        UsageError: naming the library that is missing and how to install it.
    """
    if recipe.lora is not None:
        _check("peft", "lora", "recipe " + recipe.name)
    if recipe.report_to != "none":
        _check(recipe.report_to, "track", f"report_to {recipe.report_to}")


def _check(library: str, extra: str, wish: str) -> None:
    if find_spec(library) is None:
        raise UsageError(
            f"{wish} needs {library}, which is not installed: run `pip install {library}`, or "
            f'`pip install -e ".[{extra}]"` in the project.'
        )
