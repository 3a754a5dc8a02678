"""What the teacher costs: an estimate before, a limit meanwhile, a table after."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dataset_builder.common.errors import SubgoalError

CHARACTERS_PER_TOKEN = 4
"""A rule of thumb for English, for what no server has counted."""

ANSWER_TOKENS = 500
"""Held for an answer at least: one about a long path has about that many."""


def estimate_tokens(text: str) -> int:
    """About how many tokens a text has."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def prompt_tokens(request: dict[str, Any]) -> int:
    """About how many tokens a request has."""
    return sum(estimate_tokens(message["content"]) for message in request["messages"])


class BudgetSpent(SubgoalError):
    """The next call could exceed the budget."""


class Budget:
    """Tokens that may be spent, counting those of calls under way by their estimates.

    An answer is taken to be as long as the longest one so far with the same purpose. While there is
    none, calls under a limit are made one after the other.

    Args:
        limit (`int`, *optional*): none if left out.

    Attributes:
        spent: tokens that were counted by `add`.
    """

    def __init__(self, limit: int | None = None) -> None:
        self.limit = limit
        self.spent = 0
        self._reserved = 0
        self._longest: dict[str, int] = {}
        self._lock = threading.Lock()
        self._first = threading.Lock()

    @property
    def excess(self) -> int:
        """Tokens that were spent beyond the limit."""
        return max(0, self.spent - self.limit) if self.limit is not None else 0

    @contextmanager
    def call(self, purpose: str, read: int) -> Iterator[None]:
        """Hold what a call is likely to take while it is under way.

        Args:
            purpose (`str`): what is asked for, such as `annotation`.
            read (`int`): tokens of the request.

        Raises:
            BudgetSpent: if they are not there.
        """
        with self._alone_at_first(purpose), self._held(purpose, read):
            yield

    @contextmanager
    def _alone_at_first(self, purpose: str) -> Iterator[None]:
        if self.limit is not None:
            with self._first:
                if purpose not in self._longest:
                    yield
                    return
        yield

    @contextmanager
    def _held(self, purpose: str, read: int) -> Iterator[None]:
        with self._lock:
            estimate = read + self._longest.get(purpose, ANSWER_TOKENS)
            if self.limit is not None and self.spent + self._reserved + estimate > self.limit:
                raise BudgetSpent(
                    f"{self.spent:,} of {self.limit:,} tokens are spent and the next call takes about "
                    f"{estimate:,}: what was answered is kept; raise --budget-tokens to go on."
                )
            self._reserved += estimate
        try:
            yield
        finally:
            with self._lock:
                self._reserved -= estimate

    def add(self, purpose: str, read: int, written: int) -> None:
        """Count what a call took."""
        with self._lock:
            self.spent += read + written
            self._longest[purpose] = max(written, self._longest.get(purpose, ANSWER_TOKENS))
