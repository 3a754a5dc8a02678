"""The quickstart of agents with tools on a tiny model: every stage for real, once, and nothing twice."""

from pathlib import Path

import pytest
from datasets import load_dataset

from dataset_builder.common.errors import SubgoalError
from eval_harness.tool_agents.records import read_run
from subgoal import tools_quickstart
from tests.modeling.tiny_models import save_tiny


def _files(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*.json*") if path.is_file()}


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

    before = {path: stamp for path, stamp in _files(out).items() if path.name != "tools_run.json"}
    tools_quickstart.tools_quickstart_command(out, str(base), 0)
    assert {path: stamp for path, stamp in _files(out).items() if path in before} == before


def test_a_base_that_does_not_exist_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        tools_quickstart, "SIZES", {"train": 12, "validation": 6, "test": 2, "out_of_domain": 0}
    )
    with pytest.raises(SubgoalError, match="nowhere"):
        tools_quickstart.tools_quickstart_command(tmp_path / "out", str(tmp_path / "nowhere"), 0)
