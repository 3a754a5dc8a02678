"""Exact match: how many validation targets greedy decoding hits, over all and by task."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modeling.inference.transformers_backend import decode

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PreTrainedModel

    from modeling.data.encoding import Fitter


@dataclass(frozen=True)
class ExactMatch:
    """What decoding some examples came to.

    Attributes:
        share: of the targets that were hit.
        by_task: task → `share`, `examples`.
        example: `input` and `answer` of the shortest input.
    """

    share: float
    by_task: dict[str, dict[str, float]]
    example: dict[str, str]


def exact_match(
    model: "PreTrainedModel", fitter: "Fitter", table: "Dataset", rows: Sequence[int], target_length: int
) -> ExactMatch | None:
    """Decode rows of a split greedily and compare with their targets (sub-goals for a controller, else
    actions).

    Args:
        model (`PreTrainedModel`): what decodes.
        fitter (`Fitter`): its tokenizer and input length.
        table (`Dataset`): with columns input, target, task.
        rows (`Sequence[int]`): which of its rows. None is returned without any.
        target_length (`int`): longest answer in tokens.
    """
    if not rows:
        return None
    chosen = table.select(rows)
    inputs, targets, tasks = list(chosen["input"]), list(chosen["target"]), list(chosen["task"])
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
