"""The mean of several checkpoints' weights, as a base for a last training stage."""

from collections.abc import Sequence
from pathlib import Path

from dataset_builder.common.errors import UsageError
from modeling.checkpoints.load import Checkpoint, load_checkpoint
from modeling.data.tokenizer import save_tokenizer


def average_checkpoints(names: Sequence[str], out: str | Path) -> Path:
    """Write a checkpoint whose weights are the mean of those of others (arXiv 2203.05482, uniform soup).

    They must be stages of one training: weights of the same shapes, the same tokenizer, and weights that
    descend from each other or from a common checkpoint. The folder has no record and no card. It is a
    base for `subgoal train --base`, which measures it on validation, and `subgoal eval run` plays it as
    it is.

    Args:
        names (`Sequence[str]`): two or more folders or Hub ids of models that are not adapters. What is not a
            weight, such as the configuration, is that of the first.
        out (`str` or `Path`): new folder.

    Returns:
        `Path`: the folder.

    Raises:
        UsageError: for fewer than two, an adapter, another architecture, tokenizer or state text than that of
            the first, or if the folder is not empty.
        SubgoalError: if the Hub cannot be reached.

    Example:

    ```python
    base = average_checkpoints(["runs/controller-9", "runs/controller-8"], "runs/controller-mean")
    ```
    """
    import torch

    folder = Path(out)
    if len(names) < 2:
        raise UsageError("The mean of one checkpoint is itself: name two or more.")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} exists: name a new folder.")
    first, *others = (load_checkpoint(name) for name in names)
    for other in (first, *others):
        _check_like(first, other)
    states = [checkpoint.model.state_dict() for checkpoint in (first, *others)]
    # All means before any is written: tied weights have several names.
    means = {
        name: torch.stack([state[name].float() for state in states]).mean(0)
        for name, tensor in states[0].items()
        if tensor.is_floating_point()
    }
    first.model.load_state_dict(states[0] | means)
    first.model.save_pretrained(folder)
    save_tokenizer(first.tokenizer, folder)
    return folder


def _check_like(first: Checkpoint, other: Checkpoint) -> None:
    if other.base is not None:
        raise UsageError(f"{other.id} is an adapter: only whole models have a mean.")
    shapes, expected = (
        {name: tuple(tensor.shape) for name, tensor in each.model.state_dict().items()}
        for each in (other, first)
    )
    if shapes != expected:
        raise UsageError(f"{other.id} has another architecture than {first.id}: name stages of one training.")
    if other.tokenizer.get_vocab() != first.tokenizer.get_vocab():
        raise UsageError(f"{other.id} has another tokenizer than {first.id}: name stages of one training.")
    for key, what in (("subgoal_role", "role"), ("state_text_version", "state text")):
        if getattr(other.model.config, key, None) != getattr(first.model.config, key, None):
            raise UsageError(f"{other.id} has another {what} than {first.id}: name stages of one training.")
