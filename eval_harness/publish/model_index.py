"""The `model-index` of a model card: results of the same kind are replaced, everything else is kept."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import yaml
from huggingface_hub import RepoCard
from huggingface_hub.repocard_data import eval_results_to_model_index

from dataset_builder.common.errors import UsageError, one_line

if TYPE_CHECKING:
    from huggingface_hub import EvalResult

KEY = "model-index"


def parse_card(text: str, location: str) -> RepoCard:
    """A card from its text.

    `RepoCard` is used and not `ModelCard`, whose `EvalResult`s would drop keys that they do not know.

    Args:
        text (`str`): the card, `""` if the model has none.
        location (`str`): where the card is, for the error.

    Raises:
        UsageError: if the metadata cannot be read.
    """
    try:
        return RepoCard(text)
    except yaml.YAMLError as error:
        raise UsageError(
            f"The card's metadata of {location} is not YAML ({one_line(error)}): correct it."
        ) from error
    except ValueError as error:
        raise UsageError(f"The card's metadata of {location} is not a table of keys: correct it.") from error


def add_results(
    card: RepoCard, name: str, results: "Sequence[EvalResult]", location: str
) -> list[dict[str, Any]]:
    """Add results to a card; results for the same task, dataset and configuration are replaced.

    Args:
        card (`RepoCard`): is changed in place.
        name (`str`): the name of the model if the card does not have one yet.
        results (`Sequence[EvalResult]`): the results.
        location (`str`): where the card is, for the error.

    Returns:
        `list[dict]`: the new entries of the `model-index`.

    Raises:
        UsageError: if the card has a `model-index` of another form.
    """
    new = eval_results_to_model_index(name, list(results))[0]["results"]
    try:
        card.data[KEY] = _merged(card.data.get(KEY) or [{"name": name, "results": []}], new)
    except (TypeError, KeyError, AttributeError) as error:
        raise UsageError(f"The card of {location} has a {KEY} of another form: correct it.") from error
    return new


def _merged(index: list[dict[str, Any]], new: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A `model-index` with new results in place of those of the same kind, or at the end."""
    kinds = [_kind(result) for result in new]
    merged: list[dict[str, Any]] = []
    for model in index:
        replaced = [i for i, result in enumerate(model["results"]) if _kind(result) in kinds]
        kept = [result for result in model["results"] if _kind(result) not in kinds]
        if not merged:  # the card's own model; others keep their results
            position = replaced[0] if replaced else len(kept)
            kept[position:position] = new
        merged.append({**model, "results": kept})
    return merged


def _kind(result: dict[str, Any]) -> tuple[Any, Any, Any]:
    dataset = result["dataset"]
    return result["task"]["type"], dataset["type"], dataset.get("config")
