"""The model card: metadata, code that runs, figures of training and play."""

import json
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import ModelCard

from eval_harness.results.records import RunResult
from modeling.checkpoints.model_card import model_card, partner_of, write_card
from modeling.checkpoints.play_results import read_results
from modeling.checkpoints.publish import write_results_card
from modeling.checkpoints.training_record import TrainingResult, read_record


@pytest.fixture
def run_folder(checkpoints: dict[str, Path], tmp_path: Path) -> Path:
    """A run as the harness writes it."""
    return write_run(tmp_path / "run", checkpoints)


def write_run(folder: Path, checkpoints: dict[str, Path], **changes: Any) -> Path:
    models = {
        role: {"id": role, "revision": read_record(checkpoints[role]).weights, "parameters": 123_456}
        for role in ("controller", "executor")
    }
    values: dict[str, Any] = {
        "mean_score": 66.5,
        "per_task": {
            "boil": {"mean": 33.0, "episodes": 9, "failed": 0},
            "find-plant": {"mean": 100.0, "episodes": 10, "failed": 0},
        },
        "groups": {
            "short": {"mean": 100.0, "tasks": 1, "episodes": 10},
            "long": {"mean": 33.0, "tasks": 1, "episodes": 9},
        },
        "success_rate": 0.5263,
        "episodes": 19,
        "failed": 0,
        "agent": "hierarchical",
        "models": models,
        "agent_settings": {},
        "protocol": {"name": "paper", "hash": "0123456789abcdef"},
        "seed": 0,
        "played": {},
        "complete": True,
        "batch_size": 4,
        "versions": {},
        "hardware": {},
        "wall_seconds": 1.0,
    }
    folder.mkdir(exist_ok=True)
    (folder / "results.json").write_text(json.dumps(RunResult(**values | changes).to_dict()))
    return folder


def _blocks(card: ModelCard) -> list[str]:
    return [part.partition("```")[0] for part in card.text.split("```python\n")[1:]]


@pytest.mark.parametrize("role", ["controller", "executor", "flat"])
def test_the_card_of_a_training(checkpoints: dict[str, Path], role: str) -> None:
    result = read_record(checkpoints[role])
    card = ModelCard(model_card(result, f"tester/my-{role}"))
    data = card.data.to_dict()
    assert data["library_name"] == "transformers"
    assert data["pipeline_tag"] == "text-generation"
    assert (data["license"], data["language"]) == ("apache-2.0", "en")
    assert {"scienceworld", "subgoal-distillation", role} <= set(data["tags"])
    assert not {"base_model", "datasets", "model-index"} & set(data)
    for part in (
        f"# ScienceWorld {role}\n",
        "| recipe | `scratch-tiny`, from scratch |",
        f"fingerprint `{result.dataset['fingerprint'][:12]}`",
        "![Training and validation loss over optimizer steps](curve.png)",
        "@inproceedings{hashemzadeh2024subgoal",
        "No scores on ScienceWorld were available",
        "Limits",
    ):
        assert part in card.text
    for task, found in result.exact_match_by_task.items():
        assert f"| {task} | {found['share']:.0%} | {found['examples']} |" in card.text
    assert ("Share of sub-goals" in card.text) == (role == "controller")
    use, agent = _blocks(card)
    compile(use, "use", "exec")
    assert use.count(f'from_pretrained("tester/my-{role}")') == 2
    assert use.count("\n") == 5
    if role == "flat":
        assert 'FlatAgent.from_pretrained("tester/my-flat")' in agent
    else:
        assert 'SubgoalAgent.from_pretrained("tester/my-controller", "tester/my-executor")' in agent
    assert not [line for line in card.text.splitlines() if "NAMESPACE" in line or "None" in line]


def test_held_out_tasks_are_a_line_of_the_table(checkpoints: dict[str, Path]) -> None:
    record = read_record(checkpoints["flat"]).__dict__
    card = model_card(TrainingResult(**record | {"held_out_tasks": ["boil", "find-plant"]}), "tester/flat")
    lines = card.splitlines()
    (place,) = [number for number, line in enumerate(lines) if line.startswith("| weights |")]
    assert lines[place + 1] == "| held-out tasks | `boil`, `find-plant` |"
    assert lines[place + 2] == ""
    assert "held-out" not in model_card(TrainingResult(**record), "tester/flat")


