"""What the teacher costs: an estimate before, a limit meanwhile, a table after."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from dataset_builder.errors import SubgoalError
from dataset_builder.tasks import TASKS

CHARACTERS_PER_TOKEN = 4
"""A rule of thumb for English, for what no server has counted."""


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

    Args:
        limit (`int`, *optional*): none if left out.
        spent (`int`, *optional*, defaults to 0): by earlier runs.
    """

    def __init__(self, limit: int | None = None, spent: int = 0) -> None:
        self.limit = limit
        self.spent = spent
        self._reserved = 0
        self._lock = threading.Lock()

    @contextmanager
    def call(self, estimate: int) -> Iterator[None]:
        """Hold this many tokens while a call is under way.

        Raises:
            BudgetSpent: if they are not there.
        """
        with self._lock:
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

    def add(self, tokens: int) -> None:
        """Count what a call took."""
        with self._lock:
            self.spent += tokens


def cost_rows(calls: Iterable[tuple[str, int, int]]) -> list[dict[str, str]]:
    """Calls and tokens per task, with a last row for all; empty without calls.

    Args:
        calls (`Iterable[tuple[str, int, int]]`): task, tokens read, tokens written.
    """
    sums: dict[str, list[int]] = {}
    for task, read, written in calls:
        for row in (sums.setdefault(task, [0, 0, 0]), sums.setdefault("all", [0, 0, 0])):
            row[0] += 1
            row[1] += read
            row[2] += written
    return [
        {"task": task, "calls": f"{sums[task][0]:,}", "tokens read": f"{sums[task][1]:,}"}
        | {"tokens written": f"{sums[task][2]:,}"}
        for task in (*TASKS, "all")
        if task in sums
    ]
