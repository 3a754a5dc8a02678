"""Training the upper layers of a causal model on cached outputs of the lower ones.

Layers that are not trained give the same outputs in every epoch. So a model is split in two that share its
modules: `lower` turns token ids into hidden states, which are stored on disk, and `upper` is trained on them
in place of embeddings. It is the same function as the whole model with its lower layers frozen, at a
fraction of the time.
"""

import array
import copy
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from dataset_builder.common.errors import UsageError

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_TOLERANCE = 1e-3
_GB = 1_000_000_000


def freeze_lower(model: "PreTrainedModel", layers: int) -> None:
    """Freeze the lower layers, the embeddings, and an output layer that shares their weights.

    Args:
        model (`PreTrainedModel`): a causal model.
        layers (`int`): how many layers to freeze, from below.

    Raises:
        UsageError: if the model has no more layers than that, or is not built like Llama.
    """
    stack = _layers(model)
    if layers >= len(stack):
        raise UsageError(
            f"frozen_layers is {layers}, but the base has {len(stack)} layers: freeze fewer in the recipe."
        )
    for module in (model.get_input_embeddings(), *stack[:layers]):
        module.requires_grad_(False)


def split(model: "PreTrainedModel", layers: int) -> tuple["PreTrainedModel", "PreTrainedModel"]:
    """Lower and upper part of a model, which share its modules.

    Args:
        model (`PreTrainedModel`): a causal model.
        layers (`int`): how many layers the lower part has.

    Returns:
        `tuple[PreTrainedModel, PreTrainedModel]`: `lower`, whose last hidden state is the output of its last
        layer, and `upper`, which takes that as `inputs_embeds`.

    Raises:
        UsageError: if both together do not compute what the model computes.
    """
    total = len(_layers(model))
    lower, upper = _part(model, range(layers)), _part(model, range(layers, total))
    _base(lower).norm = nn.Identity()
    _check_split(model, lower, upper)
    return lower, upper


def _part(model: "PreTrainedModel", layers: range) -> "PreTrainedModel":
    """A model of some of the layers, with the modules of the given one."""
    config = copy.deepcopy(model.config)
    config.num_hidden_layers = len(layers)
    config.use_cache = False  # a cache of keys and values finds its entries by the layers' old numbers
    if getattr(config, "layer_types", None):
        config.layer_types = [config.layer_types[index] for index in layers]
    with torch.device("meta"):  # its own weights are never allocated
        part: Any = type(model)(config)
    inner, whole = _base(part), _base(model)
    for name, child in whole.named_children():
        shared = nn.ModuleList(child[index] for index in layers) if name == "layers" else child
        setattr(inner, name, shared)
    for name, child in model.named_children():
        if child is not whole:
            setattr(part, name, child)
    part.generation_config = model.generation_config
    return part.train(model.training)


def _base(model: "PreTrainedModel") -> Any:
    return getattr(model, model.base_model_prefix)


def _layers(model: "PreTrainedModel") -> nn.ModuleList:
    inner: Any = getattr(model, model.base_model_prefix, None)
    if not isinstance(getattr(inner, "layers", None), nn.ModuleList) or not hasattr(inner, "norm"):
        raise UsageError(
            f"frozen_layers needs a model built like Llama (also Qwen, Mistral, SmolLM); the base is a "
            f"{model.config.model_type}: set frozen_layers: 0 in the recipe."
        )
    layers: nn.ModuleList = inner.layers
    return layers


def _check_split(model: "PreTrainedModel", lower: "PreTrainedModel", upper: "PreTrainedModel") -> None:
    """Raise `UsageError` for models that do more with their input than to hand it to their layers."""
    ids = torch.arange(8, device=model.device).unsqueeze(0)
    with torch.no_grad():
        hidden = _base(lower)(input_ids=ids).last_hidden_state
        joined = _base(upper)(inputs_embeds=hidden).last_hidden_state
        whole = _base(model)(input_ids=ids, use_cache=False).last_hidden_state
    if not torch.allclose(joined, whole, rtol=_TOLERANCE, atol=_TOLERANCE * float(whole.abs().max())):
        raise UsageError(
            f"The layers of a {model.config.model_type} cannot be cached: set cache_gb: 0 in the recipe, "
            "which freezes them without a cache."
        )


