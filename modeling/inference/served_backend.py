"""Models behind an OpenAI-compatible server: vLLM, llama.cpp, TGI, or a hosted model."""

import threading
import zlib
from collections.abc import Sequence
from functools import partial

from dataset_builder.engines.local import WorkerThreads
from dataset_builder.llm.budget import estimate_tokens
from dataset_builder.llm.completion_cache import Completion
from dataset_builder.llm.errors import ContextExceeded, RequestFailed, RequestRejected
from dataset_builder.llm.request_format import Message, RequestFormat, SamplingParams
from dataset_builder.llm.session import ChatSession
from modeling.inference.base import Backend, Request
from modeling.inference.search import Answer, Search, distinct, ranked_by_votes
from modeling.prompts.fitting import fit_messages
from modeling.prompts.target import TargetPattern, read_answer
from modeling.prompts.template import PromptInput, PromptTemplate

CONCURRENCY = 32
"""Requests that are under way at the same time: a server batches them."""

_GRACE = 5.0  # seconds for which a run that ends waits for open requests
_SHRINK = 0.75
"""Factor of the longest prompt after the server has refused one as too long."""


class ServedBackend(Backend):
    """Asks a server, with many requests at a time. Samples and greedy answers; no beams.

    Args:
        session (`ChatSession`): the model, its server, and the answers that are paid for.
        template (`PromptTemplate`): writes the chat messages.
        version (`str`): state-text version.
        role (`str`): one of `ROLES`.
        target (`TargetPattern`): where the action is found in an answer.
        max_new_tokens (`int`): longest answer in tokens.
        context (`int`, *optional*): longest prompt and answer in tokens. By default the server's errors
            tell what is too long.
        thinking (`bool`, *optional*): whether the model may reason before its answer.

    Example:

    ```python
    backend = ServedBackend(session, load_template("instruct"), "compact-2", "flat", TargetPattern(), 48)
    answers = backend.answer([PromptInput.of(state, "flat", "compact-2")], Search())
    ```
    """

    name = "openai"
    dtype = "the server's"
    # While the server answers one batch, the simulator steps another.
    concurrent = 2

    def __init__(
        self,
        session: ChatSession,
        template: PromptTemplate,
        version: str,
        role: str,
        target: TargetPattern,
        max_new_tokens: int,
        context: int | None = None,
        thinking: bool | None = None,
    ) -> None:
        self._session = session
        self._template, self._version, self._role, self._target = template, version, role, target
        self._max_new_tokens = max_new_tokens
        self._thinking = thinking
        self._longest_prompt = context - max_new_tokens if context else None
        self._lock = threading.Lock()

    def _answer(self, requests: Sequence[Request], search: Search) -> list[Answer]:
        """The answers.

        Raises:
            RequestRejected: if the server does not accept a request; the other answers are kept.
            RequestFailed: if it failed on one, likewise.
            SubgoalError: if it fails altogether.
        """
        ask = partial(self._ask, search=search)
        with WorkerThreads(ask, requests, CONCURRENCY, _GRACE) as workers:
            done = {}
            for request, future in workers:
                error = future.exception()
                if error is not None and not isinstance(error, RequestRejected | RequestFailed):
                    raise error
                done[request] = future
        return [done[request].result() for request in requests]

    def _ask(self, request: Request, search: Search) -> Answer:
        given, _ = request
        assert isinstance(given, PromptInput)
        sampling = SamplingParams(
            self._max_new_tokens,
            n=search.samples or 1,
            temperature=search.temperature if search.samples else 0.0,
            top_p=search.top_p if search.samples else 1.0,
            # Another seed for each state, the same in every run.
            seed=zlib.crc32(repr(request).encode()) % 2**31 if search.samples else None,
            thinking=self._thinking,
        )
        while True:
            messages, shortened = self._messages(given)
            try:
                completions = self._session.sample(partial(_always, messages), self._about(), sampling)
                break
            except ContextExceeded:
                self._shrink(messages)
        texts = [answer for completion in completions for answer in completion.answers]
        if not any(texts):
            self._check_reasoning(completions)
        answers = [read_answer(text, self._target, self._role) for text in texts[: sampling.n]]
        return Answer(
            ranked_by_votes(answers) if search.samples else distinct(answers),
            read=sum(completion.prompt_tokens for completion in completions),
            written=sum(completion.completion_tokens for completion in completions),
            shortened=shortened,
            raw=completions[0].text,
        )

    def _messages(self, given: PromptInput) -> tuple[list[Message], bool]:
        longest = self._longest_prompt

        def fits(messages: list[Message]) -> bool:
            return longest is None or _size(messages) <= longest

        return fit_messages(self._template, given, self._version, fits)

    def _shrink(self, messages: Sequence[Message]) -> None:
        """After a refusal: shorter prompts from now on, by estimate."""
        with self._lock:
            shorter = int(_SHRINK * _size(messages))
            self._longest_prompt = min(self._longest_prompt or shorter, shorter)
            self._session.client.warn_once(
                "context",
                f"{self._session.client.server} has no room for a prompt of about {_size(messages):,} "
                f"tokens: those of more than {self._longest_prompt:,} now lose their oldest history.",
            )

    def _check_reasoning(self, completions: Sequence[Completion]) -> None:
        """Raise `RequestRejected` if the model reasoned and gave no answer: that is not a move of its own."""
        for completion in completions:
            if completion.text.strip() or completion.reasoning_chars:
                raise RequestRejected(
                    f"no answer: {completion.fault}; raise max_new_tokens, or set thinking: false, in a "
                    "model description (`subgoal models describe`)"
                )

    def _about(self) -> dict[str, str]:
        client = self._session.client
        return {"purpose": self._role, "server": client.server, "model": client.model}


def _always(messages: list[Message], format: RequestFormat) -> list[Message]:
    """The same messages in any format."""
    return messages


def _size(messages: Sequence[Message]) -> int:
    return sum(estimate_tokens(message["content"]) for message in messages)
