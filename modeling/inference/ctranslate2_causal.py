"""Decoding of causal models with CTranslate2, on CPUs: several times as fast as transformers.

Nothing is padded, keys and values of a common beginning (the system prompt) are computed once, and the
weights may be 8-bit.
"""

import json
from collections.abc import Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from modeling.checkpoints.load import Checkpoint
from modeling.inference.base import Request, TokenBackend, TokenFitter
from modeling.inference.causal import before_end, end_tokens
from modeling.inference.ctranslate2_conversion import converted
from modeling.inference.search import Search
from modeling.runtime.device import cpu_threads

if TYPE_CHECKING:
    import ctranslate2

MODEL_TYPES = ("llama", "qwen2", "qwen3", "mistral", "gpt2")
"""Types of causal model that are converted here."""

_TEXTS_PER_BATCH = 16
_SHORTEST_STATIC = 16
"""Tokens of a common beginning from which on it is worth caching."""


class CTranslate2CausalBackend(TokenBackend):
    """Runs a causal model converted for CTranslate2. Greedy answers, beams and samples.

    Seeds have no effect: CTranslate2 draws other samples each time.

    Args:
        checkpoint (`Checkpoint`): a causal model of one of `MODEL_TYPES`.
        fitter (`TokenFitter`): turns inputs into token ids that fit the model.
        max_new_tokens (`int`): longest answer in tokens.
        compute_type (`str`, *optional*, defaults to `"float32"`): `"float32"` or `"int8"`.

    Example:

    ```python
    backend = CTranslate2CausalBackend(checkpoint, fitter, max_new_tokens=160, compute_type="int8")
    answers = backend.answer([ChatInput.of(messages)], Search(samples=8), seeds=[0])
    ```
    """

    def __init__(
        self, checkpoint: Checkpoint, fitter: TokenFitter, max_new_tokens: int, compute_type: str = "float32"
    ) -> None:
        super().__init__(fitter, max_new_tokens)
        self.name = "ctranslate2" if compute_type == "float32" else f"ctranslate2-{compute_type}"
        self.dtype = compute_type
        self._threads = cpu_threads()
        self._generator, self._words = _convert(checkpoint, compute_type, self._threads)
        self._ids = {word: token for token, word in enumerate(self._words)}
        self._ends = end_tokens(checkpoint.model, checkpoint.tokenizer)

    def _generate(
        self, requests: Sequence[Request], ids: Sequence[list[int]], search: Search
    ) -> list[list[list[int]]]:
        options: dict[str, Any] = {
            "beam_size": search.num_beams,
            "num_hypotheses": search.num_answers,
            "sampling_topk": 1,
        }
        if search.samples:
            options = {
                "num_hypotheses": search.samples,
                "sampling_topk": 0,  # all tokens of the nucleus
                "sampling_topp": search.top_p,
                "sampling_temperature": search.temperature,
            }
        common = _common_beginning([row[:-1] for row in ids]) if len(ids) > 1 else []
        if len(common) >= _SHORTEST_STATIC and search.num_beams == 1:
            ids = [row[len(common) :] for row in ids]
            options["static_prompt"] = [self._words[token] for token in common]
        results = self._generator.generate_batch(
            [[self._words[token] for token in row] for row in ids],
            max_batch_size=max(1, min(_TEXTS_PER_BATCH, -(-len(ids) // self._threads))),
            max_length=self._max_new_tokens,
            include_prompt_in_result=False,
            end_token=[self._words[token] for token in self._ends],
            **options,
        )
        return [
            [before_end([self._ids[word] for word in answer], self._ends) for answer in result.sequences]
            for result in results
        ]


def _common_beginning(rows: Sequence[Sequence[int]]) -> list[int]:
    columns = zip(*rows, strict=False)  # as long as the shortest row
    return [column[0] for column in takewhile(lambda column: len(set(column)) == 1, columns)]


def _convert(
    checkpoint: Checkpoint, compute_type: str, threads: int
) -> "tuple[ctranslate2.Generator, list[str]]":
    """The converted model, and its vocabulary: token id → word."""
    import ctranslate2

    with converted(checkpoint, compute_type) as folder:
        words = json.loads((folder / "vocabulary.json").read_text(encoding="utf-8"))
        generator = ctranslate2.Generator(
            str(folder), device="cpu", compute_type=compute_type, inter_threads=threads, intra_threads=1
        )
        return generator, words
