"""What is searched for, and what comes back: `Search` and `Answer`."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Search:
    """How the answers to a text are searched for.

    Attributes:
        num_beams: number of beams; 1 is greedy search.
        num_answers: answers per text, best first; at most `num_beams`.
        samples: 0 for beam search. Otherwise this many answers are sampled and ranked by how often
            each was drawn (self-consistency, arXiv 2203.11171).
        temperature: softmax temperature of the samples.
        top_p: nucleus of the samples: the likeliest tokens with this total probability.

    Example:

    ```python
    Search()  # greedy
    Search(num_beams=4, num_answers=4)  # four ranked candidates
    Search(samples=8, temperature=0.7)  # self-consistency
    ```
    """

    num_beams: int = 1
    num_answers: int = 1
    samples: int = 0
    temperature: float = 0.4
    top_p: float = 0.8

    @property
    def rows_per_text(self) -> int:
        """How many hypotheses per text are in memory at the same time."""
        return self.samples or self.num_beams


@dataclass(frozen=True)
class Answer:
    """A model's answers to one text.

    Attributes:
        texts: different answers, best first.
        read: tokens of the input.
        written: tokens of all finished answers together, without their end-of-sequence tokens.
        shortened: whether the input lost history to fit the model's context.
        raw: all that the model wrote the first time, such as a thought before the action.
        drawn: all answers, equal ones included, in the order of the draws or the beams.

    Example:

    ```python
    >>> answer = Answer(["go to kitchen", "open door to kitchen"], read=180, written=11)
    >>> answer.texts[0]
    'go to kitchen'
    ```
    """

    texts: list[str]
    read: int
    written: int
    shortened: bool = False
    raw: str = ""
    drawn: tuple[str, ...] = ()


def distinct(texts: Sequence[str]) -> list[str]:
    """Different texts in their order, stripped."""
    return list(dict.fromkeys(text.strip() for text in texts))


def ranked_by_votes(texts: Sequence[str]) -> list[str]:
    """Different texts, the most frequent first; ties keep the order of first appearance."""
    return [text for text, _ in Counter(text.strip() for text in texts).most_common()]
