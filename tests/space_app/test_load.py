"""Thirty programs play at once; what each is told is its own episode, and memory comes back."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psutil
import pytest
from gradio_client import Client

from dataset_builder.simulator import Simulator
from dataset_builder.tasks import TASKS
from eval_harness.protocols import load_protocol
from eval_harness.replay import replay_episode
from eval_harness.results import EpisodeResult
from space_app.table import Table

VISITORS, STEPS = 30, 12
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


def memory(table: Table) -> float:
    """Resident memory of Python and Java, in MB."""
    own = psutil.Process().memory_info().rss
    java = psutil.Process(table.simulator.pid).memory_info().rss if table.simulator.pid else 0
    return (own + java) / 1e6


def test_thirty_visitors_at_once(page: str, table: Table, simulator: Simulator) -> None:
    tasks = list(TASKS)
    ready = threading.Barrier(VISITORS)
    times: list[float] = []

    def visit(number: int) -> dict[str, Any]:
        client = Client(page, verbose=False)
        ready.wait()
        task = tasks[number]
        key = client.predict(task, 0, api_name="/start")["episode"]
        for step in range(STEPS):
            began = time.monotonic()
            told = client.predict(key, api_name="/step")
            times.append(time.monotonic() - began)
            if step % 4 == 3 and not told["over"]:
                client.predict(key, "navigate_to(kitchen)", api_name="/set_subgoal")
        told = client.predict(key, api_name="/state")
        assert told["task"] == task
        assert told["over"] or told["turns"] == STEPS
        return client.predict(key, api_name="/stop")

    def round_of_visits() -> list[EpisodeResult]:
        ready.reset()
        with ThreadPoolExecutor(VISITORS) as pool:
            return [EpisodeResult.from_dict(each) for each in pool.map(visit, range(VISITORS))]

    before = memory(table)
    first = round_of_visits()
    after_first = memory(table)
    began = time.monotonic()
    second = round_of_visits()
    seconds = time.monotonic() - began
    after = memory(table)
    print(
        f"\n{VISITORS} visitors, {VISITORS * STEPS} steps in {seconds:.1f} s; a step: median "
        f"{sorted(times)[len(times) // 2]:.2f} s, slowest {max(times):.2f} s; memory {before:.0f}, "
        f"{after_first:.0f}, {after:.0f} MB"
    )
    assert len(table.sessions) == 0
    assert [(each.task, each.actions) for each in first] == [(each.task, each.actions) for each in second]
    for episode in second:
        assert replay_episode(simulator, episode, load_protocol("paper")).same
    assert after < after_first + 300
