"""Hard rows: what the base of a training still answers badly is repeated, in proportion to its loss.

When nine answers of ten are right, most of an epoch teaches nothing. So a share of the rows is drawn
again by how unlikely the base finds their answers (the idea of prioritised sampling, arXiv 1511.05952,
section 3.3). A cap on the loss bounds what goes to answers that nobody could know.
"""

import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modeling.augment import VariedExamples
from modeling.record import write_json

if TYPE_CHECKING:
    from rich.console import Console
    from transformers import PreTrainedModel

_CAP = 3.0  # nats


def answer_losses(
    model: "PreTrainedModel",
    examples: VariedExamples,
    collate: Callable[[list[Any]], Any],
    batch_size: int,
    bf16: bool,
    console: "Console | None" = None,
) -> list[float]:
    """How unlikely a model finds each answer: its negative log-likelihood in nats.

    Args:
        model (`PreTrainedModel`): seq2seq, on the device to compute on; its mode is left as it was.
        examples (`VariedExamples`): as a training would see them in its present epoch.
        collate (`Callable`): examples → a batch of tensors, labels padded with -100.
        batch_size (`int`): examples at once.
        bf16 (`bool`): whether to compute in 16 bits.
        console (`Console`, *optional*): where to show progress.
    """
    import torch
    from rich.progress import track

    lengths = examples.lengths
    order = sorted(range(len(lengths)), key=lambda place: -lengths[place])  # what is too much fails at once
    batches = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
    losses = [0.0] * len(order)
    training, device = model.training, next(model.parameters()).device
    model.eval()
    with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=bf16):
        for places in track(batches, "how hard", console=console, disable=console is None, transient=True):
            batch = collate([examples[place] for place in places]).to(device)
            logits = model(**batch).logits.float()
            each = torch.nn.functional.cross_entropy(
                logits.transpose(1, 2), batch["labels"], ignore_index=-100, reduction="none"
            )
            for place, loss in zip(places, each.sum(dim=1).tolist(), strict=True):
                losses[place] = loss
    model.train(training)
    return losses


def hard_rows(rows: Sequence[int], losses: dict[int, float], share: float, seed: int) -> list[int]:
    """Rows to add to an epoch.

    Args:
        rows (`Sequence[int]`): row numbers of the epoch; one that is repeated is drawn as much more often.
        losses (`dict[int, float]`): row number → loss in nats; rows that have none are not drawn.
        share (`float`): how many to add, as a share of `rows`.
        seed (`int`): of the draws.
    """
    weights = [min(losses.get(row, 0.0), _CAP) for row in rows]
    if not any(weights):
        return []
    return random.Random(seed).choices(rows, weights, k=round(share * len(rows)))


def write_losses(path: Path, losses: dict[int, float]) -> dict[int, float]:
    """Keep losses for a training that goes on later; returns them as they will be read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, [[row, round(loss, 4)] for row, loss in losses.items()])
    return read_losses(path)


def read_losses(path: Path) -> dict[int, float]:
    """Losses that were kept; none if there are none."""
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}
