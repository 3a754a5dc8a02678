"""The interface of the engines that compute answers."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

from modeling.inference.grounding import Grounding
from modeling.inference.search import Answer, Search, distinct, ranked_by_votes

if TYPE_CHECKING:
    from modeling.data.encoding import Fitter

Request = tuple[str, int]
"""An input text and the seed of its samples (0 in beam search)."""


class Backend(ABC):
    """Computes a model's answers to batches of texts.

    Attributes:
        name: one of `modeling.inference.backends.BACKENDS`, except `auto`.
        dtype: number format of the arithmetic.
        concurrent: how many threads may call `answer` at the same time and gain by it.

    Args:
        fitter (`Fitter`): turns texts into inputs that fit the model.
        max_new_tokens (`int`): longest answer in tokens.
        grounding (`Grounding`, *optional*): constraint on the answers; None for unconstrained decoding.

    Example:

    ```python
    backend = make_backend("auto", checkpoint, fitter, max_new_tokens=48)
    (answer,) = backend.answer([text], Search(num_beams=4, num_answers=4))
    answer.texts  # at most four, best first
    ```
    """

    name: str
    dtype: str
    concurrent = 1

    def __init__(self, fitter: "Fitter", max_new_tokens: int, grounding: Grounding | None = None) -> None:
        self._fitter, self._max_new_tokens, self._grounding = fitter, max_new_tokens, grounding

    def answer(
        self, texts: Sequence[str], search: Search, seeds: Sequence[int] | None = None
    ) -> list[Answer]:
        """Answers to each text, in the order of the texts; equal texts (with equal seeds) are computed once.

        Args:
            texts (`Sequence[str]`): inputs.
            search (`Search`): how answers are searched for. Without `samples` nothing is random.
            seeds (`Sequence[int]`, *optional*): one per text, for samples.

        Raises:
            UsageError: if the engine cannot do this search.
        """
        requests = list(zip(texts, seeds if seeds and search.samples else [0] * len(texts), strict=True))
        unique = list(dict.fromkeys(requests))
        ids, _ = self._fitter.encode([text for text, _ in unique])
        answers = {}
        for request, row, hypotheses in zip(unique, ids, self._generate(unique, ids, search), strict=True):
            decoded = self._fitter.tokenizer.batch_decode(hypotheses, skip_special_tokens=True)
            answers[request] = Answer(
                ranked_by_votes(decoded) if search.samples else distinct(decoded),
                read=len(row),
                written=sum(map(len, hypotheses)),
            )
        return [answers[request] for request in requests]

    @abstractmethod
    def _generate(
        self, requests: Sequence[Request], ids: Sequence[list[int]], search: Search
    ) -> list[list[list[int]]]:
        """Token ids of the hypotheses, of shape (texts, hypotheses, tokens), without special tokens.

        Args:
            requests (`Sequence[tuple[str, int]]`): text and seed of each input.
            ids (`Sequence[list[int]]`): token ids of each input.
            search (`Search`): how answers are searched for.
        """
