"""The scoring rules of the metric are those of the protocols."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval_harness.metrics.scienceworld_score.scores import RULES, averages, count
from eval_harness.protocols import Protocol


@settings(deadline=None)
@given(st.lists(st.integers(-100, 100)), st.sampled_from(RULES))
def test_an_episode_counts_as_a_protocol_has_it(scores: list[int], rule: str) -> None:
    protocol = Protocol.model_validate({"name": "mine", "scoring": rule})
    assert count(scores, rule) == protocol.count(scores)


def test_the_mean_is_over_tasks_and_rounded_last() -> None:
    found = averages([("boil", 0), ("boil", 0), ("boil", 1), ("melt", 0), ("freeze", 0)])
    assert found["per_task"]["boil"]["mean"] == 0.33
    assert found["mean_score"] == 0.11
    assert averages([("boil", 100), ("boil", 0), ("melt", 0)])["mean_score"] == 25.0


def test_unknown_names_are_refused() -> None:
    with pytest.raises(ValueError, match="no task 'boill'"):
        averages([("boill", 1)])
    with pytest.raises(ValueError, match="one of zero, previous, maximum"):
        count([1], "last")
