"""Conversations of a dataset as token ids to learn."""

from pathlib import Path
from typing import Any

import pytest
from datasets import Dataset

from dataset_builder.common.errors import UsageError
from dataset_builder.tool_agents.conversation import ToolStep, agent_messages
from modeling.data.chat_encoding import MaskedTokens
from modeling.tool_agents.examples import encode, load_conversations, token_table
from tests.modeling.tiny_models import tiny_tokenizer


def _rows(count: int, answer: str = "final_answer(5)") -> list[dict[str, Any]]:
    return [
        {
            "messages": agent_messages(f"What is {number} plus 1?", [ToolStep("Add.", answer)]),
            "learn": [False, False, True],
            "id": str(number),
        }
        for number in range(count)
    ]


def _dataset(folder: Path, **splits: list[dict[str, Any]]) -> str:
    """A folder with one configuration, `agent`."""
    (folder / "agent").mkdir(parents=True)
    head = "---\nconfigs:\n- config_name: agent\n  data_files:\n"
    for split, rows in splits.items():
        Dataset.from_list(rows).to_parquet(folder / "agent" / f"{split}.parquet")
        head += f"  - split: {split}\n    path: agent/{split}.parquet\n"
    (folder / "README.md").write_text(f"{head}---\n")
    return str(folder)


def test_a_folder_is_named_without_its_path_and_has_no_revision(tmp_path: Path) -> None:
    loaded = load_conversations(_dataset(tmp_path / "mine", train=_rows(3), validation=_rows(1)), "agent")
    assert (loaded.source, loaded.revision) == ("mine", "")
    assert (len(loaded.train), len(loaded.validation)) == (3, 1)


def test_the_fingerprint_is_that_of_what_is_learnt(tmp_path: Path) -> None:
    def fingerprint(name: str, **splits: list[dict[str, Any]]) -> str:
        return load_conversations(_dataset(tmp_path / name, **splits), "agent").fingerprint

    same = fingerprint("a", train=_rows(2), validation=_rows(1))
    renamed = [row | {"id": "other"} for row in _rows(2)]
    assert fingerprint("b", train=renamed, validation=_rows(1)) == same
    read_only = [row | {"learn": [False, False, False]} for row in _rows(2)]
    assert fingerprint("c", train=read_only, validation=_rows(1)) != same
    assert fingerprint("d", train=_rows(2), validation=_rows(1, "final_answer(6)")) != same


def test_what_cannot_be_learnt_from_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has no validation split in agent: build it with questions of that"):
        load_conversations(_dataset(tmp_path / "a", train=_rows(1)), "agent")
    texts = [{"messages": row["messages"]} for row in _rows(1)]
    with pytest.raises(UsageError, match="lacks the column learn in agent/train: build it again"):
        load_conversations(_dataset(tmp_path / "b", train=texts, validation=texts), "agent")
    with pytest.raises(UsageError, match="has a row without learn in agent/validation: build it again"):
        load_conversations(_dataset(tmp_path / "d", train=_rows(1), validation=texts), "agent")
    with pytest.raises(UsageError, match="has no configuration 'cot': it is not a dataset of tool agents"):
        load_conversations(_dataset(tmp_path / "c", train=_rows(1), validation=_rows(1)), "cot")


def test_only_answers_are_learnt() -> None:
    tokenizer = tiny_tokenizer("qwen2")
    (sequence,), too_long = encode(Dataset.from_list(_rows(1)), tokenizer, longest=4096)
    learnt = [token for token, mask in zip(sequence.ids, sequence.mask, strict=True) if mask]
    assert tokenizer.decode(learnt) == "Thought: Add.\n```python\nfinal_answer(5)\n```<|im_end|>"
    assert too_long == 0


def test_conversations_that_are_too_long_are_counted_and_excluded() -> None:
    tokenizer = tiny_tokenizer("qwen2")
    table = Dataset.from_list([*_rows(2), *_rows(1, "final_answer(" + "1 + " * 300 + "1)")])
    longest = max(len(sequence.ids) for sequence in encode(table.select(range(2)), tokenizer, 4096).sequences)
    kept = encode(table, tokenizer, longest)
    assert (len(kept.sequences), kept.too_long) == (2, 1)
    with pytest.raises(UsageError, match=r"All conversations are longer than 9 tokens: raise source_length"):
        encode(table, tokenizer, 9)


def test_a_table_has_the_columns_of_trl() -> None:
    table = token_table([MaskedTokens([5, 6], [0, 1]), MaskedTokens([7], [1])])
    assert table[0] == {"input_ids": [5, 6], "completion_mask": [0, 1]}
    assert table.column_names == ["input_ids", "completion_mask"]
