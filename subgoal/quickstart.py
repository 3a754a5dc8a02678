"""`subgoal quickstart`: the whole method at small scale, from the simulator to a scored pair.

Every stage keeps what it has finished, so the same command resumes.
"""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from dataset_builder.common.console import progress_bar
from dataset_builder.common.errors import SubgoalError
from dataset_builder.simulator.tasks import Task, select_tasks
from dataset_builder.trajectories.model_input import ROLES

TASKS = "find-animal,use-thermometer,grow-fruit"
"""Carry an animal (5 steps), decide by a measurement (9), grow a fruit (21)."""

TRAIN, VALIDATION, TEST = 60, 6, 5
"""Variations per task and split (fewer where a task has fewer)."""

RECIPE = "quickstart"

RELEASE = Path(__file__).resolve().parents[1] / "release"
"""The released pair: part of the repository, but not of the installed package."""

console = Console()


def quickstart_command(
    out: Annotated[Path, typer.Option(help="Folder of all results. The same command resumes.")] = Path(
        "quickstart"
    ),
    tasks: Annotated[str, typer.Option(help="Task names or ids, comma-separated.")] = TASKS,
    seed: Annotated[int, typer.Option(help="Seed of the trainings and of the random agent.")] = 0,
) -> None:
    """Run the whole method at small scale: trajectories, sub-goals, dataset, training, scores.

    Example: subgoal quickstart --out try --tasks boil,melt
    """
    from dataset_builder.common.folder_lock import folder_lock

    selected = select_tasks(tasks)
    with folder_lock(out):
        _announce(1, "Expert trajectories: the simulator's solutions, shortened and verified by a replay.")
        _collect(out, selected)
        _announce(2, "Sub-goals: rules split each trajectory into the steps of a plan. Then the dataset.")
        _build(out)
        _announce(
            3,
            "Training from scratch: a controller (state → sub-goal), an executor (state and sub-goal → "
            "action), and a flat model of the same size without sub-goals.",
        )
        _train(out, seed)
        _announce(
            4,
            "Playing unseen TEST variations: this pair, the flat model, and the released pair, which was "
            "trained for hours on all tasks.",
        )
        _play(out, selected, seed)


def _announce(stage: int, text: str) -> None:
    console.print(f"[bold]{stage}/4[/bold] {text}", highlight=False)


def _collect(out: Path, tasks: list[Task]) -> None:
    from dataset_builder.expert.collect import collect

    limits = {"train": TRAIN, "validation": VALIDATION}
    with progress_bar() as bar:
        report = collect(out / "corpus", tasks, tuple(limits), limits=limits, progress=bar)
    for reason, count in report.reasons.most_common():
        console.print(f"{count} variations without a trajectory: {reason}", highlight=False)


def _build(out: Path) -> None:
    from dataset_builder.annotation.annotate_corpus import annotate
    from dataset_builder.annotation.annotators import annotator
    from dataset_builder.dataset.build import build
    from dataset_builder.trajectories.corpus import Corpus, annotation_store, trajectory_store

    corpus, dataset, rules = out / "corpus", out / "dataset", annotator("rules")
    with progress_bar() as bar:
        annotate(corpus, rules, Corpus(corpus).trajectories(), bar)
        sources = (trajectory_store(corpus).path, annotation_store(corpus, rules.name).path)
        card = dataset / "README.md"  # `build` writes it last
        if not card.exists() or card.stat().st_mtime < max(path.stat().st_mtime for path in sources):
            build(corpus, dataset, progress=bar)


def _train(out: Path, seed: int) -> None:
    """Train the three models in parallel, each on one core: models this small gain little from more."""
    with progress_bar() as bar, ThreadPoolExecutor(os.cpu_count()) as pool:
        lines = {role: bar.add_task(role, total=None) for role in ROLES}
        futures = {pool.submit(_train_role, out, role, seed): role for role in ROLES}
        for future in as_completed(futures):
            summary = future.result()
            bar.update(lines[futures[future]], total=1, completed=1)
            bar.console.print(summary, highlight=False, soft_wrap=True)


def _train_role(out: Path, role: str, seed: int) -> str:
    """Run `subgoal train` in a separate process; returns its last message."""
    command = [sys.executable, "-m", "subgoal.child", str(os.getpid()), "train", role, "--recipe", RECIPE]
    command += ["--seed", str(seed), "--dataset", str(out / "dataset"), "--out", str(out / role)]
    done = subprocess.run(
        command, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"}, check=False
    )
    if done.returncode:
        reason = done.stderr.strip().rpartition("\n")[2].removeprefix("error: ")
        raise SubgoalError(reason or f"Training the {role} ended with status {done.returncode}.")
    summaries = [line for line in done.stdout.splitlines() if line.startswith(f"{role}:")]
    return summaries[-1] if summaries else f"{role}: already trained"


def _play(out: Path, tasks: list[Task], seed: int) -> None:
    from datasets import disable_progress_bars

    from dataset_builder.simulator.simulator import Simulator
    from eval_harness import AgentOptions, comparison_table, make_agent, run_protocol

    disable_progress_bars()
    players = {
        "quickstart": AgentOptions(controller=str(out / "controller"), executor=str(out / "executor")),
        "flat": AgentOptions(flat=str(out / "flat")),
        "release": AgentOptions(controller=str(RELEASE / "controller"), executor=str(RELEASE / "executor")),
    }
    if not RELEASE.is_dir():
        del players["release"]
        console.print("  The released pair is in the repository, not in the package: it does not play here.")
    results = []
    with Simulator() as simulator:
        for name, options in players.items():
            console.print(f"  {name}", highlight=False)
            agent = make_agent("flat" if options.flat else "hierarchical", options)
            results.append(
                run_protocol(
                    agent,
                    "paper",
                    out / "runs" / name,
                    simulator=simulator,
                    tasks=[task.name for task in tasks],
                    max_variations=TEST,
                    seed=seed,
                )
            )
    console.print(
        comparison_table(
            results,
            title="Mean score (0-100) on unseen test variations",
            caption="A demonstration: minutes of training on a few tasks, and hours on all 30 (release). It "
            "shows that the parts work together, not how good the method is.",
        )
    )
    for folder in ("dataset", *ROLES, "runs"):
        console.print(f"{folder:>12}: {out / folder}", highlight=False, soft_wrap=True)
