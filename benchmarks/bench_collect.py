"""What collecting expert paths costs beside the simulator's own loads and steps, in one run.

    python -m benchmarks.bench_collect [--variations 4] [--workers 2] [--tasks boil,find-plant]

The variations are collected as `subgoal corpus collect` does, into a folder that is thrown away. The
time spent inside the simulator (loading, stepping, looking) is added up over the threads, and so is
the processor time of this process and of Java: what is left is what tidying and storing cost.
"""

import os
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any

import psutil
import typer
from rich.console import Console

from dataset_builder.common.console import progress_bar, row_table
from dataset_builder.expert import collect as collecting
from dataset_builder.expert.collect import collect
from dataset_builder.simulator.simulator import Episode, Simulator
from dataset_builder.simulator.tasks import select_tasks
from dataset_builder.trajectories.corpus import trajectories

TASKS = (
    "boil,use-thermometer,power-component,test-conductivity,find-living-thing,find-plant,"
    "lifespan-longest-lived,chemistry-mix-paint-secondary-color,grow-plant,inclined-plane-determine-angle,"
    "mendelian-genetics-known-plant"
)
WATCHED = ("load", "step", "look", "inventory", "task_description", "gold_path")


class Watch:
    """Adds up calls and seconds of `Episode`'s methods, over all threads."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._lock = threading.Lock()

    def over(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        """The method, watched."""

        @wraps(method)
        def watched(*args: Any, **options: Any) -> Any:
            start = time.perf_counter()
            try:
                return method(*args, **options)
            finally:
                with self._lock:
                    self.calls[name] += 1
                    self.seconds[name] += time.perf_counter() - start

        return watched


def main(
    variations: Annotated[int, typer.Option(min=1, help="Per task, of the train split.")] = 4,
    workers: Annotated[int | None, typer.Option(help="Threads; the number of cores if left out.")] = None,
    tasks: Annotated[str, typer.Option(help="Comma-separated tasks.")] = TASKS,
) -> None:
    """Collect, and print where the time went."""
    watch = Watch()
    for name in WATCHED:
        setattr(Episode, name, watch.over(name, getattr(Episode, name)))
    java: dict[str, float] = {}

    class Watched(Simulator):
        def close(self) -> None:
            if self.pid is not None and psutil.pid_exists(self.pid):
                spent = psutil.Process(self.pid).cpu_times()
                java["seconds"] = spent.user + spent.system
            super().close()

    collecting.Simulator = Watched  # type: ignore[misc]
    cores = os.cpu_count() or 1
    threads = workers or cores
    with tempfile.TemporaryDirectory() as folder, progress_bar() as bar:
        own = time.process_time()
        start = time.perf_counter()
        collect(folder, select_tasks(tasks), ["train"], limits=variations, workers=threads, progress=bar)
        wall = time.perf_counter() - start
        own = time.process_time() - own
        paths = len(trajectories(folder))
    inside = sum(watch.seconds.values())
    rows = {
        "verified paths": f"{paths}",
        "wall time": f"{wall:.1f} s, {paths / wall:.2f} paths/s with {threads} threads on {cores} cores",
        "loads, steps": f"{watch.calls['load'] / paths:.1f} and {watch.calls['step'] / paths:.0f} a path",
        "loading": f"{watch.seconds['load'] / inside:.0%} of the time inside the simulator",
        "thread time / inside the simulator": f"{threads * wall / inside:.2f}",
        "processor time / Java's": f"{(own + java['seconds']) / java['seconds']:.2f}",
        "cores busy": f"{(own + java['seconds']) / wall:.2f} of {cores}",
    }
    Console(width=120).print(row_table([{"what": what, "figure": figure} for what, figure in rows.items()]))


if __name__ == "__main__":
    typer.run(main)
