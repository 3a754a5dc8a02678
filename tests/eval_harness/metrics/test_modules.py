"""The metrics as `evaluate` loads them: from their folders, without a network."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from dataset_builder.simulator.tasks import TASKS
from eval_harness.results.records import EpisodeResult, summarize

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


@pytest.fixture(scope="module")
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


def _episode(task: str, variation: int, score: int | None) -> EpisodeResult:
    error = "ValueError: x" if score is None else None
    return EpisodeResult(task, variation, 0, score, score, 1, [], [], [], [], [], [], "", error)


@pytest.mark.parametrize(
    ("call", "boil", "mean"), [("zero", 5.0, 43.0), ("previous", 20.0, 46.75), ("maximum", 30.0, 49.25)]
)
def test_rules(answers: dict[str, Any], call: str, boil: float, mean: float) -> None:
    found = answers[call]
    assert found["per_task"]["boil"] == {"mean": boil, "episodes": 2, "failed": 1}
    assert found["per_task"]["freeze"] == {"mean": None, "episodes": 0, "failed": 1}
    assert found["mean_score"] == mean
    assert found["groups"]["medium"] == {"mean": 67.0, "tasks": 1, "episodes": 1}
    assert found["groups"]["long"] == {"mean": boil / 2, "tasks": 3, "episodes": 3}
    assert (found["success_rate"], found["episodes"], found["failed"]) == (0.2, 5, 3)


def test_the_harness_has_the_figures_of_the_metric(answers: dict[str, Any]) -> None:
    episodes = [
        _episode(task, number, None if last is None else max(0, last))
        for number, (task, last) in enumerate(zip(TASKS_PLAYED, LAST, strict=True))
    ]
    summary = summarize(episodes)
    del summary["played"]
    assert answers["last"] == answers["zero"] == summary


def test_one_episode_and_none(answers: dict[str, Any]) -> None:
    assert answers["one"]["mean_score"] == 40.0
    assert answers["empty"] == {
        "mean_score": None,
        "per_task": {},
        "groups": {},
        "success_rate": None,
        "episodes": 0,
        "failed": 0,
    }
    assert set(answers["no pairs"].values()) == {None}


def test_sub_goals(answers: dict[str, Any]) -> None:
    assert answers["match"] == pytest.approx(
        {"exact_match": 1 / 3, "name_match": 2 / 3, "argument_f1": 1 / 3, "parsed": 2 / 3}
    )


def test_bad_input_is_named(answers: dict[str, Any]) -> None:
    assert "no task '1-1'" in answers["unknown task"]
    assert 'evaluate.load(PATH, "over_steps")' in answers["needs steps"]
    assert "'best'" in answers["unknown rule"]
    assert "'go' is not a sub-goal" in answers["bad reference"]


@pytest.mark.parametrize("module", MODULES)
def test_a_folder_is_whole(module: str) -> None:
    """What a module's loader takes along is what its file imports from beside it."""
    files = {path.name for path in (FOLDER / module).iterdir() if path.is_file()}
    assert {f"{module}.py", "README.md", "app.py", "requirements.txt"} <= files
    tree = ast.parse((FOLDER / module / f"{module}.py").read_text())
    beside = {node.module for node in tree.body if isinstance(node, ast.ImportFrom) and node.level == 1}
    assert beside
    for name in beside:
        imports = [node for node in ast.walk(ast.parse((FOLDER / module / f"{name}.py").read_text()))]
        roots = {n.module.split(".")[0] for n in imports if isinstance(n, ast.ImportFrom) and n.module}
        roots |= {alias.name.split(".")[0] for n in imports if isinstance(n, ast.Import) for alias in n.names}
        assert roots <= sys.stdlib_module_names


@pytest.mark.parametrize("module", MODULES)
def test_a_card_has_the_parts_of_a_metric_card(module: str) -> None:
    _, head, body = (FOLDER / module / "README.md").read_text().split("---\n", 2)
    metadata = yaml.safe_load(head)
    assert metadata["sdk"] == "gradio"
    assert {"evaluate", "metric"} <= set(metadata["tags"])
    heads = [line.lstrip("# ") for line in body.splitlines() if line.startswith("##")]
    wanted = [
        "Metric description",
        "How to use",
        "Inputs",
        "Output values",
        "Examples",
        "Limitations",
        "Citation",
    ]
    assert [head for head in heads if head in wanted] == wanted


def test_the_groups_are_those_of_the_table_of_tasks() -> None:
    from eval_harness.metrics.scienceworld_score.scores import HORIZON_OF

    assert {name: task.horizon for name, task in TASKS.items()} == HORIZON_OF


def test_the_harness_takes_the_figures_without_the_library() -> None:
    heavy = "{'evaluate', 'datasets', 'pandas'}"
    check = f"import sys, eval_harness.results.records; print({heavy} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", check], cwd=FOLDER.parents[1], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"
