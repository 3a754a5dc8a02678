"""The clock and the learning-rate schedule of a training."""

import math

import pytest

from modeling.training.clock import TrainingClock, rate_factor


def test_progress_is_the_further_of_steps_and_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("modeling.training.clock.time.monotonic", lambda: now)
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
