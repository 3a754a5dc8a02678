"""`Passage`, `Retriever`, and the text in which an agent reads passages."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

TOP_K = 3
"""Passages that one search returns (arXiv 2505.17612)."""

NOTHING = "No passage matches this query."
"""What an agent reads if a search has no result."""

MAX_PASSAGE_CHARS = 400
"""Characters of a passage that an agent reads."""


@dataclass(frozen=True)
class Passage:
    """A short text with facts.

    Attributes:
        id: unique within its set.
        title: what it is about.
        text: one paragraph.

    Example:

    ```python
    >>> Passage(id="country/TD", title="Chad", text="The capital of Chad is N'Djamena.").title
    'Chad'
    ```
    """

    id: str
    title: str
    text: str


class Retriever(Protocol):
    """Finds passages for queries.

    Example:

    ```python
    >>> class FirstPassages:
    ...     def __init__(self, passages):
    ...         self.passages = passages
    ...     def search(self, queries, top_k=TOP_K):
    ...         return [self.passages[:top_k] for _ in queries]
    ```
    """

    def search(self, queries: Sequence[str], top_k: int = TOP_K) -> list[list[Passage]]:
        """The best passages for each query, best first.

        Args:
            queries (`Sequence[str]`): the queries.
            top_k (`int`, *optional*, defaults to 3): maximum number of passages for each of them.

        Returns:
            `list[list[Passage]]`: one list per query, of 0 to `top_k` passages.

        Raises:
            SubgoalError: if the index or the server fails.
        """
        ...


class NoPassages:
    """The retriever for questions that need none: nothing is ever found.

    Example:

    ```python
    >>> NoPassages().search(["capital of Chad", "area of Chad"])
    [[], []]
    ```
    """

    def search(self, queries: Sequence[str], top_k: int = TOP_K) -> list[list[Passage]]:
        """See `Retriever`."""
        return [[] for _ in queries]


def search_text(passages: Sequence[Passage]) -> str:
    """What the tool `search` returns to an agent: one passage a line.

    Example:

    ```python
    >>> search_text([Passage("0", "Chad", "The capital of Chad is N'Djamena.")])
    "[1] Chad: The capital of Chad is N'Djamena."
    ```
    """
    lines = [_line(number, passage) for number, passage in enumerate(passages, 1)]
    return "\n".join(lines) or NOTHING


def search_tool(retriever: Retriever) -> Callable[[str], str]:
    """The tool `search(query)` of an agent.

    It raises `TypeError` for a query that is not a text: code of a model may pass anything.
    """

    def search(query: str) -> str:
        if not isinstance(query, str):
            raise TypeError(f"search takes a text, not {type(query).__name__}")
        return search_text(retriever.search([query])[0])

    return search


def _line(number: int, passage: Passage) -> str:
    text = " ".join(passage.text.split())
    if len(text) > MAX_PASSAGE_CHARS:
        text = text[:MAX_PASSAGE_CHARS].rsplit(" ", 1)[0] + " …"
    return f"[{number}] {passage.title}: {text}" if passage.title else f"[{number}] {text}"
