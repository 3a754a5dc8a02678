"""Work is repeated when the Java process died, and only then."""

import pytest

from dataset_builder.common.errors import SimulatorDied, SimulatorError
from dataset_builder.simulator.retry import MAX_JVM_RESTARTS, retrying


class Dying:
    """Raises so many times, then returns."""

    def __init__(self, deaths: int, error: Exception | None = None) -> None:
        self.deaths = deaths
        self.error = error or SimulatorDied("gone")
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.calls <= self.deaths:
            raise self.error
        return "done"


def test_work_is_repeated_after_a_death_with_a_revival_between() -> None:
    revived: list[int] = []
    work = Dying(2)
    assert retrying(work, revive=lambda: revived.append(work.calls)) == "done"
    assert (work.calls, revived) == (3, [1, 2])


def test_the_last_death_is_raised() -> None:
    work = Dying(9)
    with pytest.raises(SimulatorDied):
        retrying(work)
    assert work.calls == MAX_JVM_RESTARTS


def test_other_errors_are_not_repeated() -> None:
    work = Dying(1, SimulatorError("refused"))
    with pytest.raises(SimulatorError, match="refused"):
        retrying(work)
    assert work.calls == 1
