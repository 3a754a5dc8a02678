"""`RayEngine`: work items on the workers of a Ray cluster, or of a Ray on this machine."""

import logging
import os
import socket
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TypeVar

# Ray sends usage statistics unless this is set before it is imported.
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")

import ray
from ray.exceptions import RayActorError, RayError

from dataset_builder.common.errors import SubgoalError, UsageError, one_line
from dataset_builder.engines.base import Job, Worker

U = TypeVar("U")
R = TypeVar("R")

PACKAGES = ("subgoal-distillation", "scienceworld")
"""Packages that need the same version on every machine for the results to be the same."""

MAX_WORKER_DEATHS = 3
"""Deaths per worker, without one result in between, after which a run ends."""

_REACH = 5.0  # seconds to wait for the address to answer
_OBJECTS = 100 * 2**20  # bytes for objects on the way; results are small
_MAX_BATCH = 128
_DONE = -1  # in place of the index of an item that has its result
WORKER_START_TIMEOUT_S = 1800.0
"""Timeout in seconds for the first worker to start; it may have to download models."""

_TOKEN = (
    " Ray needs the same token on all machines: copy ~/.ray/auth_token from the head, or set "
    "RAY_AUTH_MODE=disabled on each of them."
)


def installed_versions() -> dict[str, str]:
    """Versions of `PACKAGES` on this machine."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "none"
    return versions


class _Actor:
    """A worker in its own process; Ray calls it from one thread."""

    def __init__(self, job: Job[Any, Any]) -> None:
        self._worker: Worker[Any, Any] | Exception
        try:
            self._worker = job.start(1)
        except Exception as error:  # raised here, Ray would take it for a death and try again
            self._worker = error

    def work(self, units: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        if isinstance(self._worker, Exception):
            raise self._worker
        yield from self._worker.work(units)

    def pid(self) -> int:
        return os.getpid()


class RayEngine:
    """Workers of a Ray cluster, each with its own core, process and `Worker`.

    Args:
        address (`str`, *optional*): `HOST:PORT` of the cluster that this machine belongs to, or `auto`
            for the one running here. By default Ray is started on this machine.
        workers (`int`, *optional*): number of workers; by default the number of cores.

    Raises:
        UsageError: for an address of another form, or more workers than cores.
        SubgoalError: if the cluster cannot be reached, or has other versions.

    Example:

    ```python
    engine = RayEngine("10.0.0.1:6379", workers=32)
    collect("corpus", select_tasks("boil"), engine=engine)
    ```
    """

    name = "ray"

    def __init__(self, address: str | None = None, workers: int | None = None) -> None:
        if address is not None:
            _check_address(address)
        if not ray.is_initialized():
            _connect(address, workers)
        cores = int(ray.cluster_resources().get("CPU", 1))
        self.workers = workers or cores
        if self.workers > cores:
            raise UsageError(f"--workers {self.workers}: the cluster has {cores} cores; ask for fewer.")
        self._actors: list[Any] = []
        _check_versions()

    def pids(self) -> list[int]:
        """Process ids of the current workers."""
        return ray.get([actor.pid.remote() for actor in self._actors])

    def map(
        self, job: Job[U, R], units: Sequence[U], batch: int | None = 1
    ) -> Generator[tuple[U, R], None, None]:
        """See `Engine.map`. The unfinished items of a worker that died are assigned again.

        Raises:
            SubgoalError: if workers keep dying; an error raised by the job is raised unchanged.
        """
        count = min(self.workers, len(units))
        if batch is None:
            batch = max(1, min(_MAX_BATCH, -(-len(units) // max(1, count))))
        make = ray.remote(_Actor).options(num_cpus=1, num_gpus=_gpu_share(job, count))
        schedule = _Schedule(lambda: make.remote(job), units, batch, self._actors)
        try:
            for _ in range(count):
                schedule.start()
            for index, result in schedule.results(MAX_WORKER_DEATHS * count):
                yield units[index], result
        except ray.exceptions.RayTaskError as error:
            raise _own_error(error) from None
        finally:
            for actor in self._actors:
                ray.kill(actor)
            self._actors.clear()


class _Schedule:
    """Which worker has which items of one `RayEngine.map`.

    Args:
        make (`Callable`): starts an actor.
        units (`Sequence`): the work items; everywhere else they are named by their index.
        batch (`int`): items that a worker gets at a time.
        actors (`list`): the engine's actors; started and dead ones are added and removed here.
    """

    def __init__(self, make: Callable[[], Any], units: Sequence[Any], batch: int, actors: list[Any]) -> None:
        self._make, self._units, self._batch, self._actors = make, units, batch, actors
        self._todo = deque(range(len(units)))
        self._starting: dict[Any, Any] = {}  # future of a process id → the actor
        self._working: dict[Any, tuple[Any, list[int]]] = {}  # stream of results → actor, its items
        self._idle: list[Any] = []

    def start(self) -> None:
        """Start one more worker; it gets items once it has started."""
        actor = self._make()
        self._actors.append(actor)
        self._starting[actor.pid.remote()] = actor

    def results(self, max_deaths: int) -> Generator[tuple[int, Any], None, None]:
        """Yields (index, result) pairs until all items have one.

        Items go to the workers that are up: a cluster without room for all workers leaves some waiting.
        """
        deaths = 0
        while self._working or self._todo:
            event = self._next_event()
            try:
                if event in self._starting:
                    ray.get(event)
                    self._hand_out(self._starting.pop(event))
                    continue
                position, result = ray.get(next(event))
            except StopIteration:
                actor, items = self._working.pop(event)
                self._todo.extendleft(_unfinished(items))  # if the worker did not yield all results
                self._hand_out(actor)
            except RayActorError as error:
                deaths += 1
                if deaths > max_deaths:
                    raise SubgoalError(
                        f"{deaths} Ray workers died one after the other: look into Ray's logs; what is "
                        "finished is kept, and the same command resumes."
                    ) from error
                self._replace(event)
            else:
                deaths = 0
                items = self._working[event][1]
                index, items[position] = items[position], _DONE
                yield index, result

    def _next_event(self) -> Any:
        """A worker that came up, or a stream with a new result."""
        # While nobody works, a worker must come up; while somebody does, a result may take any time.
        timeout = None if self._working else WORKER_START_TIMEOUT_S
        ready, _ = ray.wait(
            [*self._working, *self._starting], num_returns=1, timeout=timeout, fetch_local=False
        )
        if not ready:
            raise SubgoalError(
                f"No Ray worker came up within {WORKER_START_TIMEOUT_S:.0f} s: the cluster has no core or "
                "GPU free, or what a worker loads takes longer. Wait for its other work to end, or ask for "
                "fewer --workers."
            )
        return ready[0]

    def _hand_out(self, actor: Any) -> None:
        if not self._todo:
            self._idle.append(actor)
            return
        items = [self._todo.popleft() for _ in range(min(self._batch, len(self._todo)))]
        work = actor.work.options(num_returns="streaming")
        self._working[work.remote([self._units[index] for index in items])] = (actor, items)

    def _replace(self, event: Any) -> None:
        """Replace a dead worker, and assign its unfinished items again."""
        actor = self._starting.pop(event, None)
        if actor is None:
            actor, items = self._working.pop(event)
            self._todo.extendleft(_unfinished(items))
        self._actors.remove(actor)
        self.start()
        while self._todo and self._idle:
            self._hand_out(self._idle.pop())


def _unfinished(items: list[int]) -> list[int]:
    """The items of a batch without a result, last first: `extendleft` reverses them again."""
    return [index for index in reversed(items) if index != _DONE]


def _gpu_share(job: Job[Any, Any], workers: int) -> float:
    gpus = ray.cluster_resources().get("GPU", 0.0) if job.uses_gpu else 0.0
    return min(1.0, gpus / workers) if workers else 0.0


def _own_error(error: Any) -> BaseException:
    """The error that the job raised, without Ray's wrapper."""
    cause = getattr(error, "cause", None)
    return cause if isinstance(cause, SubgoalError) else error


