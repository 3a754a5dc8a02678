"""Decoding with CTranslate2: the same best answers as transformers, many times faster, for a T5 on CPUs.

Nothing is padded, the search runs in C++, and every core works on its own texts. Two more things save
time. If the greedy answer provably has the best score (`greedy_is_optimal`), beams are not searched. And
the constraint of grounded decoding (`modeling.inference.grounding`) is only applied where the
unconstrained greedy answer violates it.

8-bit weights are faster still, but near-ties may come out differently.
"""

import json
import math
from collections.abc import Sequence
from typing import Any

from dataset_builder.common.errors import UsageError
from modeling.checkpoints.load import Checkpoint
from modeling.inference.base import Request, TokenBackend, TokenFitter
from modeling.inference.ctranslate2_conversion import converted
from modeling.inference.grounding import Grounding
from modeling.inference.search import Search
from modeling.runtime.device import cpu_threads

_TEXTS_PER_BATCH = 4  # larger batches pad their texts more and leave the other cores idle
_BEAM_PATIENCE = 4
"""A constrained search goes on until this many times `num_beams` hypotheses have finished: the first ones
to finish are short and poor (measured in EXPERIMENTS.md: with 2, one best answer in 400 was missed)."""


class CTranslate2Backend(TokenBackend):
    """Runs the model converted for CTranslate2.

    Args:
        checkpoint (`Checkpoint`): a T5.
        fitter (`TokenFitter`): turns texts into token ids that fit the model.
        max_new_tokens (`int`): longest answer in tokens.
        compute_type (`str`, *optional*, defaults to `"float32"`): `"float32"` or `"int8"`.
        grounding (`Grounding`, *optional*): constraint on the answers; None for unconstrained decoding.

    Example:

    ```python
    backend = CTranslate2Backend(checkpoint, fitter, max_new_tokens=48, compute_type="int8")
    answers = backend.answer(texts, Search(num_beams=4, num_answers=4))
    ```
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        fitter: TokenFitter,
        max_new_tokens: int,
        compute_type: str = "float32",
        grounding: Grounding | None = None,
    ) -> None:
        super().__init__(fitter, max_new_tokens, grounding)
        self.name = "ctranslate2" if compute_type == "float32" else f"ctranslate2-{compute_type}"
        self.dtype = compute_type
        self._threads = cpu_threads()
        # While the models answer one batch, the simulator steps others: no core waits for a single batch.
        self.concurrent = 4 if self._threads > 1 else 1
        self._translator, self._words = _convert(checkpoint, compute_type, self._threads)
        self._ids = {word: token for token, word in enumerate(self._words)}
        self._eos = checkpoint.tokenizer.eos_token_id

    def _generate(
        self, requests: Sequence[Request], ids: Sequence[list[int]], search: Search
    ) -> list[list[list[int]]]:
        if search.samples:
            raise UsageError("Samples need --backend transformers: ctranslate2's draws cannot be repeated.")
        answers = self._greedy(ids, search) if search.num_answers == 1 else {}
        answers |= self._search({i: row for i, row in enumerate(ids) if i not in answers}, search)
        return [answers[index] for index in range(len(ids))]

    def _greedy(self, ids: Sequence[list[int]], search: Search) -> dict[int, list[list[int]]]:
        """Index of an input → its greedy answer, for the inputs where the search would find the same."""
        # length_penalty=0 makes the score the sum of log-probabilities, not their mean.
        results = self._translate(ids, return_scores=True, length_penalty=0)
        answers = {}
        for index, (row, result) in enumerate(zip(ids, results, strict=True)):
            answer, log_probability = self._tokens(result.hypotheses[0]), result.scores[0]
            optimal = search.num_beams == 1 or greedy_is_optimal(
                log_probability, len(answer), self._max_new_tokens
            )
            # An unconstrained answer that keeps the constraint is also the best constrained one.
            if optimal and self._is_grounded(row, answer):
                answers[index] = [answer]
        return answers

    def _search(self, ids: dict[int, list[int]], search: Search) -> dict[int, list[list[int]]]:
        """Index of an input → the token ids of its hypotheses, best first."""
        options: dict[str, Any] = {"beam_size": search.num_beams, "num_hypotheses": search.num_answers}
        if not self._grounding:
            results = self._translate(list(ids.values()), **options)
        else:
            # `suppress_sequences` holds for a whole call, but each input bans other sequences. So each
            # input is a call of its own; asynchronous calls run in parallel.
            options |= {"asynchronous": True, "patience": _BEAM_PATIENCE if search.num_beams > 1 else 1}
            calls = [
                self._translate(
                    [row],
                    suppress_sequences=self._grounding.suppressed_sequences(row, self._words),
                    **options,
                )
                for row in ids.values()
            ]
            results = [call.result() for (call,) in calls]
        return {
            index: [
                answer for answer in map(self._tokens, result.hypotheses) if self._is_grounded(row, answer)
            ]
            for (index, row), result in zip(ids.items(), results, strict=True)
        }

    def _is_grounded(self, row: Sequence[int], answer: Sequence[int]) -> bool:
        # An answer that was cut at the limit has no end-of-sequence token.
        whole = [*answer, self._eos][: self._max_new_tokens]
        return not self._grounding or not any(self._grounding.violations(row, whole))

    def _tokens(self, words: Sequence[str]) -> list[int]:
        return [self._ids[word] for word in words]

    def _translate(self, ids: Sequence[Sequence[int]], **options: Any) -> list[Any]:
        per_thread = -(-len(ids) // self._threads)
        results: list[Any] = self._translator.translate_batch(
            [[self._words[token] for token in row] for row in ids],
            **{"beam_size": 1} | options,
            max_decoding_length=self._max_new_tokens,
            max_input_length=0,  # no limit: the fitter has shortened the inputs already
            max_batch_size=max(1, min(_TEXTS_PER_BATCH, per_thread)),
        )
        return results


def greedy_is_optimal(log_probability: float, length: int, max_length: int) -> bool:
    """Whether no other answer can have a higher mean log-probability per token than this one.

    All other answers together have the remaining probability 1 - p. The best case for a single one is
    that it has all of it and is as long as possible, because the mean divides by the length.

    Args:
        log_probability (`float`): sum of the log-probabilities of the answer's tokens, end included.
        length (`int`): its tokens without the end-of-sequence token.
        max_length (`int`): most tokens an answer may have, without the end-of-sequence token.
    """
    remaining = -math.expm1(log_probability)
    return remaining <= 0 or log_probability / (length + 1) > math.log(remaining) / (max_length + 1)


def _convert(checkpoint: Checkpoint, compute_type: str, threads: int) -> tuple[Any, list[str]]:
    """The converted model, and its vocabulary: token id → word."""
    import ctranslate2

    with converted(checkpoint, compute_type) as folder:
        config = folder / "config.json"
        values = json.loads(config.read_text(encoding="utf-8"))
        # CTranslate2 insists on an unknown token, which byte-level tokenizers do not have or need.
        values["unk_token"] = values["unk_token"] or checkpoint.tokenizer.pad_token
        config.write_text(json.dumps(values), encoding="utf-8")
        words = json.loads((folder / "shared_vocabulary.json").read_text(encoding="utf-8"))
        translator = ctranslate2.Translator(
            str(folder), device="cpu", compute_type=compute_type, inter_threads=threads, intra_threads=1
        )
        return translator, words
