"""What the tokens of a vocabulary are: words, marks, and the verbs that answers begin with."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

BLANKS = ("\u0120", "\u2581")
"""How byte-level BPE and SentencePiece write the blank before a word."""


def vocabulary(tokenizer: "PreTrainedTokenizerBase") -> list[str]:
    """The text of each token, as the tokenizer writes it."""
    return [str(word) for word in tokenizer.convert_ids_to_tokens(list(range(len(tokenizer))))]


def verbs(labels: Sequence[Sequence[int]], words: Sequence[str]) -> set[int]:
    """Tokens of the verbs that actions begin with, and of the names of sub-goals.

    Args:
        labels (`Sequence[list[int]]`): token ids of answers.
        words (`Sequence[str]`): the vocabulary.
    """
    brackets = {token for token, word in enumerate(words) if word.startswith("(")}
    found: set[int] = set()
    for answer in labels:
        end = next((place for place, token in enumerate(answer) if token in brackets), 1)
        found.update(answer[:end])
    return found
