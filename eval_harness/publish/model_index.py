"""The `model-index` of a model card, changed in place: nothing else in the card is written anew."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import yaml
from huggingface_hub.repocard import REGEX_YAML_BLOCK
from huggingface_hub.repocard_data import eval_results_to_model_index
from huggingface_hub.utils import yaml_dump

from dataset_builder.common.errors import UsageError, one_line

if TYPE_CHECKING:
    from huggingface_hub import EvalResult

_KEY = "model-index"
_ANY_KEY = re.compile(rf"^['\"]?{_KEY}['\"]?\s*:", re.MULTILINE)


def card_metadata(card: str, place: str) -> dict[str, Any]:
    """The metadata at the head of a card.

    Raises:
        UsageError: if it cannot be read.
    """
    found = REGEX_YAML_BLOCK.search(card)
    try:
        metadata = (yaml.safe_load(found.group(2)) or {}) if found else {}
    except yaml.YAMLError as error:
        raise UsageError(
            f"The card's metadata of {place} is not YAML ({one_line(error)}): correct it."
        ) from error
    if not isinstance(metadata, dict):
        raise UsageError(f"The card's metadata of {place} is no table of keys: correct it.")
    return metadata


def with_results(
    card: str, name: str, results: "Sequence[EvalResult]", place: str
) -> tuple[list[dict[str, Any]], str]:
    """Put results into a card; those on the same task, dataset and configuration are replaced.

    Args:
        card (`str`): its text, `""` for none.
        name (`str`): the model's, if the card does not name it yet.
        results (`Sequence[EvalResult]`): what to put in.
        place (`str`): where the card is, for errors.

    Returns:
        `tuple`: the new part of the `model-index`, and the card's text.

    Raises:
        UsageError: if the card's metadata cannot be read.
    """
    metadata = card_metadata(card, place)
    new = eval_results_to_model_index(name, list(results))[0]["results"]
    try:
        metadata[_KEY] = _merged(metadata.get(_KEY) or [{"name": name, "results": []}], new)
    except (TypeError, KeyError, AttributeError) as error:
        raise UsageError(f"The card of {place} has a {_KEY} of another form: correct it.") from error
    found = REGEX_YAML_BLOCK.search(card)
    if found is None:
        return new, f"---\n{_dumped(metadata)}---\n{card}"
    head = _replaced(found.group(2), metadata)
    return new, card[: found.start(2)] + head + card[found.end(2) :]


def _merged(index: list[dict[str, Any]], new: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A `model-index` with new results where those of the same kind were, or at the end."""
    kinds = {_kind(result) for result in new}
    merged = []
    for number, model in enumerate(index):
        kept: list[dict[str, Any]] = []
        place = None
        for result in model["results"]:
            if _kind(result) not in kinds:
                kept.append(result)
            elif place is None:
                place = len(kept)
        if number == 0:
            at = len(kept) if place is None else place
            kept[at:at] = new
        merged.append({**model, "results": kept})
    return merged


def _kind(result: dict[str, Any]) -> tuple[Any, Any, Any]:
    dataset = result["dataset"]
    return result["task"]["type"], dataset["type"], dataset.get("config")


def _replaced(head: str, metadata: dict[str, Any]) -> str:
    """YAML text with another `model-index`; its other lines, comments among them, stay as they are."""
    end = "\r\n" if "\r\n" in head else "\n"
    block = _dumped({_KEY: metadata[_KEY]}).rstrip("\n").replace("\n", end)
    lines = head.split(end)
    start = next((number for number, line in enumerate(lines) if line.startswith(f"{_KEY}:")), len(lines))
    stop = start + 1
    while stop < len(lines) and lines[stop].startswith((" ", "\t", "- ")):
        stop += 1
    text = end.join([*lines[:start], block, *lines[stop:]])
    if len(_ANY_KEY.findall(text)) == 1 and _loaded(text) == metadata:
        return text
    return _dumped(metadata).rstrip("\n").replace("\n", end)  # written in an unusual way: all of it anew


def _loaded(text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return None


def _dumped(value: dict[str, Any]) -> str:
    return yaml_dump(value, sort_keys=False)
