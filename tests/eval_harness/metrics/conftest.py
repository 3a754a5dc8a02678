"""The answers of both metrics, computed in one process without a network; and their Gradio pages."""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import evaluate
import pytest

FOLDER = Path(__file__).parents[3] / "eval_harness" / "metrics"

MODULES = ("scienceworld_score", "subgoal_match")


# Answers calls `[module, configuration, arguments]`; a connection would fail loudly.
CALLS = """
import json, socket, sys

def refuse(*_):
    raise AssertionError("no network")

socket.socket.connect = socket.create_connection = refuse
import evaluate

folder, calls = sys.argv[1], json.loads(sys.stdin.read())
answers = []
for module, configuration, arguments in calls:
    metric = evaluate.load(f"{folder}/{module}", configuration)
    try:
        answers.append(metric.compute(**arguments))
    except ValueError as error:
        answers.append(str(error))
print(json.dumps(answers))
"""


EPISODES: list[tuple[str, list[int] | None]] = [
    ("boil", [3, 3, 10]),
    ("boil", [10, 50, 30, -100]),
    ("boil", None),
    ("melt", []),
    ("use-thermometer", [33, 67]),
    ("find-plant", [25, 100]),
    ("find-plant", None),
    ("freeze", None),
]

TASKS_PLAYED = [task for task, _ in EPISODES]

OVER_STEPS = [scores for _, scores in EPISODES]

LAST = [None if scores is None else scores[-1] if scores else 0 for scores in OVER_STEPS]

SCORE, MATCH = MODULES


@pytest.fixture(scope="session")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    calls: dict[str, tuple[str, str | None, dict[str, Any]]] = {
        "last": (SCORE, None, {"predictions": LAST, "tasks": TASKS_PLAYED}),
        "zero": (SCORE, "over_steps", {"predictions": OVER_STEPS, "tasks": TASKS_PLAYED}),
        "one": (SCORE, None, {"predictions": [40], "tasks": ["boil"]}),
        "empty": (SCORE, None, {"predictions": [], "tasks": []}),
        "unknown task": (SCORE, None, {"predictions": [1], "tasks": ["1-1"]}),
        "needs steps": (SCORE, None, {"predictions": [1], "tasks": ["boil"], "scoring": "maximum"}),
        "unknown rule": (SCORE, None, {"predictions": [1], "tasks": ["boil"], "scoring": "best"}),
        "match": (
            MATCH,
            None,
            {"predictions": ["a(b)", "a(c)", "go"], "references": ["a(b)", "a(b)", "a()"]},
        ),
        "no pairs": (MATCH, None, {"predictions": [], "references": []}),
        "bad reference": (MATCH, None, {"predictions": ["a(b)"], "references": ["go"]}),
    }
    for rule in ("previous", "maximum"):
        arguments = {"predictions": OVER_STEPS, "tasks": TASKS_PLAYED, "scoring": rule}
        calls[rule] = (SCORE, "over_steps", arguments)
    home = tmp_path_factory.mktemp("home")
    done = subprocess.run(
        [sys.executable, "-c", CALLS, str(FOLDER)],
        cwd=home,  # far from the package: the folder must do alone
        env=os.environ | {"HF_HOME": str(home), "HF_HUB_OFFLINE": "1", "HF_EVALUATE_OFFLINE": "1"},
        input=json.dumps(list(calls.values())),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return dict(zip(calls, json.loads(done.stdout.splitlines()[-1]), strict=True))


@pytest.fixture
def metric_page(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], tuple[Any, list[dict[str, Any]]]]:
    """Loads the page of a metric; returns it and the calls of `compute`, of which the second one fails."""

    def load(name: str) -> tuple[Any, list[dict[str, Any]]]:
        calls: list[dict[str, Any]] = []

        def compute(**arguments: Any) -> dict[str, float]:
            calls.append(arguments)
            if len(calls) > 1:
                raise ValueError("bad input")
            return {"figure": 1.0}

        monkeypatch.setattr(evaluate, "load", lambda *_: SimpleNamespace(compute=compute))
        spec = importlib.util.spec_from_file_location("app", FOLDER / name / "app.py")
        assert spec is not None
        assert spec.loader is not None
        app = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(app)
        return app, calls

    return load
