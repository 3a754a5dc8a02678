"""The clock and the learning-rate schedule of a training."""

import math

import pytest
from datasets import Dataset

from modeling.training.trainer import TrainingClock, _MixedOrder, rate_factor


def test_progress_is_the_further_of_steps_and_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("modeling.training.trainer.time.monotonic", lambda: now)
    clock = TrainingClock(max_minutes=1, seconds_before=15)
    clock.begin()
    assert clock.share(0, 100) == 0.25
    assert clock.share(50, 100) == 0.5
    now = 30.0
    assert clock.share(50, 100) == 0.5
    clock.look()
    over = [clock.over]
    assert clock.share(50, 100) == 0.75
    now = 100.0
    clock.look()
    over.append(clock.over)
    assert clock.share(50, 100) == 1
    assert over == [False, True]
    assert TrainingClock(None).share(50, 100) == 0.5


def test_the_rate_rises_then_falls() -> None:
    for schedule in ("linear", "cosine"):
        rates = [rate_factor(schedule, 0.1, share / 100) for share in range(101)]
        assert max(rates) == rates[10] == 1
        assert rates[:11] == sorted(rates[:11])
        assert rates[10:] == sorted(rates[10:], reverse=True)
        assert math.isclose(rates[-1], 0, abs_tol=1e-9)
        assert rates[0] > 0
    assert rate_factor("constant", 0.0, 0.9) == 1


def test_batches_of_similar_length_come_in_random_order() -> None:
    lengths = list(range(64))
    examples = Dataset.from_dict({"input_ids": [[0] * length for length in lengths]})
    order = _MixedOrder(4, examples, seed=1)
    order.set_epoch(2)
    first, again = list(order), list(order)
    assert first == again
    assert sorted(first) == lengths
    batches = [first[start : start + 4] for start in range(0, 64, 4)]
    spread = [max(batch) - min(batch) for batch in batches]
    assert sum(spread) < 64 * len(batches) / 4  # of similar length
    means = [sum(batch) for batch in batches]
    assert means != sorted(means, reverse=True)
    order.set_epoch(3)
    assert list(order) != first
