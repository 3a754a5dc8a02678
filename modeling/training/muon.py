"""Muon for the matrices of a network, AdamW for everything else, as one optimizer."""

from collections.abc import Callable
from typing import Any

import torch

from modeling.recipes.recipe import Recipe


class MuonWithAdamW(torch.optim.Optimizer):
    """Orthogonalised momentum for weight matrices (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon).

    Embeddings, the tied output layer, biases of attention and norms go to AdamW. Muon's updates are
    scaled to the size of AdamW's (arXiv 2502.16982, section 2.2), so that one learning rate serves
    both.

    Args:
        model (`torch.nn.Module`): whose trainable weights are optimized.
        recipe (`Recipe`): learning rate, weight decay and AdamW's constants.
    """

    def __init__(self, model: torch.nn.Module, recipe: Recipe) -> None:
        embedded = {
            id(weights)
            for module in model.modules()
            if isinstance(module, torch.nn.Embedding)
            for weights in module.parameters()
        }
        matrices: list[torch.nn.Parameter] = []
        others: list[torch.nn.Parameter] = []
        for weights in filter(lambda each: each.requires_grad, model.parameters()):
            chosen = matrices if weights.ndim == 2 and id(weights) not in embedded else others
            chosen.append(weights)
        super().__init__([{"params": [*matrices, *others]}], {"lr": recipe.learning_rate})
        self._parts: list[torch.optim.Optimizer] = [
            torch.optim.Muon(
                matrices,
                lr=recipe.learning_rate,
                weight_decay=recipe.weight_decay,
                adjust_lr_fn="match_rms_adamw",
            ),
            torch.optim.AdamW(
                others,
                lr=recipe.learning_rate,
                betas=(0.9, recipe.adam_beta2),
                eps=recipe.adam_epsilon,
                weight_decay=recipe.weight_decay,
                fused=True,
            ),
        ]
        self._share_groups()

    def _share_groups(self) -> None:
        """The schedule sets learning rates in these groups: they are the parts' own."""
        self.param_groups = [group for part in self._parts for group in part.param_groups]

    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """One update of all weights."""
        loss = None if closure is None else closure()
        for part in self._parts:
            part.step()
        return loss

    def state_dict(self) -> dict[str, Any]:
        """The state of both parts."""
        return {"parts": [part.state_dict() for part in self._parts]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over the state of both parts."""
        for part, state in zip(self._parts, state_dict["parts"], strict=True):
            part.load_state_dict(state)
        self._share_groups()
