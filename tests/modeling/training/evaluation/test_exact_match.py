"""Exact match on validation examples."""

from pathlib import Path

import pytest
from datasets import Dataset

from modeling.agents.decoding import Decoding
from modeling.agents.local_model import LocalModel
from modeling.checkpoints.training_record import read_record
from modeling.data.examples import load_role
from modeling.inference.search import Search
from modeling.training.evaluation.exact_match import exact_match


def test_exact_match_is_counted_by_task(checkpoints: dict[str, Path], dataset: Path) -> None:
    record = read_record(checkpoints["controller"])
    by_task = record.exact_match_by_task
    counted = sum(found["examples"] for found in by_task.values())
    assert counted == record.recipe["exact_match_examples"] == 20
    hits = sum(found["share"] * found["examples"] for found in by_task.values())
    assert record.metrics["exact_match"] == pytest.approx(hits / counted, abs=1e-3)
    assert record.example["input"].startswith("task: ")


def test_targets_are_compared_with_greedy_answers(checkpoints: dict[str, Path], dataset: Path) -> None:
    model = LocalModel.from_pretrained(
        str(checkpoints["flat"]), decoding=Decoding(backend="transformers", grounded=False)
    )
    texts = sorted(load_role("flat", str(dataset)).validation["input"], key=len)[:2]
    answers = [answer.texts[0] for answer in model.backend.answer(texts, Search())]
    rows = {"input": texts, "target": [answers[0], "never"], "task": ["boil", "find-plant"]}
    network, fitter = model.checkpoint.model, model.fitter
    match = exact_match(network, fitter, Dataset.from_dict(rows), [0, 1], 48)
    assert match
    assert match.share == 0.5
    assert match.by_task["boil"] == {"share": 1.0, "examples": 1}
    assert match.by_task["find-plant"] == {"share": 0.0, "examples": 1}
    assert match.example == {"input": texts[0], "answer": answers[0]}
    assert exact_match(network, fitter, Dataset.from_dict(rows), [], 48) is None
