"""Engines: who works through keyed units, threads of this process or the workers of a Ray cluster.

A `Job` says what to do with units and what a worker holds for it (a Java process, models); it does not
know which engine runs it. An engine starts the workers, hands out units in batches, and gives the
results back as they come, for the one process that writes the store.
"""

import contextlib
from collections.abc import Generator, Sequence
from importlib.util import find_spec
from typing import Protocol, TypeVar

from dataset_builder.errors import UsageError
from dataset_builder.workers import Crew

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


class LocalEngine:
    """Threads of this process around one worker.

    Args:
        workers (`int`, *optional*, defaults to 1): threads. Work without a batch size is one batch,
            done in the calling thread.
    """

    name = "local"

    def __init__(self, workers: int = 1) -> None:
        self.workers = workers

    def map(
        self, job: Job[U, R], units: Sequence[U], batch: int | None = 1
    ) -> Generator[tuple[U, R], None, None]:
        """As `Engine.map`."""
        if not units:
            return
        worker = job.start(self.workers)
        try:
            if batch is None:
                with contextlib.closing(worker.work(units)) as results:
                    for place, result in results:
                        yield units[place], result
                return
            parts = [units[start : start + batch] for start in range(0, len(units), batch)]
            with Crew(lambda part: list(worker.work(part)), parts, self.workers) as crew:
                try:
                    for part, future in crew:
                        for place, result in future.result():
                            yield part[place], result
                except BaseException:
                    # Ctrl-C or a full disk: what the threads hold is taken away, which ends them.
                    worker.close()
                    raise
        finally:
            worker.close()


def get_engine(name: str, *, workers: int | None = None, address: str | None = None) -> Engine:
    """The engine that a command line asks for: the one place where it is chosen.

    Args:
        name (`str`): one of `ENGINES`.
        workers (`int`, *optional*): threads, or workers of a cluster; by default the engine's own choice.
        address (`str`, *optional*): of a Ray cluster; without one, Ray is started on this machine.

    Raises:
        UsageError: for an unknown engine, what does not go together, or if Ray is not installed.
        SubgoalError: if the cluster cannot be reached.
    """
    if name not in ENGINES:
        raise UsageError(f"Unknown engine {name!r}: use {' or '.join(ENGINES)}.")
    if workers is not None and workers < 1:
        raise UsageError(f"--workers {workers}: give 1 or more.")
    if name == "local":
        if address is not None:
            raise UsageError("--address is of a Ray cluster: add --engine ray, or leave it out.")
        return LocalEngine(workers or 1)
    if find_spec("ray") is None:
        raise UsageError(
            "--engine ray needs ray, which is not installed: run `pip install ray`, or "
            '`pip install -e ".[ray]"` in the project.'
        )
    from dataset_builder.ray_engine import RayEngine

    return RayEngine(address, workers)
