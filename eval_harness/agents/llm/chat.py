"""`LLM`: a model at a server with the run's ledger; `Conversation`: one episode's session with it."""

import threading
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from dataset_builder.common.errors import SubgoalError, UsageError
from dataset_builder.llm.budget import estimate_tokens
from dataset_builder.llm.client import ChatClient
from dataset_builder.llm.completion_cache import Completion, Ledger, request_digest
from dataset_builder.llm.errors import RequestFailed, RequestRejected
from dataset_builder.llm.request_format import FormatNegotiation, UnsupportedParameter
from eval_harness.episodes.errors import RunAborted
from modeling.agents.base import DecisionCost

ANSWER_TOKENS = 100
"""Held for an answer when a budget is asked whether there is room for one more call."""

_OUR_OPTIONS = {"--model": "--llm", "--concurrency": "--batch-size"}  # the client speaks of the teacher's

Message = dict[str, str]


class OutOfTokens(SubgoalError):
    """The next call could exceed what an episode may take."""


class LLM:
    """A model behind an OpenAI-compatible server; what it answered is kept in the run's ledger.

    Args:
        client (`ChatClient`): the model and its server.
        ledger (`Ledger`): of the run folder: a resumed run asks nothing twice.
        budget_tokens (`int`, *optional*): that an episode may take; none begins a call that would
            exceed it, by estimate.
        option (`str`, *optional*, defaults to `"--llm"`): which named the model, for errors.
    """

    def __init__(
        self,
        client: ChatClient,
        ledger: Ledger,
        *,
        budget_tokens: int | None = None,
        option: str = "--llm",
    ) -> None:
        self.client = client
        self.ledger = ledger
        self.budget_tokens = budget_tokens
        self._options = {**_OUR_OPTIONS, "--model": option}
        self._negotiation = FormatNegotiation(ledger.store, client.server, client.model)

    def complete(
        self, messages: Sequence[Message], seed: int, about: Mapping[str, Any]
    ) -> tuple[str, Completion]:
        """The request's digest and its answer, from the ledger or from the server.

        Args:
            messages (`Sequence[Message]`): the conversation.
            seed (`int`): the episode's: the same question in another episode is another request.
            about (`Mapping`): what the ledger notes beside it.

        Raises:
            RequestRejected: if the server does not accept this request; it ends the episode as failed.
            RequestFailed: if it failed on it; likewise, `--retry-failed` asks again.
            RunAborted: if it fails altogether.
        """
        about = {**about, "server": self.client.server, "model": self.client.model}
        while True:
            terms = self._negotiation.terms
            request = terms.request(self.client.model, messages)
            digest = request_digest(request, seed)
            try:
                return digest, self.ledger.fetch(digest, partial(self.client.complete, request), about)
            except UnsupportedParameter as refusal:
                self._negotiation.refused(refusal.part, terms)
            except (RequestRejected, RequestFailed):
                raise
            except SubgoalError as error:
                text = str(error)
                for teachers, ours in self._options.items():
                    text = text.replace(teachers, ours)
                raise RunAborted(text, error.exit_code) from None

    def describe(self) -> dict[str, Any]:
        """Provenance: the model's name. Its server stands in the ledger: it may move during a run."""
        return {"id": self.client.model}


class Conversation:
    """What one episode asks the model. Asked the same again, it counts nothing: nothing was paid.

    Attributes:
        share: of the episode's budget that may be taken up to now.
        left: set when nobody waits for the decision that is being made.

    Args:
        llm (`LLM`): is asked.
        seed (`int`): the episode's.
        about (`Mapping`): for the ledger: agent, task, variation.
    """

    def __init__(self, llm: LLM, seed: int, about: Mapping[str, Any]) -> None:
        self._llm = llm
        self._seed = seed
        self._about = about
        self.share = 1.0
        self.left = threading.Event()
        self._paid: dict[str, DecisionCost] = {}
        self._since: dict[str, DecisionCost] = {}
        self._lock = threading.Lock()

    def ask(self, purpose: str, system: str, user: str) -> str:
        """The model's answer to a text.

        Args:
            purpose (`str`): what is asked for, such as `action`; the ledger notes it.
            system (`str`): the rules, the same in every request.
            user (`str`): the game as it stands.

        Raises:
            OutOfTokens: if the episode's budget has no room for it.
            RunAborted: if nobody waits for it any more.
            SubgoalError: as `LLM.complete`.
        """
        if self.left.is_set():
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
        digest, answer = self._llm.complete(messages, self._seed, about)
        cost = DecisionCost(
            llm_calls=1,
            llm_prompt_tokens=answer.prompt_tokens,
            llm_completion_tokens=answer.completion_tokens,
        )
        with self._lock:
            if digest not in self._paid:
                self._paid[digest] = self._since[digest] = cost
        return answer.text

    @property
    def tokens(self) -> int:
        """Spent by the episode so far."""
        costs = self._paid.values()
        return sum(cost.llm_prompt_tokens + cost.llm_completion_tokens for cost in costs)

    def begin_decision(self) -> None:
        """Forget an attempt at this decision that failed: its calls are in the ledger."""
        for digest in self._since:
            self._paid.pop(digest, None)
        self._since = {}

    def end_decision(self) -> DecisionCost:
        """What this decision took."""
        cost = sum(self._since.values(), DecisionCost())
        self._since = {}
        return cost


def make_llm(
    model: str | None,
    base_url: str | None,
    ledger: str | Path | None,
    *,
    budget_tokens: int | None = None,
    option: str = "--llm",
    **client: Any,
) -> LLM:
    """A model at a server, with the ledger `completions.jsonl` of a run folder.

    Args:
        model (`str`): as the server calls it.
        base_url (`str`, *optional*): the server's address, OpenAI's own if left out.
        ledger (`str` or `Path`): the run folder.
        budget_tokens (`int`, *optional*): that an episode may take.
        option (`str`, *optional*): which named the model, for errors.
        client (*optional*): `timeout` and `retries` of `ChatClient`.

    Raises:
        UsageError: if no model is named, or a number makes no sense.
    """
    if not model or not model.strip():
        raise UsageError(f"Name the language model: {option} MODEL, as the server calls it.")
    if budget_tokens is not None and budget_tokens < 1:
        raise UsageError(
            f"--budget-tokens {budget_tokens}: give 1 or more, or leave it out for no limit: without "
            "tokens this agent cannot act."
        )
    if ledger is None:
        raise UsageError("An agent that asks a language model needs a run folder for its ledger: name one.")
    return LLM(
        ChatClient(model, base_url, **client), Ledger(ledger), budget_tokens=budget_tokens, option=option
    )
