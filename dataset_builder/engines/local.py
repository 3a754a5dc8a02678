"""The engine that works in threads of this process."""

import contextlib
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future
from queue import SimpleQueue
from types import TracebackType
from typing import Generic, TypeVar

from rich.progress import Progress

from dataset_builder.engines.base import Job, R, U

T = TypeVar("T")
E = TypeVar("E", bound=Exception)


class LocalEngine:
    """Threads of this process around one worker.

    Args:
        workers (`int`, *optional*, defaults to 1): number of threads. Work without a batch size is one
            batch in the calling thread.

    Example:

    ```python
    for key, record in LocalEngine(workers=2).map(CollectJob("easy"), keys):
        store.append(key, record)
    ```
    """

    name = "local"

    def __init__(self, workers: int = 1) -> None:
        self.workers = workers

    def map(
        self, job: Job[U, R], units: Sequence[U], batch: int | None = 1
    ) -> Generator[tuple[U, R], None, None]:
        """See `Engine.map`."""
        if not units:
            return
        worker = job.start(self.workers)
        try:
            if batch is None:
                with contextlib.closing(worker.work(units)) as results:
                    for index, result in results:
                        yield units[index], result
                return
            parts = [units[start : start + batch] for start in range(0, len(units), batch)]
            with WorkerThreads(lambda part: list(worker.work(part)), parts, self.workers) as threads:
                try:
                    for part, future in threads:
                        for index, result in future.result():
                            yield part[index], result
                except BaseException:
                    # Ctrl-C or a full disk: closing the worker ends the threads that use it.
                    worker.close()
                    raise
        finally:
            worker.close()


class WorkerThreads(Generic[T, R]):
    """A pool of daemon threads; iterating yields (item, future) pairs in the order of completion.

    Leaving the `with` block early gives the threads a grace period to finish their current items. After
    that they do not keep the program from exiting, unlike those of `concurrent.futures`.

    Args:
        work (`Callable`): what to do with an item.
        items (`Sequence`): the items.
        threads (`int`): number of threads.
        grace (`float`, *optional*, defaults to 60): seconds to wait for the current items at the end.

    Example:

    ```python
    with WorkerThreads(annotate_one, trajectories, threads=8) as threads:
        for trajectory, future in threads:
            print(trajectory.task, future.result())
    ```
    """

    def __init__(self, work: Callable[[T], R], items: Sequence[T], threads: int, grace: float = 60.0) -> None:
        self._work = work
        self._items = items
        self._todo = iter(items)
        self._grace = grace
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._done: SimpleQueue[tuple[T, Future[R]]] = SimpleQueue()
        self._threads = [
            threading.Thread(target=self._run, daemon=True) for _ in range(min(threads, len(items)))
        ]

    def __enter__(self) -> "WorkerThreads[T, R]":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        deadline = time.monotonic() + self._grace
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def __iter__(self) -> Iterator[tuple[T, "Future[R]"]]:
        for _ in self._items:
            yield self._done.get()

    def _run(self) -> None:
        while not self._stop.is_set():
            with self._lock:
                item = next(self._todo, self)
            if item is self:
                return
            future: Future[R] = Future()
            try:
                future.set_result(self._work(item))  # type: ignore[arg-type]
            except BaseException as error:
                future.set_exception(error)
            self._done.put((item, future))  # type: ignore[arg-type]


def run_in_threads(
    work: Callable[[T], R],
    items: Sequence[T],
    threads: int,
    *,
    expected: tuple[type[E], ...],
    advance: Callable[[], None],
    progress: Progress | None = None,
) -> tuple[list[R], list[tuple[T, E]]]:
    """Work on all items; some errors are collected, any other ends the run at once.

    Args:
        work (`Callable`): what to do with an item.
        items (`Sequence`): the items.
        threads (`int`): number of threads.
        expected (`tuple[type[Exception], ...]`): errors that concern one item only.
        advance (`Callable`): called after each item.
        progress (`rich.progress.Progress`, *optional*): tells why Ctrl-C takes a while.

    Returns:
        `tuple`: results, and items with their errors, in the order of completion.
    """
    results: list[R] = []
    failures: list[tuple[T, E]] = []
    with WorkerThreads(work, items, threads) as pool:
        try:
            for item, future in pool:
                try:
                    results.append(future.result())
                except expected as error:
                    failures.append((item, error))
                advance()
        except KeyboardInterrupt:
            if progress and threads > 1:
                progress.console.print("Waiting for the answers under way; Ctrl-C again leaves at once.")
            raise
    return results, failures
