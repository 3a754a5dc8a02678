"""From questions to a dataset on the Hub by the commands, with the program as teacher."""

import json
import os
from pathlib import Path

from tests.servers.local_hub import LocalHub
from tests.warm import run_warm

ROOT = Path(__file__).parents[3]
COMMANDS = (
    ("questions", "build", "--out", "questions", "--train", "30", "--validation", "15", "--test", "15"),
    ("collect", "questions", "--teacher", "program", "--out", "trajectories"),
    ("build", "questions", "trajectories", "--out", "dataset"),
    ("push", "dataset", "tester/tools"),
)
# In one process, because importing the libraries takes seconds.
RUN = """
import json, sys
from subgoal.cli import app
for command in json.loads(sys.argv[1]):
    app(["tools", *command], standalone_mode=False)
"""
LOAD = """
import json
from datasets import load_dataset
agent = load_dataset("tester/tools", "agent")
questions = load_dataset("tester/tools", "questions")
print(json.dumps([len(agent["train"]), agent["train"][0]["messages"][-1]["content"], list(questions)]))
"""


def test_questions_trajectories_dataset_push(tmp_path: Path) -> None:
    with LocalHub() as hub:
        environment = os.environ | hub.environment(tmp_path / "home") | {"PYTHONPATH": str(ROOT)}

        def run(*arguments: str) -> str:
            done = run_warm(*arguments, cwd=tmp_path, env=environment)
            assert done.returncode == 0, done.stderr
            return done.stdout

        printed = run("-c", RUN, json.dumps(COMMANDS)).splitlines()
        rows, last, splits = json.loads(run("-c", LOAD).splitlines()[-1])
    assert printed[-1].startswith("Pushed: ")
    assert 25 <= rows <= 30
    assert "final_answer" in last
    assert splits == ["train", "validation", "test"]
