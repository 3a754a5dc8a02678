"""Episodes per processor second and memory, over the number of episodes in flight and of workers.

Usage:
    python -m benchmarks.bench_growth [--variations 15] [--in-flight 1,4,16,64] [--plot growth.png]

The released pair plays test variations of eight tasks, once for each combination. Every measurement is a
process of its own. Its processor time and its memory are those of this process and of all that it has
started (Java, Ray and its workers), from the beginning to the last episode: starting Java, the models and
the workers is included. Memory that processes share counts once (proportional set size), at its highest
of two readings a second. With Ray, every worker has that many episodes in flight.
"""

import contextlib
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import Annotated, Any

import psutil
import typer
from matplotlib.figure import Figure
from rich.console import Console
from rich.progress import track

from benchmarks.bench_engines import play
from benchmarks.bench_rollout import TASKS
from benchmarks.plan_scale import processor_seconds
from dataset_builder.common.console import row_table
from dataset_builder.common.figures import FAINT, png, style
from dataset_builder.engines.select import get_engine

_COLOURS = {"local": "#2a9d8f", "ray": "#c8553d"}
_DASHES = {1: "-", 2: "--"}
_SECONDS_BETWEEN_READINGS = 0.5

app = typer.Typer(invoke_without_command=True)


@dataclass(frozen=True)
class Growth:
    """One measurement.

    Attributes:
        engine: `local` or `ray`.
        workers: parallel worlds of one Java process (local), or processes (ray).
        in_flight: episodes that advance together, per worker with Ray.
        episodes: number of episodes played.
        mean_score: their mean score, 0 to 100.
        seconds: wall time.
        cpu_seconds: processor time of all processes.
        memory: highest memory of all processes together, in GiB.
    """

    engine: str
    workers: int
    in_flight: int
    episodes: int
    mean_score: float
    seconds: float
    cpu_seconds: float
    memory: float

    @property
    def per_cpu_second(self) -> float:
        """Episodes per processor second."""
        return self.episodes / self.cpu_seconds

    def row(self) -> dict[str, str]:
        """A row of the table."""
        return {
            "engine": self.engine,
            "workers": str(self.workers),
            "in flight": str(self.in_flight),
            "episodes": str(self.episodes),
            "mean score": f"{self.mean_score:.1f}",
            "episodes/s": f"{self.episodes / self.seconds:.2f}",
            "episodes/CPU s": f"{self.per_cpu_second:.2f}",
            "memory (GiB)": f"{self.memory:.2f}",
        }


class _PeakMemory:
    """Reads the memory of this process and its children in a thread until it is left."""

    def __init__(self) -> None:
        self.bytes = 0
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "_PeakMemory":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._left.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._left.wait(_SECONDS_BETWEEN_READINGS):
            self.bytes = max(self.bytes, sum(_memory_of_family()))


def _memory_of_family() -> Iterator[int]:
    this = psutil.Process()
    for process in [this, *this.children(recursive=True)]:
        with contextlib.suppress(psutil.Error):
            yield process.memory_full_info().pss


@app.command()
def one(engine: str, workers: int, in_flight: int, variations: int) -> None:
    """Measure one combination in this process and print it as JSON."""
    start = time.perf_counter()
    with _PeakMemory() as memory, tempfile.TemporaryDirectory() as folder:
        runner = get_engine(engine, workers=workers)
        episodes = play(runner, "paper", TASKS, variations, in_flight, Path(folder, "run"))
        seconds, cpu_seconds = time.perf_counter() - start, processor_seconds()
    mean = fmean(episode.score or 0 for episode in episodes)
    gib = memory.bytes / 2**30
    growth = Growth(engine, workers, in_flight, len(episodes), mean, seconds, cpu_seconds, gib)
    typer.echo(json.dumps(asdict(growth)))


@app.callback()
def main(
    context: typer.Context,
    variations: Annotated[int, typer.Option(min=1, help="Test variations per task.")] = 15,
    in_flight: Annotated[str, typer.Option(help="Episodes in flight, comma-separated.")] = "1,4,16,64",
    workers: Annotated[str, typer.Option(help="Numbers of workers, comma-separated.")] = "1,2",
    engines: Annotated[str, typer.Option(help="Engines, comma-separated.")] = "local,ray",
    out: Annotated[
        Path | None, typer.Option(help="File of results: what it holds is not measured again.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Write the figure to this PNG file.")] = None,
) -> None:
    """Measure all combinations, and print the table."""
    if context.invoked_subcommand:
        return
    combinations = [
        (engine, count, flight)
        for engine in engines.split(",")
        for count in map(int, workers.split(","))
        for flight in map(int, in_flight.split(","))
    ]
    measured = _read(out)
    for combination in track(combinations, "Measuring"):
        if combination not in measured:
            measured[combination] = _measure(*combination, variations)
            if out:
                out.write_text(json.dumps([asdict(growth) for growth in measured.values()], indent=1))
    Console(width=110).print(row_table([measured[combination].row() for combination in combinations]))
    if plot:
        plot.write_bytes(figure([measured[combination] for combination in combinations]))


def _read(out: Path | None) -> dict[tuple[str, int, int], Growth]:
    records: list[dict[str, Any]] = json.loads(out.read_text()) if out and out.exists() else []
    growths = [Growth(**record) for record in records]
    return {(growth.engine, growth.workers, growth.in_flight): growth for growth in growths}


def _measure(engine: str, workers: int, in_flight: int, variations: int) -> Growth:
    command = [sys.executable, "-m", "benchmarks.bench_growth", "one"]
    arguments = [engine, str(workers), str(in_flight), str(variations)]
    done = subprocess.run([*command, *arguments], stdout=subprocess.PIPE, text=True, check=True)
    return Growth(**json.loads(done.stdout.strip().splitlines()[-1]))


def figure(growths: list[Growth]) -> bytes:
    """A PNG with two panels over the episodes in flight: episodes per processor second, and memory."""
    with style():
        drawn = Figure(figsize=(8.4, 3.4), dpi=120, layout="constrained")
        panels = drawn.subplots(1, 2)
        for axes, title in zip(panels, ("episodes per CPU second", "memory, GiB"), strict=True):
            axes.set_title(title, loc="left", size=11)
            axes.set_xlabel("episodes in flight")
            axes.set_xscale("log", base=2)
            axes.grid(color=FAINT)
            axes.spines[["top", "right"]].set_visible(False)
        for engine, workers in dict.fromkeys((growth.engine, growth.workers) for growth in growths):
            line = [growth for growth in growths if (growth.engine, growth.workers) == (engine, workers)]
            flights = [growth.in_flight for growth in line]
            look = {"color": _COLOURS[engine], "ls": _DASHES.get(workers, ":"), "marker": "o", "ms": 4}
            label = f"{engine}, {workers} worker{'s' if workers > 1 else ''}"
            panels[0].plot(flights, [growth.per_cpu_second for growth in line], label=label, **look)
            panels[1].plot(flights, [growth.memory for growth in line], label=label, **look)
        for axes in panels:
            axes.set_ylim(bottom=0)
            axes.set_xticks(sorted({growth.in_flight for growth in growths}))
            axes.xaxis.set_major_formatter("{x:.0f}")
        panels[1].legend(frameon=False, fontsize=8)
        return png(drawn)


if __name__ == "__main__":
    app()
