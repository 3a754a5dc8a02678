"""What a job, a worker and an engine are: the protocols that all engines follow."""

from collections.abc import Generator, Sequence
from typing import Protocol, TypeVar

U = TypeVar("U")
R = TypeVar("R")
U_contra = TypeVar("U_contra", contravariant=True)
R_co = TypeVar("R_co", covariant=True)


ENGINES = ("local", "ray")


class Worker(Protocol[U_contra, R_co]):
    """Holds what is dear, and works through batches of units; from several threads if told so."""

    def work(self, units: Sequence[U_contra]) -> Generator[tuple[int, R_co], None, None]:
        """The results as they come, in any order, each with its unit's place in `units`."""
        ...

    def close(self) -> None:
        """Let go of everything; work under way in other threads ends with an error."""
        ...


class Job(Protocol[U_contra, R_co]):
    """What workers are made from: plain values, since it may be sent to another machine.

    Attributes:
        uses_gpu: whether a worker takes its share of a GPU where there is one.
    """

    uses_gpu: bool

    def start(self, threads: int) -> Worker[U_contra, R_co]:
        """A worker, made where it works, for so many threads at once."""
        ...


class Engine(Protocol):
    """Runs jobs.

    Attributes:
        name: one of `ENGINES`.
        workers: how many workers, or threads of the one worker, there are.
    """

    name: str
    workers: int

    def map(
        self, job: Job[U, R], units: Sequence[U], batch: int | None = 1
    ) -> Generator[tuple[U, R], None, None]:
        """Work through units; each comes back with its result, as soon as it has one.

        Args:
            job (`Job`): what to do.
            units (`Sequence`): what to do it with.
            batch (`int`, *optional*, defaults to 1): units that a worker is handed at a time. None: as
                the engine thinks best for workers that make much of many units.
        """
        ...
