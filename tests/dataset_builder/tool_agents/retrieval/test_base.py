"""What the tool `search` tells an agent."""

from typing import Any

import pytest

from dataset_builder.tool_agents.retrieval.base import (
    MAX_PASSAGE_CHARS,
    NOTHING,
    NoPassages,
    Passage,
    search_text,
    search_tool,
)


def test_each_passage_is_one_line() -> None:
    passages = [Passage("a", "Chad", "Its capital\nis N'Djamena. "), Passage("b", "", "Text alone.")]
    assert search_text(passages) == "[1] Chad: Its capital is N'Djamena.\n[2] Text alone."


def test_no_passage_is_said() -> None:
    assert search_text([]) == NOTHING


def test_the_tool_takes_texts_only() -> None:
    search: Any = search_tool(NoPassages())
    assert search(query="Chad") == NOTHING
    with pytest.raises(TypeError, match="search takes a text, not list"):
        search(["Chad"])


def test_a_long_passage_is_cut_at_a_word() -> None:
    line = search_text([Passage("a", "Long", "word " * 1000)])
    assert line.endswith("word …")
    assert len(line) < MAX_PASSAGE_CHARS + 20
