"""Models that answer conversations in batches: on this machine, or behind a server."""

import zlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from copy import copy
from functools import partial
from tempfile import TemporaryDirectory
from typing import Any

from dataset_builder.common.errors import UsageError
from dataset_builder.engines.local import WorkerThreads
from dataset_builder.llm.client import ChatClient
from dataset_builder.llm.completion_cache import CompletionCache
from dataset_builder.llm.errors import ContextExceeded, RequestRejected
from dataset_builder.llm.request_format import Message, RequestFormat, SamplingParams
from dataset_builder.llm.session import ChatSession
from modeling.checkpoints.description import SERVED
from modeling.checkpoints.load import Checkpoint, load_checkpoint
from modeling.data.chat_encoding import ChatFitter
from modeling.inference.base import TokenBackend
from modeling.inference.ctranslate2_causal import MODEL_TYPES, CTranslate2CausalBackend
from modeling.inference.search import Answer, Search
from modeling.inference.served_backend import CONCURRENCY
from modeling.inference.transformers_backend import TransformersBackend
from modeling.prompts.chat_input import ChatInput
from modeling.tool_agents.learners import Learner

CHAT_BACKENDS = ("auto", "transformers", "ctranslate2", "ctranslate2-int8")
"""`auto` is ctranslate2 if it supports the model, else transformers. Only the latter repeats its samples."""

_CONTEXT = 4_096  # tokens, for models that name none
_NO_LIMIT = 1_000_000
_UNANSWERED = Answer([], read=0, written=0, drawn=("",))
_GRACE = 5.0  # seconds for which a run that ends waits for open requests


class ChatModel(ABC):
    """A model that answers conversations.

    Attributes:
        id: folder, Hub id or `openai:MODEL`.
        max_new_tokens: longest answer in tokens.

    Example:

    ```python
    class Echo(ChatModel):
        id, max_new_tokens = "echo", 256

        def answer(self, conversations, search, seed=0):
            return [Answer([messages[-1]["content"]], read=0, written=0) for messages in conversations]

        def describe(self):
            return {"id": self.id}
    ```
    """

    id: str
    max_new_tokens: int

    @abstractmethod
    def answer(
        self, conversations: Sequence[Sequence[Message]], search: Search, seed: int = 0
    ) -> list[Answer]:
        """What the model writes next in each conversation.

        Args:
            conversations (`Sequence[Sequence[dict]]`): chat messages; the last one is not the model's.
            search (`Search`): greedy, beams or samples; `Answer.drawn` holds all samples.
            seed (`int`, *optional*, defaults to 0): seed of the samples.

        Returns:
            `list[Answer]`: one per conversation; an empty answer to one that is too long for the model, or
            that a server rejects.

        Raises:
            SubgoalError: if a server fails.
        """

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """Provenance for the record of a run, with at least the key `id`."""


class LocalChat(ChatModel):
    """A causal model, or an adapter of one, on this machine.

    Args:
        checkpoint (`Checkpoint`): weights and tokenizer.
        learner (`Learner`): how it answers: says when an answer is complete.
        backend (`str`, *optional*, defaults to `"auto"`): one of `CHAT_BACKENDS`.
        max_new_tokens (`int`, *optional*, defaults to 256): longest answer in tokens.

    Example:

    ```python
    model = LocalChat(load_checkpoint("runs/agent"), LEARNERS["agent"])
    model.answer([agent_messages("What is 7 times 8?")], Search())[0].raw
    ```
    """

    def __init__(
        self, checkpoint: Checkpoint, learner: Learner, backend: str = "auto", max_new_tokens: int = 256
    ) -> None:
        self.id, self._checkpoint = checkpoint.id, checkpoint
        self.max_new_tokens = max_new_tokens
        positions = getattr(checkpoint.model.config, "max_position_embeddings", None) or _CONTEXT
        limit = checkpoint.tokenizer.model_max_length
        context = min(positions, limit if limit < _NO_LIMIT else positions)
        if context <= max_new_tokens:
            raise UsageError(
                f"{self.id} has room for {context} tokens, {max_new_tokens} of them for the answer: lower "
                "--max-new-tokens."
            )
        self._source_length = context - max_new_tokens
        self._fitter = self._make_fitter(learner)
        self._backend = _make_backend(backend, checkpoint, self._fitter, max_new_tokens)

    def answering_as(self, learner: Learner) -> "LocalChat":
        """The same model answering in another way. Its weights are in memory once.

        Args:
            learner (`Learner`): how it answers.
        """
        model = copy(self)
        model._fitter = self._make_fitter(learner)
        model._backend = self._backend.with_fitter(model._fitter)
        return model

    def _make_fitter(self, learner: Learner) -> ChatFitter:
        return ChatFitter(self._checkpoint.tokenizer, self._source_length, learner.is_complete)

    def answer(
        self, conversations: Sequence[Sequence[Message]], search: Search, seed: int = 0
    ) -> list[Answer]:
        """See `ChatModel.answer`."""
        inputs = [ChatInput.of(messages) for messages in conversations]
        fitting = [index for index, given in enumerate(inputs) if self._fitter.fits(given)]
        answers = []
        if fitting:
            texts = [inputs[index] for index in fitting]
            answers = self._backend.answer(texts, search, [seed] * len(fitting))
        # The other questions are not answered; one that is too long does not end a run of hundreds.
        listed = dict(zip(fitting, answers, strict=True))
        return [listed.get(index, _UNANSWERED) for index in range(len(inputs))]

    def describe(self) -> dict[str, Any]:
        """Provenance as of `Checkpoint.describe`, and `backend`."""
        return {**self._checkpoint.describe(), "backend": self._backend.name}


