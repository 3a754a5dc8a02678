"""The protocols of jobs, workers and engines."""

from collections.abc import Generator, Sequence
from typing import Protocol, TypeVar

U = TypeVar("U")
R = TypeVar("R")
U_contra = TypeVar("U_contra", contravariant=True)
R_co = TypeVar("R_co", covariant=True)

ENGINES = ("local", "ray")


class Worker(Protocol[U_contra, R_co]):
    """Owns the expensive resources (a Java process, models) and processes batches of work items.

    A worker that was started for several threads is called from all of them.

    Example:

    ```python
    >>> class Squares:
    ...     def work(self, units):
    ...         for index, unit in enumerate(units):
    ...             yield index, unit**2
    ...     def close(self): ...
    ```
    """

    def work(self, units: Sequence[U_contra]) -> Generator[tuple[int, R_co], None, None]:
        """Yields (index in `units`, result) pairs as results come, in any order."""
        ...

    def close(self) -> None:
        """Release the resources; work in progress in other threads ends with an error."""
        ...


class Job(Protocol[U_contra, R_co]):
    """Makes workers. It holds plain values only, because it may be pickled and sent to another machine.

    Attributes:
        uses_gpu: whether a worker gets a share of a GPU, if there is one.

    Example:

    ```python
    class SquaresJob:
        uses_gpu = False

        def start(self, threads):
            return Squares()  # see `Worker`
    ```
    """

    uses_gpu: bool

    def start(self, threads: int) -> Worker[U_contra, R_co]:
        """Creates a worker in the process where it works; `threads` is the number of threads that use it."""
        ...


class Engine(Protocol):
    """Runs jobs.

    Attributes:
        name: one of `ENGINES`.
        workers: number of workers, or of threads of a single worker.

    Example:

    ```python
    engine = get_engine("ray", workers=4, address="auto")
    for key, record in engine.map(CollectJob("easy"), keys):
        store.append(key, record)
    ```
    """

    name: str
    workers: int

    def map(
        self, job: Job[U, R], units: Sequence[U], batch: int | None = 1
    ) -> Generator[tuple[U, R], None, None]:
        """Yields (work item, result) pairs, each as soon as its result arrives.

        Args:
            job (`Job`): what to do.
            units (`Sequence`): the work items.
            batch (`int`, *optional*, defaults to 1): items that a worker gets at a time. None: the engine
                decides, for workers that process many items faster together.
        """
        ...
