"""`LLM`: a model at a server with the run's completions; `Conversation`: one episode's session with it."""

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dataset_builder.common.errors import SubgoalError, UsageError
from dataset_builder.llm.budget import estimate_tokens
from dataset_builder.llm.client import ChatClient
from dataset_builder.llm.completion_cache import CompletionCache
from dataset_builder.llm.errors import RequestFailed, RequestRejected
from dataset_builder.llm.request_format import Message
from dataset_builder.llm.session import Answer, ChatSession
from modeling.agents.base import DecisionCost, RunAborted

ANSWER_TOKENS = 100
"""Tokens reserved for an answer when the budget is checked before a call."""


class OutOfTokens(SubgoalError):
    """The next call could exceed the token budget of the episode.

    Example:

    ```python
    try:
        answer = conversation.ask("action", system, user)
    except OutOfTokens:
        actions = ()  # the episode ends with the score it has reached
    ```
    """


class LLM:
    """A model behind an OpenAI-compatible server; what it answered is kept in the run folder.

    Args:
        session (`ChatSession`): the model, its server, and the run's completions: a resumed run asks
            nothing twice.
        budget_tokens (`int`, *optional*): token budget of an episode. A call that would exceed it, by
            estimate, is not made.

    Example:

    ```python
    session = ChatSession(ChatClient("qwen3", "http://127.0.0.1:8000/v1"), CompletionCache("runs/react"))
    llm = LLM(session, budget_tokens=20_000)
    llm.complete([{"role": "user", "content": "Hello"}], seed=0, about={"purpose": "greeting"}).text
    ```
    """

    def __init__(self, session: ChatSession, *, budget_tokens: int | None = None) -> None:
        self.session = session
        self.budget_tokens = budget_tokens

    def complete(self, messages: Sequence[Message], seed: int, about: Mapping[str, Any]) -> Answer:
        """The answer, from the run's completions or from the server.

        Args:
            messages (`Sequence[Message]`): the conversation.
            seed (`int`): the episode's: the same question in another episode is another request.
            about (`Mapping`): stored with the completion: `agent`, `task`, `variation`, `purpose`.

        Raises:
            RequestRejected: if the server does not accept this request, or gives reasoning without an
                answer; it ends the episode as failed.
            RequestFailed: if it failed on it; likewise, `--retry-failed` asks again.
            RunAborted: if it fails altogether.
        """
        client = self.session.client
        about = {**about, "server": client.server, "model": client.model}
        try:
            answer = self.session.ask(lambda format: messages, about, attempt=seed)
        except (RequestRejected, RequestFailed):
            raise
        except SubgoalError as error:
            raise RunAborted(str(error), error.exit_code) from None
        if not answer.text and (answer.completion.text.strip() or answer.completion.reasoning_chars):
            # Not the model's move: played as one, a misconfigured server would look like a bad model.
            raise RequestRejected(f"no answer: {answer.completion.fault}")
        return answer

    def describe(self) -> dict[str, Any]:
        """Provenance: `id` and `kind`. The server, which may change, is stored in the completions."""
        return {"id": self.session.client.model, "kind": "served"}


