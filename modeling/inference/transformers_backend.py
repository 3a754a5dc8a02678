"""Batched decoding with `generate` of transformers, on the device that the model is on."""

import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from modeling.inference.base import Request, TokenBackend, TokenFitter
from modeling.inference.causal import NEUTRAL, before_end, end_tokens, pad_left, stop_when
from modeling.inference.grounding import Grounding
from modeling.inference.search import Search

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_TOKENS_PER_CALL = 65_536
"""Input tokens times hypotheses of a call on an accelerator: bounds its memory."""
_TOKENS_PER_CPU_CALL = 8_192
"""The same on a CPU, where larger batches take more memory and, outside the caches, more time as well."""


class TransformersBackend(TokenBackend):
    """Runs the loaded model itself.

    Samples depend on the texts and seeds of their batch: another batch size may draw other samples.

    Args:
        model (`PreTrainedModel`): seq2seq or causal model.
        fitter (`TokenFitter`): turns inputs into token ids that fit the model: a `Fitter` for seq2seq
            models, a `PromptFitter` for causal ones.
        max_new_tokens (`int`): longest answer in tokens.
        grounding (`Grounding`, *optional*): constraint on the answers; None for unconstrained decoding.

    Example:

    ```python
    backend = TransformersBackend(checkpoint.model, fitter, max_new_tokens=48)
    answers = backend.answer(texts, Search(samples=8), seeds=range(len(texts)))
    ```
    """

    name = "transformers"

    def __init__(
        self,
        model: "PreTrainedModel",
        fitter: TokenFitter,
        max_new_tokens: int,
        grounding: Grounding | None = None,
    ) -> None:
        super().__init__(fitter, max_new_tokens, grounding)
        self._model = model
        self.dtype = str(model.dtype).removeprefix("torch.")

    def _generate(
        self, requests: Sequence[Request], ids: Sequence[list[int]], search: Search
    ) -> list[list[list[int]]]:
        outputs: list[list[list[int]]] = [[]] * len(ids)
        on_cpu = self._model.device.type == "cpu"
        most = _TOKENS_PER_CPU_CALL if on_cpu else _TOKENS_PER_CALL
        for rows in _batches([len(row) for row in ids], search.rows_per_text, most):
            seed = zlib.crc32(repr([requests[row] for row in rows]).encode())
            batch = self._generate_batch([ids[row] for row in rows], search, seed)
            for row, hypotheses in zip(rows, batch, strict=True):
                outputs[row] = hypotheses
        return outputs

    def _generate_batch(self, ids: list[list[int]], search: Search, seed: int) -> list[list[list[int]]]:
        import torch

        model: Any = self._model
        options = _sampling_options(search) if search.samples else _beam_options(search, self._grounding)
        batch, prompt_length = self._padded(ids)
        if model.config.is_encoder_decoder:
            config = model.config
            ends = []
            special = {config.decoder_start_token_id, config.pad_token_id, config.eos_token_id}
        else:
            ends, special = end_tokens(model, self._fitter.tokenizer), set()
            options = NEUTRAL | options | self._causal_options(ends, prompt_length)
        if self._grounding:
            # `generate` numbers its rows by sample, but by text in beam search.
            rows_per_text = max(1, search.samples)
            options["prefix_allowed_tokens_fn"] = _prefix_constraint(
                self._grounding, ids, rows_per_text, prompt_length
            )
        with torch.inference_mode(), torch.random.fork_rng(enabled=bool(search.samples)):
            if search.samples:
                torch.manual_seed(seed)
            output = model.generate(
                **{name: tensor.to(model.device) for name, tensor in batch.items()},
                max_new_tokens=self._max_new_tokens,
                **options,
            )
        # A seq2seq answer begins with its start token, which is special.
        begin = 0 if model.config.is_encoder_decoder else prompt_length
        rows = [before_end(row[begin:], ends) for row in output.tolist()]
        rows = [[token for token in row if token not in special] for row in rows]
        per_text = len(rows) // len(ids)
        return [rows[index * per_text : (index + 1) * per_text] for index in range(len(ids))]

    def _padded(self, ids: list[list[int]]) -> tuple[dict[str, Any], int]:
        """The tensors of a batch, and how many tokens stand before the first one of an answer."""
        tokenizer = self._fitter.tokenizer
        if self._model.config.is_encoder_decoder:
            return dict(tokenizer.pad({"input_ids": ids}, return_tensors="pt")), 1
        batch = pad_left(ids, tokenizer.pad_token_id or 0)
        return batch, int(batch["input_ids"].shape[1])

    def _causal_options(self, ends: list[int], prompt_length: int) -> dict[str, Any]:
        from transformers import StoppingCriteriaList

        tokenizer = self._fitter.tokenizer
        criterion = stop_when(self._fitter.is_complete, tokenizer, prompt_length)
        return {
            "stopping_criteria": StoppingCriteriaList([criterion]),
            "eos_token_id": ends or None,
            # Rows that have ended are filled with it, so it must end an answer too, or decode to nothing.
            "pad_token_id": ends[0] if ends else tokenizer.pad_token_id or 0,
        }


def decode(
    model: "PreTrainedModel", fitter: TokenFitter, texts: Sequence[str], max_new_tokens: int
) -> list[str]:
    """The greedy answer to each text, unconstrained. Arguments as for `TransformersBackend`."""
    answers = TransformersBackend(model, fitter, max_new_tokens).answer(texts, Search())
    return [answer.texts[0] for answer in answers]


def _beam_options(search: Search, grounding: Grounding | None) -> dict[str, Any]:
    several = search.num_beams > 1
    return {
        "num_beams": search.num_beams,
        "num_return_sequences": search.num_answers,
        "do_sample": False,
        # Under a constraint, short and poor hypotheses finish first: early stopping would return them.
        "early_stopping": several and grounding is None,
        # Masked tokens must give their probability to the allowed ones. Otherwise hypotheses are
        # compared by scores that count how much the constraint took away.
        "renormalize_logits": several and grounding is not None,
    }


def _sampling_options(search: Search) -> dict[str, Any]:
    return {
        "num_beams": 1,
        "num_return_sequences": search.samples,
        "do_sample": True,
        "temperature": search.temperature,
        "top_p": search.top_p,
        "top_k": 0,  # transformers' default of 50 would cut the nucleus
    }


def _prefix_constraint(
    grounding: Grounding, ids: Sequence[list[int]], rows_per_text: int, prompt_length: int
) -> Callable[[int, Any], Any]:
    """The constraint as `prefix_allowed_tokens_fn`: (row, token ids written so far) → allowed token ids."""
    import torch

    constraints = [grounding.next_tokens(text) for text in ids]
    tensors: dict[frozenset[int], Any] = {}

    def allowed(row: int, written: Any) -> Any:
        # Before the answer comes the prompt of a causal model, or the start token of a decoder.
        last = int(written[-1]) if len(written) > prompt_length else None
        tokens = constraints[row // rows_per_text](last)
        if tokens not in tensors:
            tensors[tokens] = torch.tensor(sorted(tokens), device=written.device)
        return tensors[tokens]

    return allowed


def _batches(lengths: Sequence[int], rows_per_text: int, most: int) -> Iterator[list[int]]:
    """Row numbers in batches of similar length, each of at most this many tokens (or one row)."""
    batch: list[int] = []
    for row in sorted(range(len(lengths)), key=lambda row: lengths[row], reverse=True):
        # The longest come first, so that the first row of a batch is the length all are padded to.
        if batch and (len(batch) + 1) * lengths[batch[0]] * rows_per_text > most:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch
