"""Checkpoints on a Hub over HTTP: pushed, loaded by id with plain transformers, and played."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from dataset_builder.common.errors import UsageError
from modeling.checkpoints.publish import push_checkpoint
from modeling.recipes.recipe import Recipe, show_recipe
from tests.modeling.checkpoints.test_model_card import write_run
from tests.servers.hub_api import READ_TOKEN, TOKEN
from tests.servers.local_hub import LocalHub
from tests.warm import run_warm

# Runs several command lines in one process, each with its token; prints status and stderr of each.
COMMANDS = """
import contextlib, io, json, os, sys
from subgoal.cli import main

for token, arguments in json.loads(sys.argv[1]):
    os.environ["HF_TOKEN"] = token
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main(arguments)
        except SystemExit as stop:
            status = stop.code or 0
    print(json.dumps([status, out.getvalue(), err.getvalue()]))
"""

# Loads by id as a stranger would, runs the card's own example, and lets the pair decide.
LOAD = """
import json, sys
from huggingface_hub import ModelCard
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

controller, executor, branch, commit = sys.argv[1:]
model = AutoModelForSeq2SeqLM.from_pretrained(executor, revision=branch)
pinned = AutoModelForSeq2SeqLM.from_pretrained(executor, revision=commit)
card = ModelCard.load(controller)
exec(card.text.split("```python\\n")[1].partition("```")[0], {})

from dataset_builder.trajectories.agent_state import AgentState
from modeling import SubgoalAgent

