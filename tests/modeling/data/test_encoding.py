"""Inputs and targets that fit a model's lengths."""

from pathlib import Path

import pytest

from dataset_builder.common.errors import UsageError
from modeling.data.encoding import Fitter, tokenize
from modeling.data.examples import load_role
from modeling.data.tokenizer import train_tokenizer


def test_long_inputs_are_shortened_and_counted(dataset: Path) -> None:
    table = load_role("executor", str(dataset)).train
    tokenizer = train_tokenizer([*table["input"], *table["target"]])
    lengths = sorted(len(ids) for ids in tokenizer(list(table["input"]))["input_ids"])
    limit = lengths[-10]
    rows = range(len(table))
    encoded = tokenize(table, rows, Fitter(tokenizer, "compact-1", limit), target_length=48)
    assert max(map(len, encoded.inputs)) <= limit
    assert encoded.shortened == sum(length > limit for length in lengths) > 0
    assert encoded.shortened_share == encoded.shortened / len(table)
    for row, ids in zip(encoded.rows, encoded.inputs, strict=True):
        end = table[row]["input"].rpartition(" | goal: ")[2] + "<eos>"
        assert str(tokenizer.decode(list(ids))).endswith(end)
    with pytest.raises(UsageError, match="raise source_length"):
        tokenize(table, rows, Fitter(tokenizer, "compact-1", 32), target_length=48)


def test_examples_with_long_targets_are_excluded(dataset: Path) -> None:
    table = load_role("executor", str(dataset)).train
    tokenizer = train_tokenizer([*table["input"], *table["target"]])
    encoded = tokenize(table, range(len(table)), Fitter(tokenizer, "compact-1", 512), target_length=5)
    assert encoded.left_out > 0
    assert len(encoded.rows) + encoded.left_out == len(table)
    assert max(map(len, encoded.labels)) <= 5


def test_chunks_give_what_one_call_gives(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = load_role("executor", str(dataset)).train
    tokenizer = train_tokenizer([*table["input"], *table["target"]])
    fitter, rows = Fitter(tokenizer, "compact-1", 150), range(1, len(table))
    whole = tokenize(table, rows, fitter, target_length=5)
    monkeypatch.setattr("modeling.data.encoding._CHUNK", 7)
    assert tokenize(table, rows, fitter, target_length=5) == whole
    assert whole.shortened > 0
    assert whole.left_out > 0
    assert whole.inputs[0].itemsize == 4  # bytes per token


def test_rows_that_are_repeated_are_held_once(dataset: Path) -> None:
    table = load_role("executor", str(dataset)).train
    tokenizer = train_tokenizer([*table["input"], *table["target"]])
    every = tokenize(table, range(len(table)), Fitter(tokenizer, "compact-1", 512), target_length=5)
    kept = every.rows[:2]
    gone = next(row for row in range(len(table)) if row not in every.rows)
    encoded = every.repeated([kept[1], gone, kept[0], kept[1]])
    assert encoded.rows == [kept[1], kept[0], kept[1]]
    assert encoded.inputs[0] is encoded.inputs[2] is every.inputs[1]
    assert [*encoded.texts] == [table[row]["input"] for row in encoded.rows]
    assert (encoded.left_out, encoded.shortened) == (every.left_out, every.shortened)
