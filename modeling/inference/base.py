"""The interface of the engines that compute answers."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from copy import copy
from typing import TYPE_CHECKING, Any, Protocol, Self

from modeling.inference.grounding import Grounding
from modeling.inference.search import Answer, Search, distinct, ranked_by_votes
from modeling.prompts.chat_input import ChatInput
from modeling.prompts.template import PromptInput
from modeling.runtime.native_calls import NATIVE_CALLS

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

ModelInput = str | PromptInput | ChatInput
"""What a model is asked with: a state text, all that is known of a state (for templates), or a chat."""

Request = tuple[ModelInput, int]
"""An input and the seed of its samples (0 in beam search)."""


class TokenFitter(Protocol):
    """Turns inputs into token ids that fit a model, and its answers into texts.

    Example:

    ```python
    class PlainFitter:
        def __init__(self, tokenizer, source_length):
            self.tokenizer, self.source_length = tokenizer, source_length

        def encode(self, texts):
            rows = [self.tokenizer(text)["input_ids"] for text in texts]
            return [row[-self.source_length :] for row in rows], []

        def decode(self, rows):
            return self.tokenizer.batch_decode(rows, skip_special_tokens=True)

        def read(self, text):
            return text.strip()

        def is_complete(self, text):
            return text.endswith(".")
    ```
    """

    tokenizer: "PreTrainedTokenizerBase"
    source_length: int

    def encode(self, texts: Any, /) -> tuple[list[list[int]], list[int]]:
        """Token ids, of shape (inputs, tokens), and the indices of the inputs that lost history to fit."""
        ...

    def decode(self, rows: list[list[int]], /) -> list[str]:
        """The texts of answers."""
        ...

    def read(self, text: str, /) -> str:
        """The action or sub-goal in the text of an answer."""
        ...

    def is_complete(self, text: str, /) -> bool:
        """Whether a causal model need not write on after this text."""
        ...


class Backend(ABC):
    """Computes a model's answers to batches of inputs.

    Attributes:
        name: one of `modeling.inference.backends.BACKENDS` except `auto`, or `openai`.
        dtype: number format of the arithmetic.
        concurrent: how many threads may call `answer` at the same time and gain by it.

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

    def answer(
        self, texts: Sequence[ModelInput], search: Search, seeds: Sequence[int] | None = None
    ) -> list[Answer]:
        """Answers to each text, in the order of the texts; equal texts (with equal seeds) are computed once.

        Args:
            texts (`Sequence[str | PromptInput]`): inputs.
            search (`Search`): how answers are searched for. Without `samples` nothing is random.
            seeds (`Sequence[int]`, *optional*): one per text, for samples.

        Raises:
            UsageError: if the engine cannot do this search.
        """
        requests = list(zip(texts, seeds if seeds and search.samples else [0] * len(texts), strict=True))
        unique = list(dict.fromkeys(requests))
        answers = dict(zip(unique, self._answer(unique, search), strict=True))
        return [answers[request] for request in requests]

    @abstractmethod
    def _answer(self, requests: Sequence[Request], search: Search) -> list[Answer]:
        """The answer to each of these different requests."""


class TokenBackend(Backend):
    """A backend that runs the model itself, on token ids.

    Args:
        fitter (`TokenFitter`): turns inputs into token ids that fit the model.
        max_new_tokens (`int`): longest answer in tokens.
        grounding (`Grounding`, *optional*): constraint on the answers; None for unconstrained decoding.

    Example:

    ```python
    class RepeatInput(TokenBackend):
        name, dtype = "repeat-input", "float32"

        def _generate(self, requests, ids, search):
            return [[row[: self._max_new_tokens]] for row in ids]  # one hypothesis for each input
    ```
    """

    def __init__(self, fitter: TokenFitter, max_new_tokens: int, grounding: Grounding | None = None) -> None:
        self._fitter, self._max_new_tokens, self._grounding = fitter, max_new_tokens, grounding

    def with_fitter(self, fitter: TokenFitter) -> Self:
        """The same engine, with the same weights in memory, for other inputs.

        Args:
            fitter (`TokenFitter`): turns inputs into token ids that fit the model.
        """
        backend = copy(self)
        backend._fitter = fitter
        return backend

    def _answer(self, requests: Sequence[Request], search: Search) -> list[Answer]:
        with NATIVE_CALLS:
            ids, shortened = self._fitter.encode([text for text, _ in requests])
            generated = self._generate(requests, ids, search)
        answers = []
        for index, hypotheses in enumerate(generated):
            texts = self._fitter.decode(hypotheses)
            decoded = list(map(self._fitter.read, texts))
            answers.append(
                Answer(
                    ranked_by_votes(decoded) if search.samples else distinct(decoded),
                    read=len(ids[index]),
                    written=sum(map(len, hypotheses)),
                    shortened=index in shortened,
                    raw=texts[0] if texts else "",
                    drawn=tuple(decoded),
                )
            )
        return answers

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
