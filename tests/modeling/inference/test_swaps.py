"""Pairs that are loaded, asked from several threads, and dropped, again and again, until Python exits."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SWAPS = """
import faulthandler, gc, sys, threading, time
from concurrent.futures import ThreadPoolExecutor
from dataset_builder.trajectories.agent_state import AgentState
from modeling import SubgoalAgent
faulthandler.enable()
look = "This room is called the kitchen. In it, you see: \\n\\ta fridge\\nYou also see:\\n\\tA door"

def ask(agent, number):
    state = AgentState("find-plant", "Your task is to find a(n) plant.", look, f"In your inventory: {number}")
    return agent.act([state])[0].actions

with ThreadPoolExecutor(4) as pool:
    waiting = []
    for number in range(int(sys.argv[1])):
        agent = SubgoalAgent.from_pretrained("release/controller", "release/executor", backend=sys.argv[2])
        # The answers of the pair before are still under way when the next one replaces it.
        waiting, done = [pool.submit(ask, agent, one) for one in range(4)], waiting
        del agent
        pool.submit(gc.collect)  # as any other thread may at any moment
        assert all(future.result() for future in done), number
        print(number, flush=True)
    assert all(future.result() for future in waiting)
print("done", flush=True)

def ask_on():
    while True:
        ask(agent, 0)

agent = SubgoalAgent.from_pretrained("release/controller", "release/executor", backend=sys.argv[2])
for _ in range(3):
    threading.Thread(target=ask_on, daemon=True).start()
time.sleep(0.5)
"""


def swap(times: int, backend: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", SWAPS, str(times), backend],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    assert run.stdout.endswith("done\n")


def test_a_few_swaps_of_pairs_under_load() -> None:
    swap(3, "ctranslate2")


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("times", "backend"), [(200, "ctranslate2"), (20, "transformers")])
def test_hundreds_of_swaps_of_pairs_under_load(times: int, backend: str) -> None:
    swap(times, backend)