def test_base_and_dataset_of_the_hub_are_in_the_metadata(checkpoints: dict[str, Path]) -> None:
    record = read_record(checkpoints["executor"]).__dict__ | {
        "base": {"id": "google/flan-t5-small", "revision": "0" * 40, "parameters": 1},
    }
    dataset = record["dataset"] | {"source": "tester/data@v1", "revision": "1" * 40}
    card = ModelCard(model_card(TrainingResult(**record | {"dataset": dataset}), "tester/executor"))
    assert card.data.to_dict()["base_model"] == "google/flan-t5-small"
    assert card.data.to_dict()["datasets"] == ["tester/data"]
    assert "from `google/flan-t5-small` (`0000" in card.text
    assert "`tester/data` at commit `111111111111`" in card.text
    record["base"] = {"id": "/home/somebody/mine", "revision": "sha256:00", "parameters": 1}
    card = ModelCard(model_card(TrainingResult(**record), "tester/executor"))
    assert "base_model" not in card.data.to_dict()
    assert "somebody" not in card.text


def test_a_record_of_an_earlier_release_has_a_card(checkpoints: dict[str, Path]) -> None:
    record = json.loads((checkpoints["flat"] / "training.json").read_text())
    for name in ("exact_match_by_task", "curve", "example", "processes", "hardware"):
        del record[name]
    record["metrics"]["exact_match"] = None
    card = model_card(TrainingResult.from_dict(record), "tester/flat", curve=False)
    assert "| exact match | not counted |" in card
    assert "curve.png" not in card


def test_scores_of_a_run_go_into_text_and_model_index(checkpoints: dict[str, Path], run_folder: Path) -> None:
    result = read_record(checkpoints["executor"])
    text = model_card(result, "tester/scienceworld-executor", played=[read_results(run_folder, result)])
    card = ModelCard(text)
    assert "**66.5** of 100: the mean over 2 tasks, protocol `paper`" in text
    assert "| 1-1 | boil | 33.0 | 9 |" in text
    (model,) = card.data.to_dict()["model-index"]
    assert model["name"] == "scienceworld-executor"
    figures = {metric["name"]: metric["value"] for entry in model["results"] for metric in entry["metrics"]}
    assert figures == {
        "mean score": 66.5,
        "mean score, short tasks": 100.0,
        "mean score, long tasks": 33.0,
        "episodes solved, %": 52.63,
    }
    assert model["results"][0]["dataset"]["type"] == "scienceworld"


def test_a_card_holds_the_scores_of_several_protocols(
    checkpoints: dict[str, Path], run_folder: Path, tmp_path: Path
) -> None:
    result = read_record(checkpoints["executor"])
    record = json.loads((run_folder / "results.json").read_text())
    record["protocol"] |= {"name": "tales", "hash": "0123456789abcdef"}
    (tmp_path / "results.json").write_text(json.dumps(record))
    played = [read_results(folder, result) for folder in (run_folder, tmp_path)]
    text = model_card(result, "tester/scienceworld-executor", played=played)
    assert "protocol `paper`" in text
    assert "protocol `tales` (`0123456789ab`)" in text
    (model,) = ModelCard(text).data.to_dict()["model-index"]
    configs = [entry["dataset"]["config"] for entry in model["results"]]
    assert len(configs) == 2
    assert configs[1] == "tales (0123456789ab)"


def test_a_card_is_rewritten_with_a_run(checkpoints: dict[str, Path], run_folder: Path) -> None:
    folder = checkpoints["executor"]
    before = (folder / "README.md").read_text()
    try:
        write_results_card(folder, [run_folder])
        assert "**66.5** of 100" in (folder / "README.md").read_text()
    finally:
        write_card(folder, read_record(folder))
    assert (folder / "README.md").read_text() == before


def test_the_partner_model_has_the_same_name() -> None:
    assert partner_of("controller", "me/a-controller-b") == "me/a-executor-b"
    assert partner_of("executor", "me/executor") == "me/controller"
    assert partner_of("executor", "me/model") == "me/scienceworld-controller"
    assert partner_of("flat", "me/flat") is None
