"""Retrieval by BM25."""

import json
from pathlib import Path

import pytest

from dataset_builder.common.errors import UsageError
from dataset_builder.tool_agents.retrieval.base import Passage
from dataset_builder.tool_agents.retrieval.bm25 import BM25Retriever

PASSAGES = [
    Passage("chad", "Chad", "The capital of Chad is N'Djamena. Its area is 1,284,000 square kilometres."),
    Passage("colombia", "Colombia", "Colombia's capital is Bogotá."),
    Passage("peru", "Peru", "Peru borders Colombia. Its currency is the sol."),
]


def _ids(retriever: BM25Retriever, query: str, top_k: int = 3) -> list[str]:
    return [passage.id for passage in retriever.search([query], top_k)[0]]


def test_the_passage_with_the_words_comes_first() -> None:
    retriever = BM25Retriever(PASSAGES)
    assert _ids(retriever, "What is the capital of Chad?", 1) == ["chad"]
    assert _ids(retriever, "currency of Peru")[0] == "peru"
    assert [len(hits) for hits in retriever.search(["Colombia", "Chad"])] == [2, 1]


def test_accents_and_case_do_not_matter() -> None:
    assert _ids(BM25Retriever(PASSAGES), "BOGOTA") == ["colombia"]


@pytest.mark.parametrize("query", ["", "the of", "zzz", "?!", "x" * 100_000])
def test_a_query_without_known_words_has_no_result(query: str) -> None:
    assert _ids(BM25Retriever(PASSAGES), query) == []


def test_equal_scores_keep_the_order_of_the_passages() -> None:
    twins = [Passage(str(number), "Chad", "Chad is a country.") for number in range(20)]
    assert _ids(BM25Retriever(twins), "Chad", 5) == ["0", "1", "2", "3", "4"]


def test_an_index_is_saved_and_loaded(tmp_path: Path) -> None:
    BM25Retriever(PASSAGES).save(tmp_path / "index")
    loaded = BM25Retriever.load(tmp_path / "index")
    assert loaded.passages == PASSAGES
    assert _ids(loaded, "capital of Colombia") == _ids(BM25Retriever(PASSAGES), "capital of Colombia")


def test_a_damaged_index_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Cannot read the passages"):
        BM25Retriever.load(tmp_path)
    BM25Retriever(PASSAGES).save(tmp_path)
    with (tmp_path / "passages.jsonl").open("a") as file:
        file.write(json.dumps({"id": "x", "title": "", "text": ""}) + "\n")
    with pytest.raises(UsageError, match="an index of other passages"):
        BM25Retriever.load(tmp_path)
    next(tmp_path.glob("*.npy")).unlink()
    with pytest.raises(UsageError, match="holds no BM25 index"):
        BM25Retriever.load(tmp_path)


def test_an_empty_index_is_one_line() -> None:
    with pytest.raises(UsageError, match="There are no passages to search"):
        BM25Retriever([])
    with pytest.raises(UsageError, match="hold no words"):
        BM25Retriever([Passage("a", "", "the of")])
