"""Results of a run in its model's card and in the Hub's format: in folders, and over HTTP."""

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from huggingface_hub import ModelCard, ModelCardData, parse_eval_result_entries

from dataset_builder.common.errors import SubgoalError, UsageError
from eval_harness.protocols.protocol import load_protocol
from eval_harness.publish.model_index import parse_card
from eval_harness.publish.push_results import ResultPush, plan_push
from eval_harness.results.records import EpisodeResult, RunResult, summarize
from tests.modeling.checkpoints.test_publish import COMMANDS
from tests.servers.hub_api import READ_TOKEN, TOKEN
from tests.servers.local_hub import LocalHub
from tests.warm import run_warm

WEIGHTS = b"weights of an executor"
HASH = f"sha256:{hashlib.sha256(WEIGHTS).hexdigest()}"
CARD = """\
---
license: apache-2.0  # a comment
datasets: [tester/tasks]
model-index:
- name: scienceworld-executor
  results:
  - task: {type: text-generation}
    dataset: {name: Other, type: other}
    metrics: [{type: accuracy, value: 0.5}]
---

# By hand
"""
MINI = load_protocol("mini")
RESULT_FILE = f".eval_results/scienceworld-mini-{MINI.hash[:12]}.yaml"


def write_run(folder: Path, revision: str = HASH, n_episodes: int | None = None, **changes: Any) -> Path:
    """A run of `mini` in which the first variation of each task is solved."""
    episodes = [
        EpisodeResult(*unit, score, score, 1, [], [], [], [], [], [], "completed")
        for number, unit in enumerate(MINI.units()[:n_episodes])
        for score in [100 if number % 2 == 0 else 0]
    ]
    values: dict[str, Any] = {
        "agent": "hierarchical",
        "models": {
            "controller": {"id": "the-controller", "revision": "sha256:00", "parameters": 1},
            "executor": {"id": "tester/scienceworld-executor", "revision": revision, "parameters": 2},
        },
        "agent_settings": {"decoding": {"num_beams": 4}},
        "protocol": {"name": "mini", "hash": MINI.hash},
        "seed": 0,
        "complete": True,
        "batch_size": 4,
        "versions": {"scienceworld": "1.2.3"},
        "hardware": {},
        "wall_seconds": 1.0,
    }
    folder.mkdir(exist_ok=True)
    result = RunResult(**{**summarize(episodes), **values, **changes})
    (folder / "results.json").write_text(json.dumps(result.to_dict()))
    return folder


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    return write_run(tmp_path / "run")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "executor"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(WEIGHTS)
    (folder / "README.md").write_text(CARD)
    return folder


def _figures(card: str) -> dict[str, float]:
    data = ModelCard(card).data
    assert isinstance(data, ModelCardData)
    results = data.eval_results or ()
    return {f"{each.dataset_config}: {each.metric_name}": each.metric_value for each in results}


def test_a_folder_gets_the_result_once(run_folder: Path, model: Path) -> None:
    plan = plan_push(run_folder, str(model))
    assert (model / "README.md").read_text() == CARD  # a plan writes nothing
    assert plan.send().changed
    card = (model / "README.md").read_text()
    kind = f"mini ({MINI.hash[:12]}): "
    assert _figures(card) == {
        "None: None": 0.5,
        f"{kind}mean score": 50.0,
        f"{kind}mean score, short tasks": 50.0,
        f"{kind}mean score, medium tasks": 50.0,
        f"{kind}mean score, long tasks": 50.0,
        f"{kind}episodes solved, %": 50.0,
    }
    new = yaml.safe_load(card.split("---\n")[1])["model-index"][0]["results"][1]
    assert new["dataset"] == {
        "name": "ScienceWorld, 30 tasks",
        "type": "scienceworld",
        "config": f"mini ({MINI.hash[:12]})",
        "revision": "1.2.3",
        "args": {
            "protocol": "mini",
            "protocol_hash": MINI.hash,
            "agent": "hierarchical",
            "models": {"controller": "sha256:00", "executor": HASH},
            "decoding": {"num_beams": 4},
            "episodes": 60,
            "seed": 0,
        },
    }
    assert card.startswith("---\nlicense: apache-2.0\ndatasets:\n- tester/tasks\nmodel-index:\n")
    assert card.endswith("---\n\n# By hand\n")
    entries = parse_eval_result_entries(yaml.safe_load((model / RESULT_FILE).read_text()))
    assert [(entry.task_id, entry.value) for entry in entries] == [
        ("mini", 50.0),
        ("mini-short", 50.0),
        ("mini-medium", 50.0),
        ("mini-long", 50.0),
    ]
    assert {entry.dataset_id for entry in entries} == {"tester/tasks"}
    notes = str(entries[0].notes)
    assert f"protocol mini ({MINI.hash}), agent hierarchical, 60 episodes" in notes
    assert notes.endswith(f"controller sha256:00, executor {HASH}")
    assert not plan_push(run_folder, str(model)).send().changed
    assert {path.name for path in model.iterdir()} == {"README.md", "model.safetensors", ".eval_results"}


