"""Exact match of greedy answers with validation targets, in total and by task."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modeling.inference.transformers_backend import decode

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PreTrainedModel

    from modeling.inference.base import TokenFitter


@dataclass(frozen=True)
class ExactMatch:
    """Result of an evaluation.

    Attributes:
        share: share of the targets that were answered exactly, 0 to 1.
        by_task: task → its `share` and number of `examples`.
        example: `input` and `answer` of the shortest input, for the model card.

    Example:

    ```python
    match = exact_match(model, fitter, data.validation, rows=range(100), target_length=48)
    match.share
    ```
    """

    share: float
    by_task: dict[str, dict[str, float]]
    example: dict[str, str]


def exact_match(
    model: "PreTrainedModel", fitter: "TokenFitter", table: "Dataset", rows: Sequence[int], target_length: int
) -> ExactMatch | None:
    """Decode rows of a split greedily and compare with their targets (sub-goals or actions).

    Args:
        model (`PreTrainedModel`): seq2seq model.
        fitter (`TokenFitter`): its tokenizer and input length.
        table (`Dataset`): has columns input, target, task.
        rows (`Sequence[int]`): row numbers. Without any, the result is None.
        target_length (`int`): longest answer in tokens.
    """
    if not rows:
        return None
    columns = table.select(rows)[:]
    inputs, targets, tasks = columns["input"], columns["target"], columns["task"]
    answers = decode(model.eval(), fitter, inputs, target_length)
    hits = [answer == target for answer, target in zip(answers, targets, strict=True)]
    seen, hit = Counter(tasks), Counter(task for task, right in zip(tasks, hits, strict=True) if right)
    shortest = min(range(len(inputs)), key=lambda row: len(inputs[row]))
    return ExactMatch(
        share=round(sum(hits) / len(hits), 4),
        by_task={
            task: {"share": round(hit[task] / count, 4), "examples": count}
            for task, count in sorted(seen.items())
        },
        example={"input": inputs[shortest], "answer": answers[shortest]},
    )
