"""The words of a vocabulary, and which tokens are verbs or names of sub-goals."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

BLANKS = ("\u0120", "\u2581")
"""The characters that stand for the blank before a word in byte-level BPE and SentencePiece."""


def vocabulary(tokenizer: "PreTrainedTokenizerBase") -> list[str]:
    """The text of each token id, in the spelling of the tokenizer."""
    return [str(word) for word in tokenizer.convert_ids_to_tokens(list(range(len(tokenizer))))]


def verbs(labels: Sequence[Sequence[int]], words: Sequence[str]) -> set[int]:
    """Token ids of the verbs that actions begin with, and of the names of sub-goals.

    Args:
        labels (`Sequence[Sequence[int]]`): token ids of the answers, of shape (examples, tokens).
        words (`Sequence[str]`): the vocabulary, token id → word.
    """
    brackets = {token for token, word in enumerate(words) if word.startswith("(")}
    ids: set[int] = set()
    for answer in labels:
        # A sub-goal's name ends at its bracket and may have several tokens; an action has no bracket.
        end = next((index for index, token in enumerate(answer) if token in brackets), 1)
        ids.update(answer[:end])
    return ids
