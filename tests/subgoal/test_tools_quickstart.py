"""The quickstart of agents with tools on a tiny model: every stage for real, once, and nothing twice."""

import os
import shutil
import tomllib
from pathlib import Path

import pytest
from datasets import load_dataset

from dataset_builder.common.errors import SubgoalError
from eval_harness.tool_agents.records import read_run
from subgoal import tools_quickstart
from subgoal.cli import main
from tests.modeling.tiny_models import save_tiny
from tests.servers.local_hub import LocalHub
from tests.warm import run_warm

SIZES = {"train": 24, "validation": 12, "test": 6, "out_of_domain": 0}

# Pushes a base and an agent, and loads the agent by its id; prints the id of the base that was found.
_RELEASE = """
import sys
from huggingface_hub import HfApi
from modeling.checkpoints.load import load_checkpoint
from subgoal.cli import main

base, agent = sys.argv[1:]
HfApi().create_repo("tester/base")
HfApi().upload_folder(folder_path=base, repo_id="tester/base")
try:
    main(["models", "push", agent, "tester/agent"])
except SystemExit as ended:
    assert not ended.code
print(load_checkpoint("tester/agent").base["id"])
"""


_CHILD = tools_quickstart._child


def _files(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*.json*") if path.is_file()}


def test_its_extra_has_what_its_stages_need() -> None:
    """Training needs what causal models need, the packaged base needs gguf."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    gguf = next(package for package in extras["dev"] if package.startswith("gguf"))
    assert {*extras["causal"], gguf} <= {*extras["tools"]}


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The quickstart's folder after its first stage."""
    out = tmp_path_factory.mktemp("collected") / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tools_quickstart, "SIZES", SIZES)
        tools_quickstart._collect(out, 0)
    return out


@pytest.mark.timeout(900)
def test_it_goes_through_and_does_nothing_twice(
    collected: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tools_quickstart, "SIZES", SIZES)
    monkeypatch.setattr(tools_quickstart, "STEPS", {"agent": 2, "cot": 2})
    monkeypatch.setattr(tools_quickstart, "ANSWER_TOKENS", 8)  # of a model that never stops
    monkeypatch.setattr(tools_quickstart, "_child", _train_agent_alone)
    # Its upper layers are those that the recipe for CPUs trains.
    base = save_tiny("llama", tmp_path / "base", layers=20)
    out = collected
    tools_quickstart.tools_quickstart_command(out, str(base), 0)
    printed = capsys.readouterr().out
    for mode in ("cot", "agent"):
        run = read_run(out / "runs" / mode)
        assert run.complete
        assert len(run.results) == 6
    assert "agent (agent) minus cot (cot)" in printed
    assert len(load_dataset(str(out / "dataset"), "agent", split="train")) >= 20

    monkeypatch.setattr(tools_quickstart, "_child", _succeeds_here)
    before = {path: stamp for path, stamp in _files(out).items() if path.name != "tools_run.json"}
    tools_quickstart.tools_quickstart_command(out, str(base), 0)
    assert {path: stamp for path, stamp in _files(out).items() if path in before} == before
    _release(out, base, tmp_path)


def _release(out: Path, base: Path, home: Path) -> None:
    """Publish the agent with its scores, and load it by its id with its base."""
    agent, runs = out / "agent", [str(out / "runs" / mode) for mode in ("agent", "cot")]
    assert _status("models", "rebase", agent, "tester/base") == 0
    assert _status("eval", "tools-report", runs[1], "--card", agent) == 2  # another model's run
    names = ("--names", "agent,chain of thought")
    assert _status("eval", "tools-report", *runs, *names, "--card", agent) == 0
    card = (agent / "README.md").read_text()
    assert "| % right | questions | agent | chain of thought |" in card
    assert "### chain of thought minus agent" in card
    (base / "README.md").write_text("A model.\n")
    with LocalHub() as hub:
        done = run_warm("-c", _RELEASE, base, agent, env=os.environ | hub.environment(home / "home"))
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines()[-1] == "tester/base"
        assert b"NAMESPACE/" not in hub.files("tester/agent", repo_type="model")["README.md"]


def _train_agent_alone(*arguments: object) -> None:
    """Train one student in a process of its own, as the quickstart does, and do the rest here."""
    run = _CHILD if arguments[:3] == ("tools", "train", "agent") else _succeeds_here
    run(*arguments)


def _succeeds_here(*arguments: object) -> None:
    assert _status(*arguments) == 0


def _status(*arguments: object) -> object:
    with pytest.raises(SystemExit) as ended:
        main(list(map(str, arguments)))
    return ended.value.code


def test_a_base_that_does_not_exist_is_one_line(
    collected: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    shutil.copytree(collected / "dataset", out / "dataset")
    monkeypatch.setattr(tools_quickstart, "_collect", lambda out, seed: None)
    with pytest.raises(SubgoalError, match="nowhere"):
        tools_quickstart.tools_quickstart_command(out, str(tmp_path / "nowhere"), 0)
