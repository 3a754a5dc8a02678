"""Batched decoding with transformers: texts in, ranked answers out, in few calls of `generate`."""

import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from modeling.checkpoints.load import Checkpoint
from modeling.data.encoding import Fitter
from modeling.inference.grounding import Grounding
from modeling.inference.search import Answer, Search, distinct, ranked_by_votes

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from modeling.data.encoding import Fitter
    from modeling.inference.grounding import Grounding

_TOKENS_PER_CALL = 65_536


def answer_all(
    model: "PreTrainedModel",
    fitter: "Fitter",
    texts: Sequence[str],
    max_new_tokens: int,
    search: Search,
    seeds: Sequence[int] | None = None,
    grounding: "Grounding | None" = None,
) -> list[Answer]:
    """Answers to each text, best first; equal texts (with equal seeds) are computed once.

    Without `search.samples` there is no randomness. Draws follow from the texts and seeds of a batch:
    another batch size may draw otherwise.

    Args:
        model (`PreTrainedModel`): seq2seq model.
        fitter (`Fitter`): turns texts into inputs that fit the model.
        texts (`Sequence[str]`): inputs.
        max_new_tokens (`int`): longest answer in tokens.
        search (`Search`): how answers are found.
        seeds (`Sequence[int]`, *optional*): one per text, for draws.
        grounding (`Grounding`, *optional*): what answers may hold; None leaves them free.
    """
    asked = list(zip(texts, seeds if seeds and search.samples else [0] * len(texts), strict=True))
    different = list(dict.fromkeys(asked))
    ids, _ = fitter.encode([text for text, _ in different])
    answers: dict[tuple[str, int], Answer] = {}
    for rows in _batches([len(row) for row in ids], search.rows_per_text):
        seed = zlib.crc32(repr([different[row] for row in rows]).encode())
        chosen = [ids[row] for row in rows]
        outputs = _generate(model, fitter, chosen, max_new_tokens, search, seed, grounding)
        for row, output in zip(rows, outputs, strict=True):
            found = fitter.tokenizer.batch_decode(output, skip_special_tokens=True)
            answers[different[row]] = Answer(
                ranked_by_votes(found) if search.samples else distinct(found),
                read=len(ids[row]),
                written=sum(map(len, output)),
            )
    return [answers[each] for each in asked]


def decode(
    model: "PreTrainedModel", fitter: "Fitter", texts: Sequence[str], max_new_tokens: int
) -> list[str]:
    """The greedy answer to each text. Arguments as in `answer_all`."""
    return [answer.texts[0] for answer in answer_all(model, fitter, texts, max_new_tokens, Search())]


def _generate(
    model: Any,
    fitter: "Fitter",
    ids: list[list[int]],
    max_new_tokens: int,
    search: Search,
    seed: int,
    grounding: "Grounding | None",
) -> list[list[list[int]]]:
    """Per input, the token ids of its answers without padding and end."""
    import torch

    batch = fitter.tokenizer.pad({"input_ids": ids}, return_tensors="pt")
    options: dict[str, Any] = {
        "num_beams": search.num_beams,
        "num_return_sequences": search.num_answers,
        "do_sample": False,
        # Where little may be said, poor answers end early: the search must not end with them.
        "early_stopping": search.num_beams > 1 and grounding is None,
        # What may not be said leaves its probability to what may: no search is right otherwise.
        "renormalize_logits": search.num_beams > 1 and grounding is not None,
    }
    if search.samples:
        options = {
            "num_beams": 1,
            "num_return_sequences": search.samples,
            "do_sample": True,
            "temperature": search.temperature,
            "top_p": search.top_p,
            "top_k": 0,
        }
    if grounding:
        options["prefix_allowed_tokens_fn"] = _allowed(grounding, ids, max(1, search.samples))
    with torch.inference_mode(), torch.random.fork_rng(enabled=bool(search.samples)):
        if search.samples:
            torch.manual_seed(seed)
        output = model.generate(**batch.to(model.device), max_new_tokens=max_new_tokens, **options)
    marks = {model.config.decoder_start_token_id, model.config.pad_token_id, model.config.eos_token_id}
    rows = [[token for token in row if token not in marks] for row in output.tolist()]
    per_text = len(rows) // len(ids)
    return [rows[place * per_text : (place + 1) * per_text] for place in range(len(ids))]


def _allowed(
    grounding: "Grounding", ids: Sequence[list[int]], rows_per_text: int
) -> Callable[[int, Any], Any]:
    """For `generate`: row of a batch, what is written there → the tokens that may come next."""
    import torch

    texts = [grounding.follow(text) for text in ids]
    tensors: dict[frozenset[int], Any] = {}

    def allowed(row: int, written: Any) -> Any:
        # What is written begins with the mark that starts every answer.
        tokens = texts[row // rows_per_text](int(written[-1]) if len(written) > 1 else None)
        if tokens not in tensors:
            tensors[tokens] = torch.tensor(sorted(tokens), device=written.device)
        return tensors[tokens]

    return allowed


def _batches(lengths: Sequence[int], rows_per_text: int) -> Iterator[list[int]]:
    """Row numbers in batches of like length that fit into memory."""
    batch: list[int] = []
    for row in sorted(range(len(lengths)), key=lambda row: lengths[row], reverse=True):
        # Sorted from the longest: the first row of a batch is its padded length.
        if batch and (len(batch) + 1) * lengths[batch[0]] * rows_per_text > _TOKENS_PER_CALL:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


class TransformersBackend:
    """The model as it was loaded, on the device it is on.

    Args:
        checkpoint (`Checkpoint`): the model.
        fitter (`Fitter`): makes its inputs.
        max_new_tokens (`int`): longest answer in tokens.
        grounding (`Grounding`, *optional*): what answers may hold.
    """

    name = "transformers"
    concurrent = 1

    def __init__(
        self,
        checkpoint: Checkpoint,
        fitter: "Fitter",
        max_new_tokens: int,
        grounding: Grounding | None = None,
    ) -> None:
        self._model, self._fitter, self._longest = checkpoint.model, fitter, max_new_tokens
        self._grounding = grounding
        self.dtype = str(checkpoint.model.dtype).removeprefix("torch.")

    def answer(
        self, texts: Sequence[str], search: Search, seeds: Sequence[int] | None = None
    ) -> list[Answer]:
        return answer_all(self._model, self._fitter, texts, self._longest, search, seeds, self._grounding)
