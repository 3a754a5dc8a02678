"""`subgoal quickstart`: the whole method once, small, from the simulator to a scored pair.

Every stage keeps what it finished, so that running the command again goes on where it stopped.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from dataset_builder.common.console import progress_bar
from dataset_builder.common.errors import SubgoalError
from dataset_builder.simulator.tasks import Task, select_tasks
from dataset_builder.trajectories.model_input import ROLES

TASKS = "find-animal,use-thermometer,test-conductivity-of-unknown-substances,lifespan-longest-lived"
"""Find and carry something; measure and decide; build a circuit and decide; know about living things."""

TRAIN, VALIDATION, TEST = 60, 6, 5
"""Variations per task and split (fewer where a task has fewer)."""

RECIPE = "scratch-tiny"
console = Console()


@dataclass(frozen=True)
class Layout:
    """Where the quickstart keeps things."""

    root: Path

    @property
    def corpus(self) -> Path:
        return self.root / "corpus"

    @property
    def dataset(self) -> Path:
        return self.root / "dataset"

    def model(self, role: str) -> Path:
        return self.root / role

    def run(self, agent: str) -> Path:
        return self.root / "runs" / agent


def quickstart_command(
    out: Annotated[Path, typer.Option(help="Everything goes here; running again continues.")] = Path(
        "quickstart"
    ),
    tasks: Annotated[str, typer.Option(help="Names or ids, comma-separated.")] = TASKS,
    seed: Annotated[int, typer.Option(help="Of the training runs and of the random agent.")] = 0,
) -> None:
    """Do the whole method once, small: expert paths, sub-goals, dataset, training, scores."""
    from dataset_builder.common.folder_lock import folder_lock

    chosen = select_tasks(tasks)
    layout = Layout(out)
    stages: list[tuple[str, Callable[[], None]]] = [
        (
            "Expert paths: the simulator's own solutions, shortened, each verified by a replay to 100.",
            lambda: _collect(layout, chosen),
        ),
        (
            "Sub-goals: rules cut each path into the steps of a plan; the result is a dataset folder.",
            lambda: _build(layout),
        ),
        (
            "Training from scratch: a controller (state → sub-goal), an executor (state and sub-goal → "
            "action), and a flat model of the same size without sub-goals.",
            lambda: _train(layout, seed),
        ),
        (
            "Playing unseen TEST variations: the pair beside its baselines, no language model called.",
            lambda: _play(layout, chosen, seed),
        ),
    ]
    with folder_lock(out):
        for number, (explanation, stage) in enumerate(stages, 1):
            console.print(f"[bold]{number}/{len(stages)}[/bold] {explanation}", highlight=False)
            stage()


def _collect(layout: Layout, tasks: list[Task]) -> None:
    from dataset_builder.expert.collect import collect

    limits = {"train": TRAIN, "validation": VALIDATION, "test": TEST}
    with progress_bar() as bar:
        report = collect(layout.corpus, tasks, limits=limits, progress=bar)
    for reason, count in report.reasons.most_common():
        console.print(f"given up {count} times: {reason}", highlight=False)


def _build(layout: Layout) -> None:
    from dataset_builder.annotation.annotate_corpus import annotate
    from dataset_builder.annotation.annotators import annotator
    from dataset_builder.dataset.build import build
    from dataset_builder.trajectories.corpus import annotation_store, trajectories, trajectory_store

    teacher = annotator("rules")
    with progress_bar() as bar:
        annotate(layout.corpus, teacher, trajectories(layout.corpus), bar)
        sources = (trajectory_store(layout.corpus).path, annotation_store(layout.corpus, teacher.name).path)
        card = layout.dataset / "README.md"
        if not card.exists() or card.stat().st_mtime < max(path.stat().st_mtime for path in sources):
            build(layout.corpus, layout.dataset, progress=bar)


def _train(layout: Layout, seed: int) -> None:
    """Train the three roles side by side, each on one core: so small a model gains little from more."""
    with progress_bar() as bar, ThreadPoolExecutor(os.cpu_count()) as pool:
        lines = {role: bar.add_task(role, total=None) for role in ROLES}
        running = {pool.submit(_train_role, layout, role, seed): role for role in ROLES}
        for future in as_completed(running):
            role = running[future]
            summary = future.result()
            bar.update(lines[role], total=1, completed=1)
            bar.console.print(summary, highlight=False, soft_wrap=True)


def _train_role(layout: Layout, role: str, seed: int) -> str:
    """`subgoal train` in a process of its own; returns what it said last."""
    command = [sys.executable, "-m", "subgoal.child", str(os.getpid()), "train", role, "--recipe", RECIPE]
    command += ["--seed", str(seed), "--dataset", str(layout.dataset), "--out", str(layout.model(role))]
    done = subprocess.run(
        command, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"}, check=False
    )
    if done.returncode:
        reason = done.stderr.strip().rpartition("\n")[2].removeprefix("error: ")
        raise SubgoalError(reason or f"Training the {role} ended with status {done.returncode}.")
    said = [line for line in done.stdout.splitlines() if line.startswith(f"{role}:")]
    return said[-1] if said else f"{role}: trained already"


def _play(layout: Layout, tasks: list[Task], seed: int) -> None:
    from datasets import disable_progress_bars

    from dataset_builder.simulator.simulator import Simulator
    from eval_harness import AgentOptions, comparison_table, make_agent, run_protocol

    disable_progress_bars()
    names = [task.name for task in tasks]
    results = []
    with Simulator() as simulator:
        options = {
            "hierarchical": AgentOptions(
                controller=str(layout.model("controller")), executor=str(layout.model("executor"))
            ),
            "flat": AgentOptions(flat=str(layout.model("flat"))),
            "random": AgentOptions(),
            "expert": AgentOptions(trajectories=str(layout.dataset), simulator=simulator),
        }
        for name, option in options.items():
            console.print(f"  {name}", highlight=False)
            results.append(
                run_protocol(
                    make_agent(name, option),
                    "paper",
                    layout.run(name),
                    simulator=simulator,
                    tasks=names,
                    max_variations=TEST,
                    seed=seed,
                )
            )
    console.print(
        comparison_table(
            results,
            title="Mean score (0-100) on unseen test variations",
            caption="A demonstration: minutes of training on a few tasks. It shows that the pieces work "
            "together, not how good the method is.",
        )
    )
    for what, path in (
        ("dataset", layout.dataset),
        ("controller", layout.model("controller")),
        ("executor", layout.model("executor")),
        ("flat model", layout.model("flat")),
        ("results", layout.root / "runs"),
    ):
        console.print(f"{what:>12}: {path}", highlight=False, soft_wrap=True)
