"""The scoring rules of the metric are those of the protocols."""

import pytest

from eval_harness.metrics.scienceworld_score.scores import averages, count
from eval_harness.protocols.protocol import Protocol


@pytest.mark.parametrize(
    ("scores", "zero", "previous", "maximum"),
    [
        ([], 0, 0, 0),
        ([7], 7, 7, 7),
        ([10, 40, 25], 25, 25, 40),
        ([10, 40, -100], 0, 40, 40),
        ([60, 40, -100], 0, 40, 60),
        ([-100], 0, 0, 0),
        ([100], 100, 100, 100),
    ],
)
def test_an_episode_counts_by_the_rule(scores: list[int], zero: int, previous: int, maximum: int) -> None:
    for rule, expected in (("zero", zero), ("previous", previous), ("maximum", maximum)):
        assert count(scores, rule) == expected
        assert Protocol.model_validate({"name": "mine", "scoring": rule}).count(scores) == expected


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
