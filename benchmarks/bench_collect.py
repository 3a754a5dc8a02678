"""Cost of collecting expert paths beyond the simulator's own loads and steps.

Usage:
    python -m benchmarks.bench_collect [--variations 4] [--workers 2] [--tasks boil,find-plant]

Variations are collected into a temporary folder as by `subgoal corpus collect`. The time inside the
simulator (loading, stepping, looking) is added up over the threads, and so is the processor time of this
process and of Java. The rest is the cost of simplifying and storing paths.
"""

import os
import tempfile
import time
from typing import Annotated

import psutil
import typer
from rich.console import Console

from benchmarks.timing import Stopwatch
from dataset_builder.common.console import progress_bar, row_table
from dataset_builder.expert import collect as collecting
from dataset_builder.expert.collect import collect
from dataset_builder.simulator.simulator import Episode, Simulator
from dataset_builder.simulator.tasks import select_tasks
from dataset_builder.trajectories.corpus import Corpus

TASKS = (
    "boil,use-thermometer,power-component,test-conductivity,find-living-thing,find-plant,"
    "lifespan-longest-lived,chemistry-mix-paint-secondary-color,grow-plant,inclined-plane-determine-angle,"
    "mendelian-genetics-known-plant"
)


def main(
    variations: Annotated[int, typer.Option(min=1, help="Train variations per task.")] = 4,
    workers: Annotated[int | None, typer.Option(help="Number of threads. Default: number of cores.")] = None,
    tasks: Annotated[str, typer.Option(help="Comma-separated tasks.")] = TASKS,
) -> None:
    """Collect paths, and print where the time went."""
    stopwatch = Stopwatch()
    stopwatch.watch(Episode, "load", "step", "look", "inventory", "task_description", "gold_path")
    java: dict[str, float] = {}

    class MeasuredSimulator(Simulator):
        def close(self) -> None:
            if self.pid is not None and psutil.pid_exists(self.pid):
                times = psutil.Process(self.pid).cpu_times()
                java["seconds"] = times.user + times.system
            super().close()

    collecting.Simulator = MeasuredSimulator  # type: ignore[misc]
    cores = os.cpu_count() or 1
    threads = workers or cores
    with tempfile.TemporaryDirectory() as folder, progress_bar() as bar:
        processor = time.process_time()
        start = time.perf_counter()
        collect(folder, select_tasks(tasks), ["train"], limits=variations, workers=threads, progress=bar)
        wall = time.perf_counter() - start
        processor = time.process_time() - processor
        paths = len(Corpus(folder).trajectories())
    seconds = {method: spent for (_, method), spent in stopwatch.seconds.items()}
    calls = {method: count for (_, method), count in stopwatch.calls.items()}
    inside = sum(seconds.values())
    rows = {
        "verified paths": f"{paths}",
        "wall time": f"{wall:.1f} s, {paths / wall:.2f} paths/s with {threads} threads on {cores} cores",
        "loads, steps": f"{calls['load'] / paths:.1f} and {calls['step'] / paths:.0f} per path",
        "loading": f"{seconds['load'] / inside:.0%} of the time inside the simulator",
        "thread time / inside the simulator": f"{threads * wall / inside:.2f}",
        "processor time / Java's": f"{(processor + java['seconds']) / java['seconds']:.2f}",
        "cores busy": f"{(processor + java['seconds']) / wall:.2f} of {cores}",
    }
    Console(width=120).print(row_table([{"what": what, "figure": figure} for what, figure in rows.items()]))


if __name__ == "__main__":
    typer.run(main)
