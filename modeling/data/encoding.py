"""From texts to token ids that fit a model's input and output lengths."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from datasets import Dataset
from transformers import PreTrainedTokenizerBase

from dataset_builder.trajectories.truncation import shorten

if TYPE_CHECKING:
    from modeling.data.prompt_encoding import PromptFitter


_CHUNK = 1000  # rows that are tokenized at once: the tokenizer needs much memory for each


class Fitter:
    """Turns state texts into token ids that fit a model. Training and playing share it.

    Args:
        tokenizer (`PreTrainedTokenizerBase`): tokenizer of the model.
        version (`str`): state-text version.
        source_length (`int`): longest input in tokens.

    Example:

    ```python
    fitter = Fitter(tokenizer, "compact-1", source_length=512)
    ids, shortened = fitter.encode([model_input("executor", state, "compact-1")])
    ```
    """

    def __init__(self, tokenizer: "PreTrainedTokenizerBase", version: str, source_length: int) -> None:
        self.tokenizer = tokenizer
        self.version = version
        self.source_length = source_length

    def encode(self, texts: Sequence[str]) -> tuple[list[list[int]], list[int]]:
        """Token ids, of shape (texts, tokens), and the indices of the texts that were too long.

        Texts that are too long lose their oldest history first, so that task and goal stay.

        Raises:
            UsageError: if a text does not fit even without its history.
        """
        if not texts:
            return [], []
        ids = self._ids(list(texts))
        long = [index for index, row in enumerate(ids) if len(row) > self.source_length]
        for index in long:
            ids[index] = self._ids([shorten(texts[index], self.version, self._fits)])[0]
        return ids, long

    def encode_targets(self, targets: Sequence[str]) -> list[list[int]]:
        """Token ids of answers, of shape (targets, tokens), with their end-of-sequence tokens."""
        return self._ids(list(targets))

    def decode(self, rows: list[list[int]]) -> list[str]:
        """The texts of answers.

        Args:
            rows (`list[list[int]]`): token ids, of shape (answers, tokens).
        """
        return self.tokenizer.batch_decode(rows, skip_special_tokens=True)

    def read(self, text: str) -> str:
        """The action or sub-goal in the text of an answer: all of it."""
        return text

    def is_complete(self, text: str) -> bool:
        """Never: a seq2seq model ends its answers itself."""
        return False

    def _ids(self, texts: list[str]) -> list[list[int]]:
        # verbose=False: no warning about texts that are too long, `encode` handles them.
        return self.tokenizer(texts, verbose=False, return_attention_mask=False)["input_ids"]

    def _fits(self, text: str) -> bool:
        return len(self._ids([text])[0]) <= self.source_length


@dataclass(frozen=True)
class Tokenized:
    """Examples as token ids, in arrays: lists of integers take several times the memory.

    Attributes:
        texts: full input text of each example.
        targets: full target text of each example.
        inputs: token ids of the inputs, of shape (examples, tokens).
        labels: token ids of the targets, of shape (examples, tokens).
        rows: row number in its split of each example.
        shortened: number of inputs that lost history to fit.
        left_out: number of rows that were excluded because their target is too long.

    Example:

    ```python
    examples = tokenize(data.train, range(100), fitter, target_length=48)
    examples.shortened_share  # 0.0 if all inputs fit
    ```
    """

    texts: list[str]
    targets: list[str]
    inputs: "list[array[int]]"
    labels: "list[array[int]]"
    rows: list[int]
    shortened: int
    left_out: int

    @property
    def shortened_share(self) -> float:
        """Share of the different rows that lost history to fit, 0 to 1."""
        return self.shortened / max(1, len(set(self.rows)))

    def repeated(self, rows: Sequence[int]) -> "Tokenized":
        """The examples of these rows, which may be repeated. Copies share their arrays in memory.

        Args:
            rows (`Sequence[int]`): row numbers; excluded rows are ignored.
        """
        index_of = {row: index for index, row in enumerate(self.rows)}
        indices = [index_of[row] for row in rows if row in index_of]
        return replace(
            self,
            texts=[self.texts[index] for index in indices],
            targets=[self.targets[index] for index in indices],
            inputs=[self.inputs[index] for index in indices],
            labels=[self.labels[index] for index in indices],
            rows=[self.rows[index] for index in indices],
        )


def tokenize(
    table: "Dataset", rows: Sequence[int], fitter: "Fitter | PromptFitter", target_length: int
) -> Tokenized:
    """Tokenize rows of a split.

    Args:
        table (`Dataset`): has columns input and target.
        rows (`Sequence[int]`): row numbers.
        fitter (`Fitter` or `PromptFitter`): makes the inputs fit.
        target_length (`int`): examples with a longer target, in tokens, are excluded.
    """
    texts: list[str] = []
    targets: list[str] = []
    inputs: list[array[int]] = []
    labels: list[array[int]] = []
    kept: list[int] = []
    shortened = 0
    for start in range(0, len(rows), _CHUNK):
        part = table.select(rows[start : start + _CHUNK])
        answers = fitter.encode_targets(list(part["target"]))
        fitting = [index for index, ids in enumerate(answers) if len(ids) <= target_length]
        chosen = part.select(fitting)
        encoded, cut = fitter.encode(list(chosen["input"]))
        texts += chosen["input"]
        targets += chosen["target"]
        inputs += [array("i", ids) for ids in encoded]
        labels += [array("i", answers[index]) for index in fitting]
        kept += [rows[start + index] for index in fitting]
        shortened += len(cut)
    return Tokenized(texts, targets, inputs, labels, kept, shortened, left_out=len(rows) - len(kept))