def test_entries_of_the_same_run_are_replaced_and_others_kept(run_folder: Path, model: Path) -> None:
    plan_push(run_folder, str(model)).send()
    write_run(run_folder, mean_score=77.0)
    plan_push(run_folder, str(model)).send()
    write_run(run_folder, agent="no-subgoals", mean_score=11.0)
    plan_push(run_folder, str(model)).send()
    figures = _figures((model / "README.md").read_text())
    means = {name: value for name, value in figures.items() if name.endswith(": mean score")}
    kind = f"mini ({MINI.hash[:12]})"
    assert means == {f"{kind}: mean score": 77.0, f"{kind}, agent no-subgoals: mean score": 11.0}
    assert len(list((model / ".eval_results").iterdir())) == 2
    ablation = yaml.safe_load((model / RESULT_FILE.replace(".yaml", "-agent-no-subgoals.yaml")).read_text())
    assert [entry["dataset"]["task_id"] for entry in ablation] == [
        "mini-agent-no-subgoals",
        "mini-short-agent-no-subgoals",
        "mini-medium-agent-no-subgoals",
        "mini-long-agent-no-subgoals",
    ]


def test_the_result_of_another_partner_is_not_replaced_unasked(run_folder: Path, model: Path) -> None:
    plan_push(run_folder, str(model)).send()
    models = json.loads((run_folder / "results.json").read_text())["models"]
    models["controller"]["revision"] = "sha256:11"
    write_run(run_folder, models=models, mean_score=77.0)
    with pytest.raises(UsageError, match=r"a result with the controller sha256:00, .* add --force"):
        plan_push(run_folder, str(model))
    plan_push(run_folder, str(model), force=True).send()
    figures = _figures((model / "README.md").read_text())
    assert figures[f"mini ({MINI.hash[:12]}): mean score"] == 77.0


def test_the_dataset_is_the_one_of_the_training(run_folder: Path, model: Path) -> None:
    def ids(plan: ResultPush) -> set[tuple[str, str | None]]:
        entries = parse_eval_result_entries(yaml.safe_load(plan.files[RESULT_FILE]))
        return {(entry.dataset_id, entry.dataset_revision) for entry in entries}

    (model / "README.md").unlink()
    (model / "config.json").write_text('{"subgoal_role": "executor"}')
    plan = plan_push(run_folder, str(model))
    assert parse_card(plan.files["README.md"], "x").data["model-index"][0]["name"] == "scienceworld-executor"
    assert ids(plan_push(run_folder, str(model))) == {("NAMESPACE/scienceworld-subgoals", None)}
    record = {
        "role": "executor", "recipe": {}, "base": None, "parameters": 1, "steps": 1, "epochs": 1.0,
        "best_step": 1, "metrics": {}, "shortened": {}, "left_out": 0, "wall_seconds": 1.0,
        "weights": HASH, "versions": {},
        "dataset": {"source": "tester/data@v1", "revision": "1" * 40},
    }  # fmt: skip
    (model / "training.json").write_text(json.dumps(record))
    assert ids(plan_push(run_folder, str(model))) == {("tester/data", "1" * 40)}
    (model / "training.json").write_text("{}")
    with pytest.raises(SubgoalError, match=r"training.json of scienceworld-executor cannot be read"):
        plan_push(run_folder, str(model))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"complete": False}, "is not finished: run the same `subgoal eval run` again"),
        ({"n_episodes": 0}, "is not finished"),
        ({"n_episodes": 10}, "has 10 of the 60 episodes of mini: finish it"),
        ({"failed": 2}, "has 2 failed episodes: finish it"),
        ({"revision": "sha256:11"}, "did not play the run of .*, but controller the-controller"),
        ({"models": {}}, "The run's agent, hierarchical, has no models"),
    ],
)
def test_a_result_that_is_not_the_models_is_refused(
    tmp_path: Path, model: Path, changes: dict[str, Any], message: str
) -> None:
    folder = write_run(tmp_path / "run", **changes)
    with pytest.raises(UsageError, match=message) as caught:
        plan_push(folder, str(model))
    assert "\n" not in str(caught.value)
    if "finished" not in message:
        assert plan_push(folder, str(model), force=True).files


