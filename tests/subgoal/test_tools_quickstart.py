"""The quickstart of agents with tools on a tiny model: every stage for real, once, and nothing twice."""

import os
import subprocess
import sys
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

_PUSH = """
import sys
from huggingface_hub import HfApi
HfApi().create_repo(sys.argv[2])
HfApi().upload_folder(folder_path=sys.argv[1], repo_id=sys.argv[2])
"""
_COMMAND = "from subgoal.cli import main; import sys; main(sys.argv[1:])"
_LOAD = """
import sys
from modeling.checkpoints.load import load_checkpoint
print(load_checkpoint(sys.argv[1]).base["id"])
"""


def _files(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*.json*") if path.is_file()}


def test_its_extra_has_what_its_stages_need() -> None:
    """Training needs what causal models need, the packaged base needs gguf."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    gguf = next(package for package in extras["dev"] if package.startswith("gguf"))
    assert {*extras["causal"], gguf} <= {*extras["tools"]}


@pytest.mark.timeout(900)
def test_it_goes_through_and_does_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        tools_quickstart, "SIZES", {"train": 24, "validation": 12, "test": 6, "out_of_domain": 0}
    )
    monkeypatch.setattr(tools_quickstart, "STEPS", {"agent": 2, "cot": 2})
    monkeypatch.setattr(tools_quickstart, "ANSWER_TOKENS", 24)  # of a model that never stops
    # Its upper layers are those that the recipe for CPUs trains.
    base = save_tiny("llama", tmp_path / "base", layers=20)
    out = tmp_path / "out"
    tools_quickstart.tools_quickstart_command(out, str(base), 0)
    printed = capsys.readouterr().out
    for mode in ("cot", "agent"):
        run = read_run(out / "runs" / mode)
        assert run.complete
        assert len(run.results) == 6
    assert "agent (agent) minus cot (cot)" in printed
    assert len(load_dataset(str(out / "dataset"), "agent", split="train")) >= 20

    # Nothing is left to do: five more processes would load torch for it.
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
        for program, arguments in (
            (_PUSH, (base, "tester/base")),
            (
                "from subgoal.cli import main; import sys; main(sys.argv[1:])",
                ("models", "push", agent, "tester/agent"),
            ),
            (_LOAD, ("tester/agent",)),
        ):
            done = subprocess.run(
                [sys.executable, "-c", program, *map(str, arguments)],
                env=os.environ | hub.environment(home / "home"),
                cwd=Path(__file__).parents[2],
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
        assert done.stdout.strip() == "tester/base"
        assert b"NAMESPACE/" not in hub.files("tester/agent", repo_type="model")["README.md"]


def _succeeds_here(*arguments: object) -> None:
    assert _status(*arguments) == 0


def _status(*arguments: object) -> object:
    with pytest.raises(SystemExit) as ended:
        main(list(map(str, arguments)))
    return ended.value.code


def test_a_base_that_does_not_exist_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        tools_quickstart, "SIZES", {"train": 12, "validation": 6, "test": 2, "out_of_domain": 0}
    )
    with pytest.raises(SubgoalError, match="nowhere"):
        tools_quickstart.tools_quickstart_command(tmp_path / "out", str(tmp_path / "nowhere"), 0)
