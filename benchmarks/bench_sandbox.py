"""Time and memory of the sandbox in which agents with tools run their code.

Usage:
    python -m benchmarks.bench_sandbox [--sessions 64] [--candidates 8] [--modules numpy,sympy]

All sessions are open at once, as in a batch of questions, and are used one after the other. Memory is that of
the sandbox's processes; pages that they share are counted once.
"""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import psutil
import typer
from rich.console import Console

from dataset_builder.common.console import row_table
from dataset_builder.tool_agents.sandbox import DEFAULT_MODULES, LocalSession, Sandbox

CODE = "total = sum(range(100))\nprint(total)"


def main(
    sessions: Annotated[int, typer.Option(help="Sessions that are open at once.")] = 64,
    candidates: Annotated[int, typer.Option(help="Candidates of a step.")] = 8,
    modules: Annotated[str, typer.Option(help="Modules beside the default ones, with commas.")] = "",
) -> None:
    """Measure the sandbox and print a table."""
    rows: list[dict[str, str]] = []
    started = time.perf_counter()
    with Sandbox(modules=(*DEFAULT_MODULES, *filter(None, modules.split(",")))) as sandbox:
        rows.append(_row("start the sandbox", time.perf_counter() - started, sandbox))

        def measure(name: str, step: Callable[[LocalSession], object]) -> None:
            started = time.perf_counter()
            for session in opened:
                step(session)
            rows.append(_row(name, (time.perf_counter() - started) / sessions, sandbox))

        started = time.perf_counter()
        opened = [sandbox.open() for _ in range(sessions)]
        rows.append(_row("open a session", (time.perf_counter() - started) / sessions, sandbox))
        measure("run code", partial(LocalSession.run, code=CODE))
        measure(
            f"run {candidates} candidates", partial(LocalSession.run_candidates, codes=[CODE] * candidates)
        )
        measure("keep one of them", partial(LocalSession.keep, index=0))
        measure("close a session", LocalSession.close)
        console = Console()
        console.print(row_table(rows))
        console.print(f"{sessions} sessions; {sandbox.isolation}")


def _row(name: str, seconds: float, sandbox: Sandbox) -> dict[str, str]:
    return {"": name, "ms": f"{1000 * seconds:.1f}", "MB, all sessions": f"{_memory(sandbox):.0f}"}


def _memory(sandbox: Sandbox) -> float:
    """Proportional set size of the processes, in MB."""
    kilobytes = 0
    first = psutil.Process(sandbox._process.pid)
    for process in (first, *first.children(recursive=True)):
        try:
            text = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
        except OSError:
            continue  # it has ended
        kilobytes += sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
    return kilobytes / 1024


if __name__ == "__main__":
    typer.run(main)