agent = SubgoalAgent.from_pretrained(controller, executor, revision=branch)
look = "This room is called the hallway. In it, you see: \\n\\tthe agent\\n"
state = AgentState("find-plant", "Your task is to find a(n) plant.", look, "In your inventory, you see:\\n")
(decision,) = agent.act([state])
print(json.dumps({
    "role": model.config.subgoal_role,
    "equal": all(bool((a == b).all()) for a, b in zip(model.parameters(), pinned.parameters())),
    "new_tokens": model.generation_config.max_new_tokens,
    "model_index": card.data.to_dict()["model-index"][0]["name"],
    "agent": agent.describe()["models"],
    "actions": decision.actions,
}))
"""


@pytest.fixture
def hub() -> Iterator[LocalHub]:
    with LocalHub() as server:
        yield server


def _python(hub: LocalHub, home: Path, *arguments: str) -> str:
    done = run_warm(*arguments, env=os.environ | hub.environment(home))
    assert done.returncode == 0, done.stderr
    assert TOKEN not in done.stdout + done.stderr
    return done.stdout


def _commands(hub: LocalHub, home: Path, *commands: tuple[str, list[str]]) -> list[tuple[int, str, str]]:
    printed = _python(hub, home, "-c", COMMANDS, json.dumps(commands)).splitlines()
    return [tuple(json.loads(line)) for line in printed]


def test_a_pair_is_pushed_loaded_by_id_and_plays(
    hub: LocalHub, checkpoints: dict[str, Path], tmp_path: Path
) -> None:
    run = write_run(tmp_path / "run", checkpoints)
    folder = Path(shutil.copytree(checkpoints["executor"], tmp_path / "executor"))
    (folder / "checkpoints" / "checkpoint-20").mkdir(parents=True)
    (folder / "checkpoints" / "checkpoint-20" / "optimizer.pt").write_bytes(b"0")
    (folder / "runs").mkdir()
    (folder / "runs" / "events.out.tfevents.0.somebody").write_bytes(b"1")
    (folder / ".eval_results").mkdir()
    entry = "- dataset:\n    id: {}/scienceworld-subgoals\n    task_id: paper\n  value: 50.0\n"
    (folder / ".eval_results" / "scienceworld-paper.yaml").write_text(entry.format("NAMESPACE"))
    (folder / ".hidden").write_text("not sent")
    controller, executor = "tester/scienceworld-controller", "tester/scienceworld-executor"
    push = ["models", "push", str(folder), executor]
    results = ["models", "push", str(checkpoints["controller"]), controller, "--results", str(run)]

    said = _commands(
        hub,
        tmp_path / "home",
        (TOKEN, push),
        (TOKEN, push),
        (TOKEN, [*push, "--revision", "v1"]),
        (TOKEN, results),
        (TOKEN, results),
        (TOKEN, [*results, "--revision", "v1", "--partner", "other/executor"]),
    )

    assert [(status, err) for status, _, err in said] == [(0, "")] * 6
    assert [out.partition(":")[0] for _, out, _ in said] == [
        "Pushed",
        "Nothing has changed",
        "Nothing has changed",
        "Pushed",
        "Nothing has changed",
        "Pushed",
    ]
    repo = hub.repo(executor, "model")
    assert [commit.title for commit in repo.commits] == ["initial commit", "Upload the checkpoint"]
    files = hub.files(executor, repo_type="model")
    assert files.pop(".eval_results/scienceworld-paper.yaml").decode() == entry.format("tester")
    assert set(files) == {path.name for path in checkpoints["executor"].iterdir()} - {".lock"}
    card = files.pop("README.md").decode()
    assert files == {name: (folder / name).read_bytes() for name in files}
    assert f'SubgoalAgent.from_pretrained("{controller}", "{executor}")' in card
    assert "NAMESPACE" not in card
    branch = hub.files(controller, "v1", "model")["README.md"].decode()
    assert f'SubgoalAgent.from_pretrained("{controller}", "other/executor")' in branch

    commit = repo.branches["main"]
    loaded = json.loads(
        _python(hub, tmp_path / "home", "-c", LOAD, controller, executor, "v1", commit).splitlines()[-1]
    )

    assert (loaded["role"], loaded["equal"], loaded["new_tokens"]) == ("executor", True, 48)
    assert loaded["model_index"] == "scienceworld-controller"
    assert loaded["agent"]["executor"]["id"] == executor
    assert loaded["agent"]["executor"]["revision"] == commit
    assert loaded["agent"]["controller"]["revision"] == hub.repo(controller, "model").branches["v1"]
    assert loaded["actions"]


def test_training_pushes_at_its_end_and_asks_at_its_start(
    hub: LocalHub, dataset: Path, recipe: Recipe, tmp_path: Path
) -> None:
    values, out = tmp_path / "recipe.yaml", tmp_path / "out"
    values.write_text(show_recipe(recipe.with_values(max_steps=2, exact_match_examples=2)))
    train = ["train", "flat", "--recipe", str(values), "--dataset", str(dataset), "--out", str(out)]
    refusals = [
        ("", "tester/flat", 1, "No Hugging Face token was found: run `hf auth login`"),
        ("hf_unknown", "tester/flat", 1, "The Hub does not know this token"),
        (READ_TOKEN, "tester/flat", 1, "This token may not write to tester/flat"),
        (TOKEN, "other/flat", 1, "This token may not write to other/flat"),
        (TOKEN, "flat", 2, "'flat' is not the name of a repository: use NAMESPACE/NAME"),
    ]
    *refused, pushed = _commands(
        hub,
        tmp_path / "home",
        *((token, [*train, "--push", repo]) for token, repo, _, _ in refusals),
        (TOKEN, [*train, "--push", "tester/flat", "--private"]),
    )
    for (status, _, err), (_, _, wanted, line) in zip(refused, refusals, strict=True):
        assert status == wanted
        assert err.startswith("error: ")
        assert line in err
        assert err.count("\n") == 1
    assert pushed[0] == 0
    assert "Pushed: " in pushed[1]
    assert hub.repo("tester/flat", "model").private
    uploaded = set(hub.files("tester/flat", repo_type="model"))
    assert uploaded == {path.name for path in out.iterdir()} - {".lock"}
    created = [call.path for call in hub.log if call.path == "/api/repos/create"]
    assert len(created) >= 2  # once before the training, once with the push


def test_an_unfinished_checkpoint_is_not_pushed(checkpoints: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There is no checkpoint folder"):
        push_checkpoint(tmp_path / "nowhere", "tester/flat")
    with pytest.raises(UsageError, match="name the --out of a `subgoal train`"):
        push_checkpoint(tmp_path, "tester/flat")
    (tmp_path / "plan.json").write_text("{}")
    with pytest.raises(UsageError, match="run the same `subgoal train` again"):
        push_checkpoint(tmp_path, "tester/flat")
    folder = Path(shutil.copytree(checkpoints["flat"], tmp_path / "flat"))
    (folder / "config.json").rename(folder / "gone.json")
    with pytest.raises(UsageError, match=r"is incomplete \(config.json is missing\)"):
        push_checkpoint(folder, "tester/flat")
    (folder / "gone.json").rename(folder / "config.json")
    with (folder / "model.safetensors").open("ab") as file:
        file.write(b"more")
    with pytest.raises(UsageError, match=r"not those of its training.json"):
        push_checkpoint(folder, "tester/flat")
    (folder / "training.json").write_text("{}")
    with pytest.raises(UsageError, match=r"is not a training record"):
        push_checkpoint(folder, "tester/flat")