def _make_backend(name: str, checkpoint: Checkpoint, fitter: ChatFitter, max_new_tokens: int) -> TokenBackend:
    if name not in CHAT_BACKENDS:
        raise UsageError(f"Unknown backend {name!r}: use {', '.join(CHAT_BACKENDS)}.")
    model = checkpoint.model
    supported = model.config.model_type in MODEL_TYPES and model.device.type == "cpu"
    if name == "transformers" or (name == "auto" and not supported):
        return TransformersBackend(model, fitter, max_new_tokens)
    if not supported:
        raise UsageError(
            f"Backend {name} takes {', '.join(MODEL_TYPES)} on a CPU; {checkpoint.id} is a "
            f"{model.config.model_type} on {model.device.type}: use --backend transformers."
        )
    compute_type = "int8" if name == "ctranslate2-int8" else "float32"
    return CTranslate2CausalBackend(checkpoint, fitter, max_new_tokens, compute_type)


class ServedChat(ChatModel):
    """A model behind an OpenAI-compatible server. Its answers are stored, so that none is paid for twice.

    Args:
        model (`str`): the model's name at the server.
        base_url (`str`, *optional*): URL of the server; OpenAI's by default.
        ledger (`str`, *optional*): folder of the stored answers; a temporary one by default.
        max_new_tokens (`int`, *optional*, defaults to 256): longest answer in tokens.

    Example:

    ```python
    model = ServedChat("Qwen/Qwen3-8B", "http://127.0.0.1:8000/v1", ledger="runs/qwen")
    ```
    """

    def __init__(
        self, model: str, base_url: str | None = None, ledger: str | None = None, max_new_tokens: int = 256
    ) -> None:
        if not model:
            raise UsageError(f"{SERVED} names no model: write {SERVED}MODEL, as the server calls it.")
        self.id = f"{SERVED}{model}"
        self.max_new_tokens = max_new_tokens
        self._temporary = None if ledger else TemporaryDirectory()
        folder = ledger or str(self._temporary and self._temporary.name)
        client = ChatClient(model, base_url, model_option="--model", parallel_option="--batch-size")
        self._session = ChatSession(client, CompletionCache(folder))

    def answer(
        self, conversations: Sequence[Sequence[Message]], search: Search, seed: int = 0
    ) -> list[Answer]:
        """See `ChatModel.answer`. There are no beams."""
        requests = list(enumerate(list(messages) for messages in conversations))
        ask = partial(self._ask, search=search, seed=seed)
        with WorkerThreads(ask, requests, CONCURRENCY, _GRACE) as workers:
            done = {request[0]: future.result() for request, future in workers}
        return [done[index] for index, _ in requests]

    def _ask(self, request: tuple[int, list[Message]], search: Search, seed: int) -> Answer:
        _, messages = request

        def compose(form: RequestFormat) -> list[Message]:
            return messages

        sampling = SamplingParams(
            self.max_new_tokens,
            n=search.samples or 1,
            temperature=search.temperature if search.samples else 0.0,
            top_p=search.top_p if search.samples else 1.0,
            seed=zlib.crc32(repr((messages, seed)).encode()) % 2**31 if search.samples else None,
        )
        try:
            completions = self._session.sample(compose, {"purpose": "tool agent"}, sampling)
        except (ContextExceeded, RequestRejected) as error:
            # The question is not answered; the others are.
            self._session.client.warn_once("rejected", f"{self.id} does not answer some prompts: {error}")
            return _UNANSWERED
        texts = [text for completion in completions for text in completion.answers][: sampling.n]
        return Answer(
            list(dict.fromkeys(texts)),
            read=sum(completion.prompt_tokens for completion in completions),
            written=sum(completion.completion_tokens for completion in completions),
            raw=texts[0] if texts else "",
            drawn=tuple(texts),
        )

    def describe(self) -> dict[str, Any]:
        """Provenance: `id` and `kind`. The server's address, which may change, is in the stored answers."""
        return {"id": self.id, "kind": "served"}


def open_chat(
    name: str,
    learner: Learner,
    *,
    base: str | None = None,
    base_url: str | None = None,
    ledger: str | None = None,
    backend: str = "auto",
    max_new_tokens: int = 256,
) -> ChatModel:
    """The model of a name.

    Args:
        name (`str`): folder, Hub id (`id@revision`), or `openai:MODEL`.
        learner (`Learner`): how it answers.
        base (`str`, *optional*): base of an adapter, if not the one that it names.
        base_url, ledger (`str`, *optional*): server and stored answers of `openai:MODEL`.
        backend (`str`, *optional*, defaults to `"auto"`): one of `CHAT_BACKENDS`.
        max_new_tokens (`int`, *optional*, defaults to 256): longest answer in tokens.

    Raises:
        UsageError: if there is no such model, or it is not a causal model.
        SubgoalError: if the Hub cannot be reached.
    """
    if name.startswith(SERVED):
        if backend != "auto":
            raise UsageError(f"{name} runs at its server: drop --backend.")
        return ServedChat(name.removeprefix(SERVED), base_url, ledger, max_new_tokens)
    if base_url:
        raise UsageError(f"--base-url is for {SERVED}MODEL; {name} runs here.")
    return LocalChat(load_checkpoint(name, base=base, kinds=("causal",)), learner, backend, max_new_tokens)
