"""What a teacher may spend and has spent: checked options, the budget of all runs, the table of calls."""

import hashlib
import math
import re
from collections.abc import Iterable, Sequence

from dataset_builder.common.console import console, row_table
from dataset_builder.common.errors import UsageError
from dataset_builder.llm.budget import Budget
from dataset_builder.llm.completion_cache import CompletionCache

Call = tuple[str, int, int]
"""Group (such as a task), tokens read, tokens written."""

_MAX_SLUG_CHARS = 100  # characters of a file's name


def teacher_name(model: str, suffix: str = "") -> str:
    """The name of what a model makes, usable as a file name.

    It ends in a digest of the model's name where other models could have the same name without it.

    Args:
        model (`str`): the server's name of the model.
        suffix (`str`, *optional*): for another way of asking it.
    """
    slug = re.sub(r"[^A-Za-z0-9._]+", "-", model).strip("-.")[:_MAX_SLUG_CHARS]
    parts = ["llm", slug]
    if slug != model or slug.endswith("-thought"):
        parts.append(hashlib.sha256(model.encode("utf-8", "replace")).hexdigest()[:8])
    return "-".join(filter(None, [*parts, suffix]))


def check_llm_options(
    model: str | None,
    *,
    timeout: float = 300.0,
    retries: int = 5,
    budget_tokens: int | None = None,
    max_tokens: int | None = None,
) -> str:
    """The model's name; raises `UsageError` if none is given, or a number makes no sense."""
    if not model or not model.strip():
        raise UsageError("Name the model of the teacher: --model MODEL, as the server calls it.")
    if retries < 0:
        raise UsageError(f"--retries {retries}: give 0 or more.")
    if not (timeout > 0 and math.isfinite(timeout)):
        raise UsageError(f"--timeout {timeout:g}: give a number of seconds above 0.")
    if budget_tokens is not None and budget_tokens < 1:
        raise UsageError(f"--budget-tokens {budget_tokens}: give 1 or more, or omit it for no limit.")
    if max_tokens is not None and max_tokens < 1:
        raise UsageError(f"--max-tokens {max_tokens}: give 1 or more.")
    return model


def budget_of_all_runs(cache: CompletionCache, name: str, limit: int | None) -> Budget:
    """A budget in which the completions of earlier runs of this teacher are already spent."""
    budget = Budget(limit)
    for record in cache.records(name):
        budget.add(record["purpose"], record["prompt_tokens"], record["completion_tokens"])
    return budget


def calls_of(cache: CompletionCache, name: str) -> list[Call]:
    """Group, prompt tokens and completion tokens of every call of a teacher, in all runs."""
    return [
        (record["task"], record["prompt_tokens"], record["completion_tokens"])
        for record in cache.records(name)
    ]


def cost_rows(calls: Iterable[Call], order: Iterable[str] | None = None) -> list[dict[str, str]]:
    """Calls and tokens per group, with a last row for all; empty without calls.

    Args:
        calls (`Iterable[tuple[str, int, int]]`): group, tokens read, tokens written.
        order (`Iterable[str]`, *optional*): the groups to show, in order; as they come if omitted.

    Returns:
        `list[dict[str, str]]`: each row has the keys `task` (the group), `calls`, `tokens read` and
        `tokens written`.
    """
    sums: dict[str, list[int]] = {}
    for group, read, written in calls:
        for row in (sums.setdefault(group, [0, 0, 0]), sums.setdefault("all", [0, 0, 0])):
            row[0] += 1
            row[1] += read
            row[2] += written
    shown = [group for group in (sums if order is None else order) if group != "all"]
    return [
        {"task": group, "calls": f"{sums[group][0]:,}", "tokens read": f"{sums[group][1]:,}"}
        | {"tokens written": f"{sums[group][2]:,}"}
        for group in (*shown, "all")
        if group in sums
    ]


def print_spending(
    new: Sequence[Call], total: int, name: str, budget: Budget, order: Iterable[str] | None = None
) -> None:
    """Print the cost of this run and of all runs.

    Args:
        new (`Sequence[tuple[str, int, int]]`): calls of this run.
        total (`int`): number of calls of all runs.
        name (`str`): the teacher's name.
        budget (`Budget`): the budget of all runs.
        order (`Iterable[str]`, *optional*): see `cost_rows`.
    """
    if new:
        console.print(row_table(cost_rows(new, order), "Cost of this run"))
    if total:
        line = f"{total:,} calls and {budget.spent:,} tokens in all runs of {name}."
        console.print(line, highlight=False)
    if budget.excess:
        line = f"That is {budget.excess:,} tokens more than the budget of {budget.limit:,}: "
        line += "the model wrote longer answers than before."
        console.print(line, highlight=False, soft_wrap=True)
