"""Uncertainty of mean scores: bootstrap intervals and a paired test, both stratified by task.

The unit of resampling is the variation of a task: episodes of one variation (several seeds) stay
together. The tasks are fixed, as in every protocol. An interval therefore covers other variations of
the same tasks, but neither other tasks nor another training of the same models.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 10_000
LEVEL = 0.95
_EXACT = 14
"""Up to this number of nonzero differences, all sign patterns (2^14 = 16,384) are enumerated."""

Scores = Mapping[str, Sequence[Sequence[float]]]
"""Task → variation → episode: `scores[task][i]` holds the values of all episodes of variation i."""


@dataclass(frozen=True)
class Estimate:
    """A mean with its interval.

    Attributes:
        mean: the point estimate.
        low, high: 95% interval; None if a task has only one variation, so that its spread is unknown.

    Example:

    ```python
    >>> estimate = Bootstrap({"boil": [[10.0], [30.0]]}).mean()
    >>> estimate.low, estimate.mean, estimate.high
    (10.0, 20.0, 30.0)
    ```
    """

    mean: float
    low: float | None = None
    high: float | None = None


class Bootstrap:
    """Bootstrap distribution of task means and of means over them.

    Each of a task's n variations is drawn with replacement, n - 1 draws at a time: with the usual n
    the spread of so few (2 to 10 a task) would come out too small by the factor (n - 1) / n (Rao and
    Wu 1988, J. Am. Stat. Assoc. 83:231-241). Intervals are percentiles (Efron and Tibshirani 1993,
    An Introduction to the Bootstrap, chapter 13). Drawing within tasks keeps the protocol's design,
    as arXiv 2405.02749 averages: the plain mean over tasks.

    A task with one variation has no interval, nor does a mean over such tasks: taking its unknown spread as 0
    would make the interval far too narrow. A task whose scores are all equal adds no spread, either, which
    makes intervals optimistic: a few episodes at 100 do not prove that all would be.

    Args:
        scores (`Scores`): task → variation → values, such as scores from 0 to 100, or differences.
        seed (`int`, *optional*, defaults to 0): seed of the draws. The draws of a task depend only on
            this and its name, so that its interval is the same in every report.

    Example:

    ```python
    >>> Bootstrap({"boil": [[10.0], [30.0]], "melt": [[50.0], [70.0]]}).mean()
    Estimate(mean=40.0, low=30.0, high=50.0)
    ```
    """

    def __init__(self, scores: Scores, seed: int = 0) -> None:
        # Task → sum of the values and their number; `_draws` holds both for every resample, each of shape
        # (RESAMPLES,).
        self._totals: dict[str, tuple[float, int]] = {}
        self._draws: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        self._single: set[str] = set()
        for task, variations in scores.items():
            variations = [values for values in variations if len(values)]
            if not variations:
                continue
            sums = np.array([float(sum(values)) for values in variations])
            counts = np.array([len(values) for values in variations])
            dice = np.random.default_rng([seed, *task.encode()])
            # n - 1 draws, not n, correct the bias of a small n. Indices of shape (RESAMPLES, n - 1).
            drawn = dice.integers(0, len(sums), (RESAMPLES, max(1, len(sums) - 1)))
            self._totals[task] = float(sums.sum()), int(counts.sum())
            self._draws[task] = sums[drawn].sum(axis=1), counts[drawn].sum(axis=1)
            if len(sums) == 1:
                self._single.add(task)

    def mean(self, tasks: Iterable[str] | None = None) -> Estimate | None:
        """The plain mean over tasks of the tasks' means; over all tasks by default.

        Returns:
            `Estimate`, or None if none of the tasks has a value.
        """
        selected = self._with_values(tasks)
        if not selected:
            return None
        mean = sum(self._totals[task][0] / self._totals[task][1] for task in selected) / len(selected)
        drawn = np.mean([self._draws[task][0] / self._draws[task][1] for task in selected], axis=0)
        return self._estimate(selected, mean, drawn)

    def pooled(self) -> Estimate | None:
        """The mean over all values regardless of their task, such as the share of solved episodes."""
        tasks = self._with_values(None)
        if not tasks:
            return None
        mean = sum(self._totals[task][0] for task in tasks) / sum(self._totals[task][1] for task in tasks)
        sums, counts = (np.sum([self._draws[task][part] for task in tasks], axis=0) for part in (0, 1))
        return self._estimate(tasks, mean, sums / counts)

    @property
    def single(self) -> int:
        """Number of tasks with only one variation, whose spread is unknown."""
        return len(self._single)

    def _with_values(self, tasks: Iterable[str] | None) -> list[str]:
        return list(self._totals) if tasks is None else [task for task in tasks if task in self._totals]

    def _estimate(self, tasks: Sequence[str], mean: float, drawn: np.ndarray) -> Estimate:
        if self._single.intersection(tasks):
            return Estimate(mean)
        low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        return Estimate(mean, float(low), float(high))


def sign_flip_test(differences: Scores, seed: int = 0) -> float:
    """Two-sided p value of the mean over tasks of paired differences.

    If two agents play equally well, a variation's difference is as likely to have the other sign:
    the mean is compared with those of all sign patterns, or of 10,000 drawn ones where there are
    too many. Pairs stay within their tasks. (Fisher's randomization test; for systems on the same
    examples: Dror et al. 2018, ACL P18-1128. A drawn p value is never 0: Phipson and Smyth 2010,
    Stat. Appl. Genet. Mol. Biol. 9:39.)

    Args:
        differences (`Scores`): task → variation → second agent's score minus the first's.
        seed (`int`, *optional*, defaults to 0): seed of the draws.
    """
    weights = _weights(differences)
    observed = abs(weights.sum()) - 1e-9  # sums in another order differ in the last digits
    weights = weights[weights != 0]  # a difference of 0 has the same effect with either sign
    if not len(weights):
        return 1.0
    if len(weights) <= _EXACT:
        # Bit j of row i is the sign of weight j in pattern i: shape (2^n, n).
        patterns = np.arange(2 ** len(weights))[:, None] >> np.arange(len(weights)) & 1
        return float((abs((1 - 2 * patterns) @ weights) >= observed).mean())
    dice = np.random.default_rng(seed)
    signs = 1 - 2 * dice.integers(0, 2, (RESAMPLES, len(weights)), dtype=np.int8)
    return float((1 + (abs(signs @ weights) >= observed).sum()) / (RESAMPLES + 1))


def _weights(differences: Scores) -> np.ndarray:
    """The contribution of each variation to the mean over tasks: shape (number of variations,)."""
    tasks = [[values for values in variations if len(values)] for variations in differences.values()]
    tasks = [variations for variations in tasks if variations]
    return np.array(
        [
            sum(values) / sum(map(len, variations)) / len(tasks)
            for variations in tasks
            for values in variations
        ]
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """P values adjusted for multiple tests: of 30 tasks, one or two fall below 0.05 by chance.

    Step-down procedure of Holm 1979, Scand. J. Stat. 6:65-70.
    """
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        # The maximum keeps the adjusted values in the order of the unadjusted ones.
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted
