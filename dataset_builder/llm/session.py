"""`ChatSession`: sends requests in the format that a server accepts, and stores their completions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from dataset_builder.llm.budget import Budget, prompt_tokens
from dataset_builder.llm.client import ChatClient
from dataset_builder.llm.completion_cache import Completion, CompletionCache, request_digest
from dataset_builder.llm.errors import ContextExceeded, RequestRejected, UnsupportedParameter
from dataset_builder.llm.request_format import FormatFallback, Message, RequestFormat, SamplingParams

MAX_TOKENS = 8_192
"""Room for an answer that the server's own default cuts short, reasoning included."""


@dataclass(frozen=True)
class Answer:
    """An answer of a model.

    Attributes:
        format: the format of the request.
        completions: digest of the request → its completion, for all requests that were made; the last one
            is the answer.

    Example:

    ```python
    answer = session.ask(lambda format: messages, {"purpose": "greeting"})
    print(answer.text, answer.completion.completion_tokens)
    ```
    """

    format: RequestFormat
    completions: dict[str, Completion]

    @property
    def digest(self) -> str:
        """The digest of the request."""
        return next(reversed(self.completions))

    @property
    def completion(self) -> Completion:
        """The completion with the answer."""
        return self.completions[self.digest]

    @property
    def text(self) -> str:
        """The answer without the model's reasoning."""
        return self.completion.answer


class ChatSession:
    """Requests to one model at one server. Each request is sent, and paid for, once.

    Args:
        client (`ChatClient`): the model and its server.
        cache (`CompletionCache`): stores the completions, and the format that the server accepts.
        budget (`Budget`, *optional*): limits the tokens of all calls.
        max_tokens (`int`, *optional*, defaults to 8192): room for an answer that was cut short when it
            was asked for without a limit.

    Example:

    ```python
    session = ChatSession(ChatClient("qwen3", "http://127.0.0.1:8000/v1"), CompletionCache("corpus"))
    messages = [{"role": "user", "content": "Hello"}]
    print(session.ask(lambda format: messages, {"purpose": "greeting"}).text)
    ```
    """

    def __init__(
        self,
        client: ChatClient,
        cache: CompletionCache,
        *,
        budget: Budget | None = None,
        max_tokens: int | None = None,
    ) -> None:
        self.client = client
        self.cache = cache
        self.budget = budget or Budget()
        self.max_tokens = max_tokens or MAX_TOKENS
        self.fallback = FormatFallback(cache.store, client.server, client.model)

    def ask(
        self,
        compose: Callable[[RequestFormat], Sequence[Message]],
        about: Mapping[str, Any],
        *,
        attempt: int = 0,
        schema: dict[str, Any] | None = None,
    ) -> Answer:
        """A model's answer, from the cache or from the server.

        An answer that was cut short is asked for again with more room.

        Args:
            compose (`Callable[[RequestFormat], Sequence[dict]]`): makes the messages for a format; each has
                `role` and `content`.
            about (`Mapping[str, Any]`): JSON values that the cache stores with the completion. Its `purpose`
                is the purpose that the budget counts it for.
            attempt (`int`, *optional*, defaults to 0): the same question in another attempt is another
                request.
            schema (`dict[str, Any]`, *optional*): JSON schema of the answer; None for plain text.

        Raises:
            RequestRejected: if the server does not accept this request, filters the answer, or cuts it
                before it begins.
            SubgoalError: as `ChatClient.complete`, or if the budget is spent.
        """
        once = partial(self._ask_once, compose, about, attempt, schema)
        answer = once(None)
        room = self.max_tokens
        while (last := answer.completion).finish_reason == "length":
            if room <= max(last.completion_tokens, answer.format.max_tokens or 0):
                break
            cut = f"{self.client.server} cut an answer after {last.completion_tokens:,} tokens"
            self.client.warn_once("cut", f"{cut}: asked again with room for {room:,} (--max-tokens).")
            try:
                longer = once(room)
            except ContextExceeded:  # the server adds the prompt to it
                room //= 2
                continue
            if longer.completion.finish_reason != "length":
                self.fallback.needs_room(room)
            answer = Answer(longer.format, answer.completions | longer.completions)
            break
        return self._checked(answer)

    def sample(
        self,
        compose: Callable[[RequestFormat], Sequence[Message]],
        about: Mapping[str, Any],
        sampling: SamplingParams,
    ) -> list[Completion]:
        """Answers of limited length, which may be cut short; with `n`, several of them.

        A server that gives fewer answers than it is asked for is asked again for the rest.

        Args:
            compose (`Callable[[RequestFormat], Sequence[dict]]`): makes the messages for a format.
            about (`Mapping[str, Any]`): as for `ask`.
            sampling (`SamplingParams`): sampling parameters.

        Returns:
            `list[Completion]`: `sampling.n` answers in all; a completion may hold several.

        Raises:
            SubgoalError: as `ChatClient.complete`, or if the budget is spent.
        """
        completions: list[Completion] = []
        missing = sampling.n
        while missing > 0:
            turn = len(completions)
            # Another attempt and seed, or the same answers would come again.
            seed = None if sampling.seed is None else sampling.seed + turn
            rest = replace(sampling, n=missing, seed=seed)
            completion = self._ask_once(compose, about, turn, None, sampling.max_tokens, rest).completion
            completions.append(completion)
            missing -= len(completion.answers)
        return completions

    def _checked(self, answer: Answer) -> Answer:
        """The answer, unless the server withheld it."""
        completion = answer.completion
        if completion.finish_reason == "content_filter":
            raise RequestRejected("the server filtered the answer (finish_reason: content_filter)")
        if completion.fault and not answer.text:
            if completion.finish_reason == "length":
                raise RequestRejected(f"no answer: {completion.fault}; --max-tokens gives it more room")
            self.client.warn_once("empty", f"{self.client.server} gave no answer: {completion.fault}.")
        return answer

    def _ask_once(
        self,
        compose: Callable[[RequestFormat], Sequence[Message]],
        about: Mapping[str, Any],
        attempt: int,
        schema: dict[str, Any] | None,
        room: int | None,
        sampling: SamplingParams | None = None,
    ) -> Answer:
        """The answer with this much room; parts of the format that the server refuses are dropped."""
        while True:
            asked = self.fallback.format
            request = asked.request(self.client.model, compose(asked), schema, room)
            request |= asked.sampling(sampling) if sampling else {}
            digest = request_digest(request, attempt)
            noted = dict(about) if schema is None else {**about, "form": asked.form}
            try:
                completion = self.cache.fetch(digest, partial(self._pay, request, asked, noted), noted)
            except UnsupportedParameter as refusal:
                self.fallback.refused(refusal.part, asked)
                continue
            return Answer(asked, {digest: completion})

    def _pay(self, request: dict[str, Any], asked: RequestFormat, about: Mapping[str, Any]) -> Completion:
        """Send a request, if the budget has room for it."""
        purpose = str(about.get("purpose"))
        with self.budget.call(purpose, prompt_tokens(request)):
            completion = self.client.complete(request, stream=asked.stream)
            self.budget.add(purpose, completion.prompt_tokens, completion.completion_tokens)
        return completion
