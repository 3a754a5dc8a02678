"""Token budgets: estimates before a call, a limit on all calls together."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dataset_builder.common.errors import SubgoalError

CHARACTERS_PER_TOKEN = 4
"""A rule of thumb for English, used where a server has not counted."""

ANSWER_TOKENS = 500
"""Minimum reserved for an answer: one about a long trajectory has about that many."""


def estimate_tokens(text: str) -> int:
    """Estimated number of tokens of a text."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def prompt_tokens(request: dict[str, Any]) -> int:
    """Estimated number of tokens of a request, whose `messages` have a text as `content`."""
    return sum(estimate_tokens(message["content"]) for message in request["messages"])


class BudgetSpent(SubgoalError):
    """The next call could exceed the budget.

    Example:

    ```python
    >>> try:
    ...     with Budget(limit=1_000).call("annotation", read=5_000):
    ...         print("not printed")
    ... except BudgetSpent as error:
    ...     print(error)
    0 of 1,000 tokens are spent and the next call takes about 5,...
    ```
    """


class Budget:
    """A limit on tokens; calls under way reserve their estimates. Safe to use from threads.

    An answer is assumed to be as long as the longest one so far with the same purpose. Until there is
    one, calls under a limit are made one at a time.

    Args:
        limit (`int`, *optional*): no limit if omitted.

    Attributes:
        spent: tokens counted by `add`.

    Example:

    ```python
    >>> budget = Budget(limit=100_000)
    >>> with budget.call("annotation", read=900):
    ...     budget.add("annotation", read=900, written=120)  # as the server has counted them
    >>> budget.spent
    1020
    ```
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
        """Tokens spent beyond the limit."""
        return max(0, self.spent - self.limit) if self.limit is not None else 0

    @contextmanager
    def call(self, purpose: str, read: int) -> Iterator[None]:
        """Reserve the estimated tokens of a call while it is under way.

        Args:
            purpose (`str`): what is asked for, such as `annotation`.
            read (`int`): tokens of the request.

        Raises:
            BudgetSpent: if they exceed the rest of the budget.
        """
        with self._one_at_a_time(purpose), self._reservation(purpose, read):
            yield

    @contextmanager
    def _one_at_a_time(self, purpose: str) -> Iterator[None]:
        # Without a known length, parallel calls could all exceed the budget together.
        if self.limit is not None:
            with self._first:
                if purpose not in self._longest:
                    yield
                    return
        yield

    @contextmanager
    def _reservation(self, purpose: str, read: int) -> Iterator[None]:
        with self._lock:
            estimate = read + self._longest.get(purpose, ANSWER_TOKENS)
            if self.limit is not None and self.spent + self._reserved + estimate > self.limit:
                raise BudgetSpent(
                    f"{self.spent:,} of {self.limit:,} tokens are spent and the next call takes about "
                    f"{estimate:,}: the answers so far are kept; raise --budget-tokens to continue."
                )
            self._reserved += estimate
        try:
            yield
        finally:
            with self._lock:
                self._reserved -= estimate

    def add(self, purpose: str, read: int, written: int) -> None:
        """Count the tokens of a call."""
        with self._lock:
            self.spent += read + written
            self._longest[purpose] = max(written, self._longest.get(purpose, ANSWER_TOKENS))
