"""The clock of a training, and the learning-rate schedules that follow it."""

import math
import time

from modeling.runtime.distributed import from_first


class TrainingClock:
    """Progress of a training, by steps or by wall-clock time, whichever is ahead.

    Args:
        max_minutes (`float` or `None`): time limit; None for no limit.
        seconds_before (`float`, *optional*, defaults to 0): time used by earlier runs of the same
            training.

    Example:

    ```python
    clock = TrainingClock(max_minutes=60)
    clock.begin()
    clock.look()
    clock.share(step=100, total_steps=1000)  # 0.1, or more after six minutes
    ```
    """

    def __init__(self, max_minutes: float | None, seconds_before: float = 0.0) -> None:
        self.limit = None if max_minutes is None else 60 * max_minutes
        self._before = seconds_before
        self._start: float | None = None
        self._seen = seconds_before

    def begin(self) -> None:
        """Start the clock."""
        self._start = time.monotonic()

    def end(self) -> None:
        """Stop the clock."""
        self._before, self._start = self.seconds, None

    @property
    def seconds(self) -> float:
        """Seconds used so far, including earlier runs."""
        return self._before + (0.0 if self._start is None else time.monotonic() - self._start)

    def look(self) -> None:
        """Read the clock, once per step. All processes use that of rank 0, so that they stop together."""
        if self.limit:
            self._seen = from_first(self.seconds)

    @property
    def over(self) -> bool:
        """Whether the time limit had been reached when `look` was last called."""
        return self.limit is not None and self._seen >= self.limit

    def share(self, step: int, total_steps: int) -> float:
        """Share of the training that was over when `look` was last called, 0 to 1."""
        by_clock = self._seen / self.limit if self.limit else 0.0
        return min(1.0, max(step / max(1, total_steps), by_clock))


def rate_factor(schedule: str, warmup: float, share: float) -> float:
    """Learning rate as a fraction of its maximum.

    Args:
        schedule (`str`): `linear`, `cosine` or `constant`.
        warmup (`float`): share of the training in which the rate rises.
        share (`float`): share of the training that is over, 0 to 1.
    """
    if share < warmup:
        return max(share, 1e-3) / warmup
    rest = (share - warmup) / (1 - warmup)
    if schedule == "linear":
        return 1 - rest
    return 0.5 * (1 + math.cos(math.pi * rest)) if schedule == "cosine" else 1.0
