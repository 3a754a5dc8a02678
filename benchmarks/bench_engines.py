"""Throughput of the local engine and of Ray, with 1 and 2 workers, in one run.

Usage:
    python -m benchmarks.bench_engines [--variations 2] [--workers 1,2]

Collecting: train variations of five tasks. Playing: the released pair on as many test variations. Each
measurement writes to a new folder. Starting Java, Ray's workers and the models is included, starting Ray
itself is not. The records of both engines are compared.
"""

import os
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from dataset_builder.common.console import row_table
from dataset_builder.engines.base import Engine
from dataset_builder.engines.select import get_engine
from dataset_builder.expert.collect import collect
from dataset_builder.simulator.simulator import Simulator
from dataset_builder.simulator.tasks import select_tasks
from dataset_builder.trajectories.corpus import trajectory_store
from eval_harness.agents.options import AgentOptions
from eval_harness.agents.registry import make_agent
from eval_harness.results.records import EpisodeResult
from eval_harness.rollout.jobs import AgentMaker
from eval_harness.rollout.run import run_protocol

TASKS = "use-thermometer,find-plant,find-animal,lifespan-longest-lived,test-conductivity"
PAIR = AgentOptions(controller="release/controller", executor="release/executor")


def collected(engine: Engine, variations: int, out: Path) -> dict[Any, Any]:
    """Records by key."""
    collect(out, select_tasks(TASKS), ["train"], limits=variations, engine=engine)
    return {tuple(record["key"]): record for record in trajectory_store(out)}


def play(
    engine: Engine, protocol: str, tasks: str, variations: int, in_flight: int, out: Path
) -> list[EpisodeResult]:
    """The released pair's episodes of test variations.

    Args:
        engine (`Engine`): with its number of workers.
        protocol (`str`): name of a protocol.
        tasks (`str`): comma-separated tasks.
        variations (`int`): most variations per task.
        in_flight (`int`): episodes that advance together, in each worker of Ray.
        out (`Path`): run folder.
    """
    with Simulator(worlds=engine.workers) as simulator:
        result = run_protocol(
            make_agent("hierarchical", PAIR),
            protocol,
            out,
            simulator=simulator,
            tasks=tasks,
            max_variations=variations,
            batch_size=in_flight,
            engine=engine,
            maker=AgentMaker.of("hierarchical", PAIR),
            progress=False,
        )
    return result.episode_results()


def played(engine: Engine, variations: int, out: Path) -> dict[Any, Any]:
    """Scores and actions by key."""
    episodes = play(engine, "full", TASKS, variations, 4, out)
    return {episode.key: (episode.score, episode.actions) for episode in episodes}


def main(
    variations: Annotated[int, typer.Option(help="Variations per task.")] = 2,
    workers: Annotated[str, typer.Option(help="Numbers of workers, comma-separated.")] = "1,2",
    jobs: Annotated[str, typer.Option(help="collect, play or both, comma-separated.")] = "collect,play",
) -> None:
    """Measure, and print the table."""
    rows = []
    works = {"collect": collected, "play": played}
    for job in jobs.split(","):
        first: dict[Any, Any] | None = None
        for name in ("local", "ray"):
            for count in map(int, workers.split(",")):
                load = os.getloadavg()[0]
                engine = get_engine(name, workers=count)
                with tempfile.TemporaryDirectory() as folder:
                    start = time.perf_counter()
                    records = works[job](engine, variations, Path(folder) / "out")
                    seconds = time.perf_counter() - start
                if name == "ray":
                    import ray

                    ray.shutdown()  # the next measurement uses another number of cores
                first = first if first is not None else records
                same = sum(records[key] == record for key, record in first.items())
                typer.echo(f"{job} {name} {count}: {len(records)} in {seconds:.1f} s", err=True)
                rows.append(
                    {
                        "job": job,
                        "engine": name,
                        "workers": str(count),
                        "items": str(len(records)),
                        "seconds": f"{seconds:.1f}",
                        "items per second": f"{len(records) / seconds:.2f}",
                        "same as first row": f"{same} of {len(first)}",
                        "load average before": f"{load:.1f}",
                    }
                )
    Console(width=110).print(row_table(rows, f"{os.cpu_count()} cores"))


if __name__ == "__main__":
    typer.run(main)
