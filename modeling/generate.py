"""Batched decoding: texts in, ranked answers out, in few calls of `generate`."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from modeling.data import Fitter

_TOKENS_PER_CALL = 65_536


def decode(
    model: "PreTrainedModel",
    fitter: "Fitter",
    texts: Sequence[str],
    max_new_tokens: int,
    num_beams: int = 1,
    num_answers: int = 1,
) -> list[list[str]]:
    """Answers to each text, best first. Greedy with one beam, else beam search: no randomness.

    Args:
        model (`PreTrainedModel`): seq2seq model.
        fitter (`Fitter`): turns texts into inputs that fit the model.
        texts (`Sequence[str]`): inputs; equal ones are computed once.
        max_new_tokens (`int`): longest answer in tokens.
        num_beams (`int`, *optional*, defaults to 1): beams.
        num_answers (`int`, *optional*, defaults to 1): answers per text, at most `num_beams`.
    """
    import torch

    different = list(dict.fromkeys(texts))
    ids, _ = fitter.encode(different)
    answers: dict[str, list[str]] = {}
    for rows in _batches([len(row) for row in ids], num_beams):
        batch = fitter.tokenizer.pad({"input_ids": [ids[row] for row in rows]}, return_tensors="pt")
        with torch.inference_mode():
            output = model.generate(  # type: ignore[operator]
                **batch.to(model.device),
                max_new_tokens=max_new_tokens,
                num_beams=num_beams,
                num_return_sequences=num_answers,
                do_sample=False,
                early_stopping=num_beams > 1,
            )
        decoded = fitter.tokenizer.batch_decode(output, skip_special_tokens=True)
        for place, row in enumerate(rows):
            found = decoded[place * num_answers : (place + 1) * num_answers]
            answers[different[row]] = list(dict.fromkeys(answer.strip() for answer in found))
    return [answers[text] for text in texts]


def _batches(lengths: Sequence[int], num_beams: int) -> Iterator[list[int]]:
    """Row numbers in batches of like length that fit into memory."""
    batch: list[int] = []
    for row in sorted(range(len(lengths)), key=lambda row: lengths[row], reverse=True):
        # Sorted from the longest: the first row of a batch is its padded length.
        if batch and (len(batch) + 1) * lengths[batch[0]] * num_beams > _TOKENS_PER_CALL:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch
