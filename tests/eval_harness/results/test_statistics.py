import math

import numpy as np
import pytest

from eval_harness.results.statistics import Bootstrap, Estimate, holm, sign_flip_test


def one_each(*values: float) -> list[list[float]]:
    """One episode per variation."""
    return [[value] for value in values]


def test_mean_is_over_tasks_whatever_their_episodes() -> None:
    scores = Bootstrap({"boil": one_each(0, 100), "melt": one_each(10, 10, 10, 10)})
    assert scores.single == 0
    found = scores.mean()
    assert found is not None
    assert found.mean == 30
    assert found.low is not None
    assert found.high is not None
    assert (found.low, found.high) == (5, 55)  # only boil has any spread: one draw of its two
    assert scores.mean(["melt"]) == Estimate(10, 10, 10)
    assert scores.mean(["freeze"]) is None
    pooled = scores.pooled()
    assert pooled is not None
    assert math.isclose(pooled.mean, 140 / 6)


def test_interval_has_the_width_of_the_standard_error() -> None:
    values = np.random.default_rng(1).normal(50, 12, 60)
    found = Bootstrap({"boil": one_each(*values)}).mean()
    assert found is not None
    assert found.low is not None
    assert found.high is not None
    expected = 2 * 1.96 * values.std(ddof=1) / math.sqrt(len(values))
    assert found.high - found.low == pytest.approx(expected, rel=0.05)


def test_few_variations_are_not_taken_for_certain() -> None:
    """The spread of the mean of n values is that of ddof=1 even for n = 3 (Rao and Wu)."""
    tasks = {f"task {i}": one_each(0, 30, 90) for i in range(40)}
    found = Bootstrap(tasks).mean()
    assert found is not None
    assert found.low is not None
    assert found.high is not None
    expected = 2 * 1.96 * np.std([0, 30, 90], ddof=1) / math.sqrt(3 * 40)
    assert found.high - found.low == pytest.approx(expected, rel=0.05)


def test_one_variation_has_no_interval() -> None:
    scores = Bootstrap({"boil": one_each(40), "melt": [], "freeze": [[]]})
    assert scores.mean() == Estimate(40)
    assert scores.single == 1
    assert Bootstrap({}).mean() is None
    assert Bootstrap({}).pooled() is None


def test_a_mean_that_contains_one_variation_has_no_interval() -> None:
    """Its unknown spread counted as 0 would make the interval of the mean far too narrow."""
    scores = Bootstrap({"boil": one_each(0, 50, 100), "melt": one_each(40), "freeze": one_each(20, 30)})
    mean = scores.mean()
    assert mean is not None
    assert mean.mean == pytest.approx(115 / 3)
    assert (mean.low, mean.high) == (None, None)
    assert scores.pooled() == Estimate(40)
    found = scores.mean(["boil", "freeze"])
    assert found is not None
    assert found.low is not None


def test_repetitions_of_a_variation_stay_together() -> None:
    alone = Bootstrap({"boil": one_each(0, 100)}).mean()
    repeated = Bootstrap({"boil": [[0] * 50, [100] * 50]}).mean()
    assert alone == repeated  # fifty seeds of two variations say no more about other variations


def test_draws_are_the_same_in_every_report() -> None:
    boil = one_each(0, 20, 70, 100, 100)
    alone = Bootstrap({"boil": boil}).mean(["boil"])
    beside = Bootstrap({"melt": one_each(1, 2), "boil": boil}).mean(["boil"])
    assert alone == beside
    assert alone != Bootstrap({"boil": boil}, seed=1).mean(["boil"])


@pytest.mark.parametrize(
    ("differences", "expected"),
    [
        ({"boil": one_each(0, 0, 0)}, 1.0),
        ({"boil": one_each(5)}, 1.0),
        ({"boil": one_each(5, 5, 5, 5, 5)}, 2 / 2**5),
        ({"boil": one_each(5, 5, 5, 5, -5)}, 12 / 2**5),
        ({"boil": one_each(5, 5), "melt": one_each(0, 0)}, 2 / 2**2),
        ({}, 1.0),
    ],
)
def test_sign_flips_are_counted_exactly(differences: dict[str, list[list[float]]], expected: float) -> None:
    assert sign_flip_test(differences) == pytest.approx(expected)


def test_drawn_sign_flips_agree_with_the_normal_approximation() -> None:
    values = np.random.default_rng(2).normal(2, 10, 100)
    p = sign_flip_test({"boil": one_each(*values)})
    z = abs(values.sum()) / math.sqrt((values**2).sum())
    assert p == pytest.approx(math.erfc(z / math.sqrt(2)), abs=0.02)
    assert p == sign_flip_test({"boil": one_each(*values)})
    assert 0 < sign_flip_test({"boil": one_each(*[50] * 100)}) < 0.001


def test_tasks_weigh_the_same_in_the_test() -> None:
    """One pair of a small task moves the mean as much as ten of a large one."""
    small = {"boil": one_each(30), "melt": one_each(*[-3] * 10)}
    assert sign_flip_test(small) == 1.0


def test_holm() -> None:
    assert holm([0.01, 0.04, 0.03, 0.5]) == pytest.approx([0.04, 0.09, 0.09, 0.5])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []
