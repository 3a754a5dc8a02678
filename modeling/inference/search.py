"""What is asked of a search for answers, and how its answers are ranked."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Search:
    """How answers to one text are found.

    Attributes:
        num_beams: beams; 1 is greedy.
        num_answers: answers per text, best first; at most `num_beams`.
        samples: if not 0, so many answers are drawn in place of a beam search and ranked by how
            often each was drawn (self-consistency, arXiv 2203.11171).
        temperature: of the draws.
        top_p: they come from the likeliest tokens that hold this share of the probability.
    """

    num_beams: int = 1
    num_answers: int = 1
    samples: int = 0
    temperature: float = 0.4
    top_p: float = 0.8

    @property
    def rows_per_text(self) -> int:
        """How many answers are in the making at once for each text."""
        return self.samples or self.num_beams


@dataclass(frozen=True)
class Answer:
    """What a model answers to one text.

    Attributes:
        texts: different answers, best first.
        read: tokens of the input.
        written: tokens of the answers that came to their end, the last mark not counted.
    """

    texts: list[str]
    read: int
    written: int


def distinct(texts: Sequence[str]) -> list[str]:
    """Different texts in their order, blanks around them removed."""
    return list(dict.fromkeys(text.strip() for text in texts))


def ranked_by_votes(texts: Sequence[str]) -> list[str]:
    """Different texts, the most frequent first; of equally frequent ones, the one that came first."""
    return [text for text, _ in Counter(text.strip() for text in texts).most_common()]