class Conversation:
    """What one episode asks the model. The same question again costs nothing: its answer is cached.

    Attributes:
        share: fraction of the episode's budget that may be spent so far.
        abandoned: set when the run ends: no more requests are made.

    Args:
        llm (`LLM`): is asked.
        seed (`int`): the episode's.
        about (`Mapping`): stored with the completions: `agent`, `task`, `variation`.

    Example:

    ```python
    conversation = Conversation(llm, seed=0, about={"agent": "react", "task": "boil", "variation": 0})
    answer = conversation.ask("action", "You play ScienceWorld.", "You are in the kitchen.")
    conversation.tokens  # tokens that the episode has spent so far
    ```
    """

    def __init__(self, llm: LLM, seed: int, about: Mapping[str, Any]) -> None:
        self._llm = llm
        self._seed = seed
        self._about = about
        self.share = 1.0
        self.abandoned = threading.Event()
        self._paid: dict[str, DecisionCost] = {}
        self._since: dict[str, DecisionCost] = {}
        self._lock = threading.Lock()

    def ask(self, purpose: str, system: str, user: str) -> str:
        """The model's answer to a text.

        Args:
            purpose (`str`): what is asked for, such as `action`; stored with the completion.
            system (`str`): the rules, the same in every request.
            user (`str`): the current state of the game.

        Raises:
            OutOfTokens: if the episode's budget has no room for it.
            RunAborted: if the run has ended.
            SubgoalError: as `LLM.complete`.
        """
        if self.abandoned.is_set():
            raise RunAborted("The run was stopped.")
        limit = self._llm.budget_tokens
        if limit is not None:
            limit = int(limit * self.share)
        needed = self.tokens + estimate_tokens(system) + estimate_tokens(user) + ANSWER_TOKENS
        if limit is not None and needed > limit:
            raise OutOfTokens(
                f"{self.tokens:,} of {limit:,} tokens are spent: raise --budget-tokens to go on."
            )
        messages = [{"role": "system", "content": system}, {"role": "user", "content": user}]
        about = {**self._about, "purpose": purpose}
        answer = self._llm.complete(messages, self._seed, about)
        with self._lock:
            for digest, completion in answer.completions.items():
                if digest not in self._paid:
                    self._paid[digest] = self._since[digest] = DecisionCost(
                        llm_calls=1,
                        llm_prompt_tokens=completion.prompt_tokens,
                        llm_completion_tokens=completion.completion_tokens,
                    )
        return answer.text

    @property
    def tokens(self) -> int:
        """Tokens that the episode has spent so far."""
        costs = self._paid.values()
        return sum(cost.llm_prompt_tokens + cost.llm_completion_tokens for cost in costs)

    def begin_decision(self) -> None:
        """Start a decision. The cost of a failed attempt at it is dropped: its completions are cached."""
        for digest in self._since:
            self._paid.pop(digest, None)
        self._since = {}

    def end_decision(self) -> DecisionCost:
        """The cost of this decision."""
        cost = sum(self._since.values(), DecisionCost())
        self._since = {}
        return cost


def make_llm(
    model: str | None,
    base_url: str | None,
    ledger: str | Path | None,
    *,
    budget_tokens: int | None = None,
    max_tokens: int | None = None,
    option: str = "--llm",
    **client: Any,
) -> LLM:
    """A model at a server, with the completions of a run folder in `completions.jsonl`.

    Args:
        model (`str`): as the server calls it.
        base_url (`str`, *optional*): the server's address, OpenAI's own if omitted.
        ledger (`str` or `Path`): the run folder.
        budget_tokens (`int`, *optional*): token budget of an episode.
        max_tokens (`int`, *optional*): see `ChatSession`.
        option (`str`, *optional*): the command-line option of the model, for errors.
        client (*optional*): `timeout` and `retries` of `ChatClient`.

    Raises:
        UsageError: if no model is named, or a number makes no sense.

    Example:

    ```python
    llm = make_llm("qwen3", "http://127.0.0.1:8000/v1", "runs/react")
    agent = React(llm)
    ```
    """
    if not model or not model.strip():
        raise UsageError(f"Name the language model: {option} MODEL, as the server calls it.")
    if budget_tokens is not None and budget_tokens < 1:
        raise UsageError(
            f"--budget-tokens {budget_tokens}: give 1 or more, or omit it for no limit: without tokens "
            "this agent cannot act."
        )
    if max_tokens is not None and max_tokens < 1:
        raise UsageError(f"--max-tokens {max_tokens}: give 1 or more.")
    if ledger is None:
        raise UsageError("An agent that asks a language model keeps its answers in a run folder: name one.")
    connection = ChatClient(model, base_url, model_option=option, parallel_option="--batch-size", **client)
    session = ChatSession(connection, CompletionCache(ledger), max_tokens=max_tokens)
    return LLM(session, budget_tokens=budget_tokens)