def _check_address(address: str) -> None:
    """Raise `UsageError` unless something listens at the address: Ray itself would try for minutes."""
    if address == "auto":
        return
    host, _, port = address.rpartition(":")
    if "://" in address or not host or not port.isdigit():
        raise UsageError(
            f"--address {address!r}: use HOST:PORT of the cluster's head, or auto, on a machine that "
            "belongs to the cluster."
        )
    try:
        socket.create_connection((host, int(port)), timeout=_REACH).close()
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SubgoalError(
            f"No Ray cluster answers at {address} ({reason}): start one with `ray start --head`, or omit "
            "--address."
        ) from None


def _connect(address: str | None, workers: int | None) -> None:
    own: dict[str, Any] = {} if address else {"num_cpus": workers, "object_store_memory": _OBJECTS}
    try:
        ray.init(
            address=address or "local",
            include_dashboard=None if address else False,
            log_to_driver=False,
            logging_level=logging.ERROR,
            **own,
        )
    except Exception as error:  # Ray raises a plain `Exception` where a process of its own starts too slowly
        where = f"The Ray cluster at {address}" if address else "A Ray of this machine's own"
        reason = one_line(error, 200)
        remedy = _TOKEN if "auth" in reason.lower() else ""
        if "timed out during startup" in reason:
            remedy = " Is the machine busy? Try again, or use --engine local."
        raise SubgoalError(f"{where} cannot be used ({reason}).{remedy}") from None


def _check_versions() -> None:
    """Raise `SubgoalError` if a machine of the cluster has other versions, or none."""
    here = installed_versions()
    probe = ray.remote(installed_versions)
    for node in (node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU")):
        near = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
        where = node["NodeManagerHostname"]
        try:
            there = ray.get(probe.options(num_cpus=0, scheduling_strategy=near).remote())
        except RayError:
            raise SubgoalError(
                f"{where} cannot load this package: install version {here[PACKAGES[0]]} of "
                f"{PACKAGES[0]} on every machine of the cluster."
            ) from None
        for package in PACKAGES:
            if there[package] != here[package]:
                raise SubgoalError(
                    f"{where} has version {there[package]} of {package}, this machine {here[package]}: "
                    "install the same one on every machine of the cluster."
                )