class LowerOutputs:
    """Outputs of frozen lower layers, computed when an example is first used and stored in a file.

    Args:
        lower (`PreTrainedModel`): lower part of a model, see `split`.
        path (`Path`): file of the outputs. An existing one is overwritten: it may be half written.
        limit_gb (`float`): most disk space in GB; outputs beyond it are computed again each time.
        bf16 (`bool`, *optional*, defaults to `False`): compute in bf16, as the trainer does with the rest.

    Example:

    ```python
    outputs = LowerOutputs(lower, Path("lower.bin"), limit_gb=4)
    outputs([[1, 2, 3]])[0].shape  # (3, hidden size)
    ```
    """

    def __init__(self, lower: "PreTrainedModel", path: Path, limit_gb: float, bf16: bool = False) -> None:
        self._lower, self._bf16 = lower, bf16
        self._width = int(lower.config.hidden_size)
        self._room = int(limit_gb * _GB) // (4 * self._width)  # tokens
        path.parent.mkdir(parents=True, exist_ok=True)
        # A sparse file: it takes the space of what has been written.
        self._file = np.memmap(path, dtype=np.float32, mode="w+", shape=(max(1, self._room), self._width))
        self._start_of: dict[bytes, int] = {}
        self._used = 0

    def __call__(self, ids: Sequence[Sequence[int]]) -> list[torch.Tensor]:
        """Hidden states of each sequence, of shape (tokens, hidden size), in float32.

        Args:
            ids (`Sequence[Sequence[int]]`): token ids.
        """
        outputs = []
        for row in ids:
            key = array.array("i", row).tobytes()
            start = self._start_of.get(key)
            if start is not None:
                outputs.append(torch.from_numpy(np.array(self._file[start : start + len(row)])))
                continue
            hidden = self._compute(row)
            if self._used + len(row) <= self._room:
                self._file[self._used : self._used + len(row)] = hidden.numpy()
                self._start_of[key], self._used = self._used, self._used + len(row)
            outputs.append(hidden)
        return outputs

    @property
    def cached(self) -> int:
        """Tokens whose outputs are in the file."""
        return self._used

    def _compute(self, row: Sequence[int]) -> torch.Tensor:
        # One sequence at a time, without padding: what is stored depends on nothing but the sequence.
        device = self._lower.device
        with torch.no_grad(), torch.autocast(device.type, torch.bfloat16, enabled=self._bf16):
            ids = torch.tensor([list(row)], device=device)
            hidden: torch.Tensor = _base(self._lower)(input_ids=ids).last_hidden_state
        return hidden[0].float().cpu()


class HiddenStatesCollator:
    """Puts hidden states of the lower layers in place of the token ids of a batch.

    Args:
        collate: the trainer's collator, which pads `input_ids` and `labels` on the right.
        outputs (`LowerOutputs`): the lower layers.

    Example:

    ```python
    outputs = LowerOutputs(lower, Path("lower.bin"), limit_gb=4)
    trainer.data_collator = HiddenStatesCollator(trainer.data_collator, outputs)
    ```
    """

    def __init__(self, collate: Any, outputs: LowerOutputs) -> None:
        self._collate, self._outputs = collate, outputs

    def __call__(self, examples: Sequence[dict[str, Any]]) -> dict[str, torch.Tensor]:
        batch: dict[str, torch.Tensor] = self._collate(examples)
        hidden = self._outputs([example["input_ids"] for example in examples])
        ids = batch.pop("input_ids")
        embeds = torch.zeros(*ids.shape, hidden[0].shape[-1])
        for row, states in enumerate(hidden):
            embeds[row, : len(states)] = states
        return {**batch, "inputs_embeds": embeds}
