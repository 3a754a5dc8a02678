"""Muon for the matrices of a network, AdamW for everything else, as one optimizer."""

from collections.abc import Callable
from typing import Any

import torch

from modeling.recipes.recipe import Recipe


class MuonWithAdamW(torch.optim.Optimizer):
    """Orthogonalised momentum for weight matrices (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon).

    Muon is meant for hidden layers. Embeddings, the tied output layer, attention biases and norms are
    optimised by AdamW. Muon's updates are scaled to the size of AdamW's (arXiv 2502.16982, section 2.2),
    so that one learning rate serves both.

    Args:
        model (`torch.nn.Module`): its trainable weights are optimised.
        recipe (`Recipe`): learning rate, weight decay and AdamW's constants.

    Example:

    ```python
    optimizer = MuonWithAdamW(model, load_recipe("scratch-small", "executor"))
    loss.backward()
    optimizer.step()
    ```
    """

    def __init__(self, model: torch.nn.Module, recipe: Recipe) -> None:
        # The attention bias of T5 is an embedding too: a table of buckets, not a linear map.
        embedded = {
            id(weights)
            for module in model.modules()
            if isinstance(module, torch.nn.Embedding)
            for weights in module.parameters()
        }
        trainable = [weights for weights in model.parameters() if weights.requires_grad]
        matrices = [weights for weights in trainable if weights.ndim == 2 and id(weights) not in embedded]
        for_muon = set(map(id, matrices))
        rest = [weights for weights in trainable if id(weights) not in for_muon]
        super().__init__([{"params": [*matrices, *rest]}], {"lr": recipe.learning_rate})
        self._parts: list[torch.optim.Optimizer] = [
            torch.optim.Muon(
                matrices,
                lr=recipe.learning_rate,
                weight_decay=recipe.weight_decay,
                adjust_lr_fn="match_rms_adamw",
            ),
            torch.optim.AdamW(
                rest,
                lr=recipe.learning_rate,
                betas=(0.9, recipe.adam_beta2),
                eps=recipe.adam_epsilon,
                weight_decay=recipe.weight_decay,
                fused=True,
            ),
        ]
        self._share_groups()

    def _share_groups(self) -> None:
        """Use the parts' parameter groups, because the schedule sets learning rates in `param_groups`."""
        self.param_groups = [group for part in self._parts for group in part.param_groups]

    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Update all weights."""
        loss = None if closure is None else closure()
        for part in self._parts:
            part.step()
        return loss

    def state_dict(self) -> dict[str, Any]:
        """The state of both parts."""
        return {"parts": [part.state_dict() for part in self._parts]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the state of both parts."""
        for part, state in zip(self._parts, state_dict["parts"], strict=True):
            part.load_state_dict(state)
        # Loading replaces the parts' group objects.
        self._share_groups()
