"""Batched decoding."""

from pathlib import Path
from typing import Any

import pytest

from modeling import generate
from modeling.agent import RoleModel
from modeling.data import load_role


@pytest.fixture(scope="module")
def flat(checkpoints: dict[str, Path]) -> RoleModel:
    return RoleModel.from_pretrained(str(checkpoints["flat"]))


@pytest.fixture(scope="module")
def texts(dataset: Path) -> list[str]:
    return list(load_role("flat", str(dataset)).validation["input"])[:8]


def test_answers_keep_the_order_of_the_texts(
    flat: RoleModel, texts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, fitter = flat.checkpoint.model, flat.fitter
    together = generate.decode(model, fitter, texts, 48)
    assert len({tuple(answer) for answer in together}) > 1
    # So little room that every text is a batch of its own.
    monkeypatch.setattr(generate, "_TOKENS_PER_CALL", 1)
    assert generate.decode(model, fitter, texts, 48) == together
    assert generate.decode(model, fitter, texts[::-1], 48) == together[::-1]


def test_equal_texts_are_computed_once(
    flat: RoleModel, texts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    model: Any = flat.checkpoint.model
    rows, original = [], model.generate

    def counting(**inputs: object) -> object:
        rows.append(len(inputs["input_ids"]))  # type: ignore[arg-type]
        return original(**inputs)

    monkeypatch.setattr(model, "generate", counting)
    answers = generate.decode(model, flat.fitter, [texts[0], texts[1], texts[0]], 48)
    assert answers[0] == answers[2]
    assert rows == [2]
    assert generate.decode(model, flat.fitter, [], 48) == []


def test_batches_hold_like_lengths_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generate, "_TOKENS_PER_CALL", 100)
    lengths = [10, 50, 30, 200, 20, 40]
    batches = list(generate._batches(lengths, num_beams=2))
    assert sorted(row for batch in batches for row in batch) == list(range(6))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(lengths[row] for row in batch) * 2 <= 100
    assert batches[0] == [3]


def test_answers_are_ranked_and_different(flat: RoleModel, texts: list[str]) -> None:
    for answers in generate.decode(flat.checkpoint.model, flat.fitter, texts, 48, 4, 4):
        assert 1 <= len(answers) <= 4
        assert len(set(answers)) == len(answers)