def test_targets_that_are_not_models_are_refused(run_folder: Path, model: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There is no model folder"):
        plan_push(run_folder, str(tmp_path / "nowhere"))
    with pytest.raises(UsageError, match=r"has no weights \(\*\.safetensors\)"):
        plan_push(run_folder, str(run_folder))
    with pytest.raises(UsageError, match="--revision and --private are for the Hub"):
        plan_push(run_folder, str(model), revision="v1")
    with pytest.raises(UsageError, match="is not a run folder"):
        plan_push(model, str(model))
    with pytest.raises(SubgoalError, match="unset HF_HUB_OFFLINE"):
        plan_push(run_folder, "tester/scienceworld-executor")


@pytest.fixture
def hub() -> Iterator[LocalHub]:
    with LocalHub() as server:
        yield server


def _seed(hub: LocalHub, repo_id: str, files: dict[str, bytes]) -> str:
    """A repository with these files, and its commit."""
    repo = hub.store.create("model", repo_id, False, None)
    kept = {
        path: (kind, hub.store.keep(data, lfs=kind == "lfs"))
        for path, data in files.items()
        for kind in ["lfs" if path.endswith(".safetensors") else "git"]
    }
    return repo.commit("main", "the model", kept).oid


def test_results_are_pushed_to_the_hub(hub: LocalHub, tmp_path: Path) -> None:
    executor, other, sharded = (f"tester/{name}" for name in ("scienceworld-executor", "other", "sharded"))
    files = {"README.md": CARD.encode(), "model.safetensors": WEIGHTS}
    commit = _seed(hub, executor, files)
    _seed(hub, other, {"model.safetensors": b"others"})
    half = len(WEIGHTS) // 2
    parts = {"a.safetensors": WEIGHTS[:half], "b.safetensors": WEIGHTS[half:]}
    _seed(hub, sharded, parts)
    run = str(write_run(tmp_path / "run"))
    by_commit = str(write_run(tmp_path / "by-commit", revision=commit))
    gone = str(write_run(tmp_path / "gone", revision="f" * 40))
    push = ["eval", "push", run, executor]
    commands: list[tuple[str, list[str]]] = [
        (TOKEN, [*push, "--dry-run"]),
        (TOKEN, push),
        (TOKEN, push),
        (TOKEN, [*push, "--revision", "v1"]),
        (TOKEN, ["eval", "push", by_commit, executor]),
        (TOKEN, ["eval", "push", run, sharded]),
        (TOKEN, ["eval", "push", run, other, "--force"]),
        (TOKEN, ["eval", "push", run, other]),
        (TOKEN, ["eval", "push", gone, executor]),
        (TOKEN, [*push, "--private"]),
        (TOKEN, ["eval", "push", run, "tester/nothing"]),
        (READ_TOKEN, ["eval", "push", run, executor, "--revision", "v2"]),
        ("hf_schlüssel", push),
    ]
    environment = os.environ | hub.environment(tmp_path / "home")
    done = run_warm("-c", COMMANDS, json.dumps(commands), env=environment)
    assert done.returncode == 0, done.stderr
    said = [json.loads(line) for line in done.stdout.splitlines()]
    for status, out, err in said[:7]:
        assert (status, err) == (0, ""), err
        assert TOKEN not in out
    assert "id: tester/tasks" in said[0][1]
    assert [out.partition(":")[0] for _, out, _ in said[1:7]] == [
        "Pushed",
        "Nothing has changed",
        "Nothing has changed",  # a branch begins where main is
        "Nothing has changed",  # the same figures, played by the Hub's copy of the weights
        "Pushed",
        "Pushed",
    ]
    refusals = [
        (2, "tester/other (weights sha256:"),
        (2, "did not play the run of"),
        (2, "exists and is public"),
        (2, "There is no model tester/nothing on the Hub"),
        (1, "This token may not write to"),
        (1, "The Hugging Face token holds characters that no token has"),
    ]
    for (status, _, err), (wanted, line) in zip(said[7:], refusals, strict=True):
        assert (status, err.count("\n")) == (wanted, 1), err
        assert line in err
        assert "schl" not in err
    titles = [made.title for made in hub.repo(executor, "model").commits]
    assert titles == ["initial commit", "the model", "Add ScienceWorld results"]
    pushed = hub.files(executor, repo_type="model")
    assert set(pushed) == {"README.md", "model.safetensors", RESULT_FILE}
    assert pushed["README.md"].decode().endswith("---\n\n# By hand\n")
    assert "mean score" in str(_figures(pushed["README.md"].decode()))
    entries = yaml.safe_load(hub.files(sharded, repo_type="model")[RESULT_FILE])
    assert entries[0]["dataset"]["id"] == "tester/scienceworld-subgoals"
