"""The local sandbox: its processes, its folder, and sessions side by side."""

import selectors
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from dataset_builder.common.errors import SubgoalError, UsageError
from dataset_builder.tool_agents.sandbox import Limits, Sandbox


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(Limits(wall_seconds=10, max_output=200, tool_calls=5)) as sandbox:
        yield sandbox


def test_the_death_of_the_sandbox_is_no_result() -> None:
    with Sandbox() as sandbox, sandbox.open() as session:
        process = psutil.Process(sandbox._process.pid)
        sessions = process.children(recursive=True)
        process.kill()
        sandbox._process.wait()
        psutil.wait_procs(sessions, timeout=60)  # the kernel kills them a little later
        with pytest.raises(SubgoalError, match="has died"):
            session.run("print(1)")
        with pytest.raises(SubgoalError, match="has died"):
            sandbox.open()


def test_runs_are_reproducible(sandbox: Sandbox) -> None:
    code = "import random; print(random.random(), {'a', 'b', 'c'})"
    outputs = set()
    for _ in range(2):
        with sandbox.open() as session:
            outputs |= {execution.output for execution in session.run_candidates([code, code])}
    assert len(outputs) == 1


def test_sessions_in_threads(sandbox: Sandbox) -> None:
    outputs: dict[int, str] = {}

    def play(number: int) -> None:
        with sandbox.open() as session:
            session.run(f"n = {number}")
            outputs[number] = session.run("print(n)").output

    threads = [threading.Thread(target=play, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outputs == {number: f"{number}\n" for number in range(16)}


def test_the_folder_is_removed_and_a_closed_sandbox_says_so() -> None:
    sandbox = Sandbox()
    folder = Path(sandbox._folder.name)
    assert folder.is_dir()
    sandbox.close()
    assert not folder.exists()
    with pytest.raises(SubgoalError, match="sandbox is closed"):
        sandbox.open()


def test_wrong_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="No module named 'no_such_module'"):
        Sandbox(modules=["math", "no_such_module"])
    with pytest.raises(UsageError, match="memory_mb must be positive, not 0"):
        Sandbox(Limits(memory_mb=0))
    # No answer is seen before the time is over.
    monkeypatch.setattr(selectors.DefaultSelector, "select", lambda selector, timeout=None: [])
    with pytest.raises(SubgoalError, match="cannot run code: killed: more than 1e-06 s"):
        Sandbox(Limits(wall_seconds=1e-6))
