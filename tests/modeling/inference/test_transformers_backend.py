"""Batched decoding with transformers."""

from typing import Any

import pytest

from modeling.agents.local_model import LocalModel
from modeling.inference import transformers_backend as generate
from modeling.inference.search import Search


def test_answers_keep_the_order_of_the_texts(
    flat: LocalModel, texts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, fitter = flat.checkpoint.model, flat.fitter
    together = generate.decode(model, fitter, texts, 48)
    assert len(set(together)) > 1
    # So little room that every text is a batch of its own.
    monkeypatch.setattr(generate, "_TOKENS_PER_CPU_CALL", 1)
    assert generate.decode(model, fitter, texts, 48) == together
    assert generate.decode(model, fitter, texts[::-1], 48) == together[::-1]


def test_equal_texts_are_computed_once(
    flat: LocalModel, texts: list[str], monkeypatch: pytest.MonkeyPatch
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


def test_batches_hold_like_lengths_within_bounds() -> None:
    lengths = [10, 50, 30, 200, 20, 40]
    batches = list(generate._batches(lengths, rows_per_text=2, most=100))
    assert sorted(row for batch in batches for row in batch) == list(range(6))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(lengths[row] for row in batch) * 2 <= 100
    assert batches[0] == [3]


def test_answers_are_ranked_and_different(flat: LocalModel, texts: list[str]) -> None:
    for answer in flat.backend.answer(texts, Search(num_beams=4, num_answers=4)):
        assert 1 <= len(answer.texts) <= 4
        assert len(set(answer.texts)) == len(answer.texts)
        assert answer.read > 10
        assert answer.written >= len(answer.texts)


def test_samples_are_ranked_by_votes_and_can_be_repeated(flat: LocalModel, texts: list[str]) -> None:
    answer = flat.backend.answer
    search = Search(samples=6, temperature=1.5, top_p=1.0)
    drawn = answer(texts, search)
    assert answer(texts, search) == drawn
    assert max(len(sampled.texts) for sampled in drawn) > 1
    seeded = answer(texts, search, range(len(texts)))
    assert seeded != drawn
    assert answer(texts, search, range(len(texts))) == seeded
    cold = answer(texts, Search(samples=6, temperature=0.01))
    assert [sampled.texts[0] for sampled in cold] == [best.texts[0] for best in answer(texts, Search())]
