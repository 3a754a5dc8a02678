"""Conversations of a dataset as token ids to learn."""

import hashlib
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from dataset_builder.common.errors import UsageError
from dataset_builder.dataset.load import commit_of
from dataset_builder.hub.ids import public_name, split_revision
from dataset_builder.hub.open_tables import open_tables
from modeling.data.chat_encoding import MaskedTokens, training_sequences

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict
    from transformers import PreTrainedTokenizerBase

_COLUMNS = ("messages", "learn")


class Conversations(NamedTuple):
    """Conversations to learn from.

    Attributes:
        source: Hub id, or name of the folder.
        revision: commit on the Hub; empty for a folder.
        train, validation: tables with the columns `messages` and `learn`.
        fingerprint: `sha256:…` over both columns of both tables.

    Example:

    ```python
    data = load_conversations("runs/tool-dataset", "agent")
    data.train[0]["messages"][-1]["content"]  # the last answer, whose code calls `final_answer`
    ```
    """

    source: str
    revision: str
    train: "Dataset"
    validation: "Dataset"
    fingerprint: str


def load_conversations(dataset: str, config: str) -> Conversations:
    """The conversations of a configuration.

    Args:
        dataset (`str`): folder or Hub id, with `@REVISION` if wanted.
        config (`str`): one of `dataset_builder.tool_agents.dataset.tables.LEARNERS`.

    Raises:
        UsageError: if there is no such dataset or configuration, or it lacks a split or a column.
        SubgoalError: if the Hub cannot be reached.
    """
    tables: DatasetDict = open_tables(
        dataset, config, missing_config="it is not a dataset of tool agents: `subgoal tools build` makes one."
    )
    for split in ("train", "validation"):
        if split not in tables:
            raise UsageError(
                f"{dataset} has no {split} split in {config}: build it with questions of that split."
            )
        if missing := [name for name in _COLUMNS if name not in tables[split].column_names]:
            raise UsageError(f"{dataset} lacks the column {missing[0]} in {config}/{split}: build it again.")
    digest = hashlib.sha256()
    for split in ("train", "validation"):
        for row in tables[split].select_columns(list(_COLUMNS)):
            # `datasets` fills a column that only one of the splits has.
            if empty := [name for name in _COLUMNS if row[name] is None]:
                where = f"{config}/{split}"
                raise UsageError(f"{dataset} has a row without {empty[0]} in {where}: build it again.")
            digest.update(json.dumps(row, sort_keys=True).encode())
    source, _ = split_revision(dataset)
    return Conversations(
        public_name(source),
        commit_of(tables),
        tables["train"],
        tables["validation"],
        f"sha256:{digest.hexdigest()}",
    )


class Encoded(NamedTuple):
    """Training sequences, and the number of conversations that were too long for one.

    Example:

    ```python
    sequences, too_long = encode(data.train, tokenizer, longest=2048)
    ```
    """

    sequences: list[MaskedTokens]
    too_long: int


def encode(table: "Dataset", tokenizer: "PreTrainedTokenizerBase", longest: int) -> Encoded:
    """The sequences of a table; those longer than `longest` tokens are excluded.

    Raises:
        UsageError: if all are too long, or the chat template does not accept the conversations.
    """
    sequences: list[MaskedTokens] = []
    too_long = 0
    for row in table:
        made = training_sequences(tokenizer, row["messages"], row["learn"])
        kept = [sequence for sequence in made if len(sequence.ids) <= longest]
        too_long += len(kept) < len(made)
        sequences += kept
    if not sequences:
        raise UsageError(
            f"All conversations are longer than {longest} tokens: raise source_length in the recipe."
        )
    return Encoded(sequences, too_long)


def token_table(sequences: list[MaskedTokens]) -> "Dataset":
    """Columns `input_ids` and `completion_mask`, as trl's `SFTTrainer` takes them."""
    from datasets import Dataset

    columns: dict[str, Any] = {
        "input_ids": [sequence.ids for sequence in sequences],
        "completion_mask": [sequence.mask for sequence in sequences],
    }
    return Dataset.from_dict(columns)
