"""`RayEngine`: units of work on the workers of a Ray cluster, or of a Ray on this machine."""

import logging
import os
import socket
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TypeVar

# Ray reports its use to its makers unless told not to; before it is imported.
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")

import ray
from ray.exceptions import RayActorError, RayError

from dataset_builder.common.errors import SubgoalError, UsageError, one_line
from dataset_builder.engines.base import Job, Worker

U = TypeVar("U")
R = TypeVar("R")

PACKAGES = ("subgoal-distillation", "scienceworld")
"""What must be of one version everywhere for the results to be the same."""

MAX_WORKER_DEATHS = 3
"""Deaths of workers in a row, per worker and without one result in between, that end a run."""

_REACH = 5.0  # seconds to wait for the address to answer
_OBJECTS = 100 * 2**20  # bytes for objects on the way; results are small
_LARGEST = 128
_PATIENCE = 1800.0  # seconds for the first worker to come up: it may have models to download
_TOKEN = (
    " Ray wants one token on all machines: copy ~/.ray/auth_token from the head, or set "
    "RAY_AUTH_MODE=disabled on each of them."
)


def installed_versions() -> dict[str, str]:
    """Versions of `PACKAGES` where this is called."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "none"
    return found


class _Actor:
    """A worker in a process of its own; Ray calls it from one thread."""

    def __init__(self, job: Job[Any, Any]) -> None:
        self._worker: Worker[Any, Any] | Exception
        try:
            self._worker = job.start(1)
        except Exception as error:  # raised here, Ray would call it a death, and try again
            self._worker = error

    def work(self, units: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        if isinstance(self._worker, Exception):
            raise self._worker
        yield from self._worker.work(units)

    def pid(self) -> int:
        return os.getpid()


class RayEngine:
    """Workers of a Ray cluster, each with a core, a process, and a `Worker` of its own.

    Args:
        address (`str`, *optional*): `HOST:PORT` of the cluster that this machine belongs to, or `auto`
            for the one running here. By default a Ray of its own is started on this machine.
        workers (`int`, *optional*): by default as many as there are cores.

    Raises:
        UsageError: for an address of another form, or more workers than cores.
        SubgoalError: if the cluster cannot be reached, or has other versions.
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
        """Process ids of the workers that there are now."""
        return ray.get([actor.pid.remote() for actor in self._actors])

    def map(
        self, job: Job[U, R], units: Sequence[U], batch: int | None = 1
    ) -> Generator[tuple[U, R], None, None]:
        """As `Engine.map`. What a worker had in hand when it died is handed out again.

        Raises:
            SubgoalError: if workers keep dying; an error raised by the job comes through as it is.
        """
        count = min(self.workers, len(units))
        if batch is None:
            batch = max(1, min(_LARGEST, -(-len(units) // max(1, count))))
        todo = deque(range(len(units)))
        make = ray.remote(_Actor).options(num_cpus=1, num_gpus=_gpu_share(job, count))
        coming: dict[Any, Any] = {}
        idle: list[Any] = []
        at_work: dict[Any, tuple[Any, list[int]]] = {}
        deaths = 0

        def start() -> None:
            self._actors.append(make.remote(job))
            coming[self._actors[-1].pid.remote()] = self._actors[-1]

        def hand_out(actor: Any) -> None:
            if todo:
                places = [todo.popleft() for _ in range(min(batch, len(todo)))]
                stream = actor.work.options(num_returns="streaming").remote([units[p] for p in places])
                at_work[stream] = (actor, places)
            else:
                idle.append(actor)

        try:
            for _ in range(count):
                start()
            # Work goes to those that are up: a cluster without room for all of them leaves some waiting.
            while at_work or todo:
                patience = None if at_work else _PATIENCE
                ready, _ = ray.wait([*at_work, *coming], num_returns=1, timeout=patience, fetch_local=False)
                if not ready:
                    raise SubgoalError(
                        f"No Ray worker came up within {_PATIENCE:.0f} s: the cluster has no core or GPU "
                        "free, or what a worker loads takes longer. Wait for its other work to end, or ask "
                        "for fewer --workers."
                    )
                stream: Any = ready[0]
                actor = coming.pop(stream, None)
                places: list[int] = []
                try:
                    if actor is not None:
                        ray.get(stream)
                        hand_out(actor)
                        continue
                    actor, places = at_work[stream]
                    place, result = ray.get(next(stream))
                except StopIteration:
                    del at_work[stream]
                    todo.extendleft(_unfinished(places))  # a worker that kept something to itself
                    hand_out(actor)
                except RayActorError as error:
                    deaths += 1
                    if deaths > MAX_WORKER_DEATHS * count:
                        raise SubgoalError(
                            f"{deaths} Ray workers died one after the other: look into Ray's logs; what is "
                            "finished is kept, and the same command goes on."
                        ) from error
                    at_work.pop(stream, None)
                    todo.extendleft(_unfinished(places))
                    self._actors.remove(actor)
                    start()
                    while todo and idle:
                        hand_out(idle.pop())
                else:
                    deaths = 0
                    number, places[place] = places[place], -1
                    yield units[number], result
        except ray.exceptions.RayTaskError as error:
            raise _own_error(error) from None
        finally:
            for actor in self._actors:
                ray.kill(actor)
            self._actors = []


def _unfinished(places: list[int]) -> list[int]:
    """The units of a batch without a result, last first."""
    return [place for place in reversed(places) if place >= 0]


def _gpu_share(job: Job[Any, Any], workers: int) -> float:
    gpus = ray.cluster_resources().get("GPU", 0.0) if job.uses_gpu else 0.0
    return min(1.0, gpus / workers) if workers else 0.0


def _own_error(error: Any) -> BaseException:
    """What the job raised, without what Ray writes around it."""
    cause = getattr(error, "cause", None)
    return cause if isinstance(cause, SubgoalError) else error


def _check_address(address: str) -> None:
    """Raise unless something listens there: Ray itself would try for minutes."""
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
            f"No Ray cluster answers at {address} ({reason}): start one with `ray start --head`, or leave "
            "out --address."
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
    except (ConnectionError, RuntimeError, TimeoutError, ValueError, RayError) as error:
        where = f"The Ray cluster at {address}" if address else "A Ray of this machine's own"
        reason = one_line(error, 200)
        remedy = _TOKEN if "auth" in reason.lower() else ""
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
