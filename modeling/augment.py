"""Training examples with names exchanged, so that a model copies names instead of knowing them.

A word that was never an answer in training is hardly ever answered later, however plainly it stands
in the input. So in some examples a name is replaced, in input and answer alike, by another one.
"""

import random
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Ids = list[int]
_WORD_START = "\u0120"  # how byte-level BPE writes the blank before a word
_SHORTEST_NAME = 3


class RenamingExamples:
    """Examples for a trainer; what is renamed depends on seed, epoch and example alone.

    Args:
        inputs (`Sequence[list[int]]`): token ids of the inputs.
        labels (`Sequence[list[int]]`): token ids of the answers.
        names (`Sequence[int]`): tokens that are names (see `find_names`).
        chance (`float`): with which each name of an answer is replaced, 0 to 1.
        seed (`int`): of the draws.
    """

    def __init__(
        self, inputs: Sequence[Ids], labels: Sequence[Ids], names: Sequence[int], chance: float, seed: int
    ) -> None:
        self.inputs, self.labels = inputs, labels
        self.names, self._known = list(names), set(names)
        self.chance, self.seed, self.epoch = chance, seed, 0

    @property
    def lengths(self) -> list[int]:
        """Input lengths in tokens; renaming leaves them as they are."""
        return [len(ids) for ids in self.inputs]

    def __len__(self) -> int:
        return len(self.inputs)

    def __getitem__(self, index: int) -> dict[str, Ids]:
        inputs, labels = self.inputs[index], self.labels[index]
        other = self._exchange(index, inputs, labels)
        if other:
            inputs = [other.get(token, token) for token in inputs]
            labels = [other.get(token, token) for token in labels]
        return {"input_ids": inputs, "labels": labels}

    def _exchange(self, index: int, inputs: Ids, labels: Ids) -> Mapping[int, int]:
        """Name → the name to write in its place, for names that input and answer share."""
        if not self.chance or not self.names:
            return {}
        draw = random.Random(hash((self.seed, self.epoch, index)))
        present, other = set(inputs), {}
        for name in sorted(self._known & present & set(labels)):
            if draw.random() < self.chance:
                stranger = draw.choice(self.names)
                if stranger not in present:
                    other[name] = stranger
                    present.add(stranger)
        return other


def find_names(
    inputs: Sequence[Ids], labels: Sequence[Ids], tokenizer: "PreTrainedTokenizerBase"
) -> list[int]:
    """Tokens that are names: whole words of the inputs that an answer can only have from its input.

    A word that some answer holds and its input does not (`teleport`, or the room where thermometers
    are kept) carries knowledge that renaming would blur.
    """
    seen = {token for ids in inputs for token in ids}
    known = {token for ids, answer in zip(inputs, labels, strict=True) for token in set(answer) - set(ids)}
    candidates = sorted(seen - known)
    words = tokenizer.convert_ids_to_tokens(candidates)
    return [token for token, word in zip(candidates, words, strict=True) if _is_name(word)]


def _is_name(word: str) -> bool:
    letters = word.removeprefix(_WORD_START)
    return word != letters and len(letters) >= _SHORTEST_NAME and letters.isalpha()


def balanced_rows(tasks: Sequence[str], balance: float) -> list[int]:
    """Row numbers of an epoch, with rows of rare tasks repeated.

    Args:
        tasks (`Sequence[str]`): task of each row.
        balance (`float`): 0 leaves the rows as they are, 1 gives all tasks about equal shares.
    """
    counts: dict[str, int] = {}
    for task in tasks:
        counts[task] = counts.get(task, 0) + 1
    most = max(counts.values(), default=0)
    times = {task: round((most / count) ** balance) for task, count in counts.items()}
    return [row for row, task in enumerate(tasks) for _ in range(times[task])]
