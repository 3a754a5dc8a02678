"""Decision accuracy: how often greedy answers decide for the right alternative, in total and by task."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dataset_builder.trajectories.decisions import decided_for, task_of
from modeling.inference.transformers_backend import decode

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PreTrainedModel

    from modeling.inference.base import TokenFitter


@dataclass(frozen=True)
class DecisionAccuracy:
    """Result of an evaluation on decision steps.

    Attributes:
        share: share of the steps whose answer decides for the same alternative as the target, 0 to 1.
        by_task: task → its `share`, the share `undecided` of answers that decide for no alternative (the
            agent goes on measuring, for example), and the number of `examples`.

    Example:

    ```python
    rows = decision_rows(data.validation)
    accuracy = decision_accuracy(model, fitter, data.validation, rows, target_length=48)
    accuracy.by_task["test-conductivity"]  # {"share": 0.95, "undecided": 0.0, "examples": 120}
    ```
    """

    share: float
    by_task: dict[str, dict[str, float]]


def decision_accuracy(
    model: "PreTrainedModel", fitter: "TokenFitter", table: "Dataset", rows: Sequence[int], target_length: int
) -> DecisionAccuracy | None:
    """Decode decision steps greedily and compare the alternatives that answers and targets decide for.

    `focus_on(red box)` and `focus_on(red box, kitchen)` decide for the same one.

    Args:
        model (`PreTrainedModel`): seq2seq model.
        fitter (`TokenFitter`): its tokenizer and input length.
        table (`Dataset`): has columns input, target, task.
        rows (`Sequence[int]`): row numbers of decision steps. Without any, the result is None.
        target_length (`int`): longest answer in tokens.
    """
    if not rows:
        return None
    columns = table.select(rows)[:]
    answers = decode(model.eval(), fitter, columns["input"], target_length)
    outcomes: dict[str, list[bool | None]] = {}
    for text, target, task, answer in zip(
        columns["input"], columns["target"], columns["task"], answers, strict=True
    ):
        decided = decided_for(task_of(text), answer)
        right = None if decided is None else decided == decided_for(task_of(text), target)
        outcomes.setdefault(task, []).append(right)
    return DecisionAccuracy(
        share=round(sum(results.count(True) for results in outcomes.values()) / len(rows), 4),
        by_task={
            task: {
                "share": round(results.count(True) / len(results), 4),
                "undecided": round(results.count(None) / len(results), 4),
                "examples": len(results),
            }
            for task, results in sorted(outcomes.items())
        },
    )
