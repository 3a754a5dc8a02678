"""Examples as token ids that fit a model's lengths."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from datasets import Dataset
from transformers import PreTrainedTokenizerBase

from dataset_builder.trajectories.truncation import shorten


class Fitter:
    """Turns state texts into token ids that fit a model, alike in training and playing.

    Args:
        tokenizer (`PreTrainedTokenizerBase`): of the model.
        version (`str`): state-text version.
        source_length (`int`): longest input in tokens.
    """

    def __init__(self, tokenizer: "PreTrainedTokenizerBase", version: str, source_length: int) -> None:
        self.tokenizer = tokenizer
        self.version = version
        self.source_length = source_length

    def encode(self, texts: Sequence[str]) -> tuple[list[list[int]], int]:
        """Token ids of each text, and how many texts had to be shortened.

        Raises:
            UsageError: if a text does not fit even without its history.
        """
        if not texts:
            return [], 0
        ids = self._ids(list(texts))
        long = [index for index, row in enumerate(ids) if len(row) > self.source_length]
        for index in long:
            ids[index] = self._ids([shorten(texts[index], self.version, self._fits)])[0]
        return ids, len(long)

    def _ids(self, texts: list[str]) -> list[list[int]]:
        # Too long is what `encode` takes care of: no warning wanted.
        return self.tokenizer(texts, verbose=False)["input_ids"]

    def _fits(self, text: str) -> bool:
        return len(self._ids([text])[0]) <= self.source_length


@dataclass(frozen=True)
class Tokenized:
    """Examples as token ids.

    Attributes:
        texts: inputs before that, in full.
        inputs: of each example.
        labels: of each example.
        rows: which row of its split each example is.
        shortened: how many inputs lost history to fit.
        left_out: how many rows are missing because their target is too long.
    """

    texts: list[str]
    inputs: list[list[int]]
    labels: list[list[int]]
    rows: list[int]
    shortened: int
    left_out: int

    @property
    def shortened_share(self) -> float:
        """Share of the different rows that lost history to fit."""
        return self.shortened / max(1, len(set(self.rows)))

    def repeated(self, rows: Sequence[int]) -> "Tokenized":
        """These rows, one or several times each; what is repeated is held once.

        Args:
            rows (`Sequence[int]`): row numbers; those that were left out stay so.
        """
        place_of = {row: place for place, row in enumerate(self.rows)}
        places = [place_of[row] for row in rows if row in place_of]
        return replace(
            self,
            texts=[self.texts[place] for place in places],
            inputs=[self.inputs[place] for place in places],
            labels=[self.labels[place] for place in places],
            rows=[self.rows[place] for place in places],
        )


def tokenize(table: "Dataset", rows: Sequence[int], fitter: Fitter, target_length: int) -> Tokenized:
    """Tokenize rows of a split.

    Args:
        table (`Dataset`): with columns input and target.
        rows (`Sequence[int]`): which of its rows.
        fitter (`Fitter`): makes the inputs fit.
        target_length (`int`): examples with a longer target, in tokens, are left out.
    """
    chosen = table.select(rows)
    texts = list(chosen["input"])
    labels = fitter.tokenizer(list(chosen["target"]), verbose=False)["input_ids"]
    kept = [place for place, label in enumerate(labels) if len(label) <= target_length]
    inputs, shortened = fitter.encode([texts[place] for place in kept])
    return Tokenized(
        texts=[texts[place] for place in kept],
        inputs=inputs,
        labels=[labels[place] for place in kept],
        rows=[rows[place] for place in kept],
        shortened=shortened,
        left_out=len(rows) - len(kept),
    )
