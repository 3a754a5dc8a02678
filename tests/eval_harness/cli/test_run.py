import json
from pathlib import Path
from typing import Any

import pytest

from dataset_builder.common.errors import UsageError


def test_run_and_report(invoke: Any) -> None:
    run = ("run", "--agent", "expert", "--protocol", "mini", "--max-variations", "1", "--out", "e")
    played = invoke(*run, "--tasks", "7-1")
    assert played.exit_code == 0, played.output
    assert "100.0 (1)" in played.output
    results = json.loads(Path("e/results.json").read_text())
    assert (results["agent"], results["mean_score"], results["batch_size"]) == ("expert", 100, 32)
    report = invoke("report", "e", "--markdown", "-")
    assert "| lifespan-longest-lived | 100.0 (1) |" in report.output
    assert "lifespan-longest-lived" in invoke("report", "e", "e").output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("run --out o", "No agent selected: pass"),
        ("run --agent expert --protocol nosuch --out o", "Unknown protocol 'nosuch'"),
        ("run --agent expert --tasks nosuch --out o", "Unknown task 'nosuch'"),
        ("run --agent nosuch --out o", "Unknown agent 'nosuch'"),
        ("run --agent expert --batch-size x --out o", "Batch size 'x'"),
        ("run --agent expert --beams 2 --out o", "Agent expert does not use --beams:"),
        ("run --agent my:Agent --temperature 1 --out o", "Agent my:Agent does not use --temperature:"),
        (
            "run --flat a --temperature 0.3 --out o",
            "--temperature only applies to sampling: add --self-consistency N",
        ),
        ("run --flat a --top-p 0.3 --out o", "--top-p only applies to sampling: add --self-consistency N"),
        ("run --flat a --beams 2 --self-consistency 8 --out o", "--self-consistency replaces --beams"),
        ("run --flat a --controller-beams 2 --out o", "Agent flat does not use --controller-beams:"),
        ("run --flat a --backend onnx --out o", "Unknown backend 'onnx'"),
        ("run --flat a --backend ctranslate2 --self-consistency 8 --out o", "Samples need"),
        ("run --controller a --out o", "Agent hierarchical needs --executor"),
        ("report nosuch", "nosuch is not a run folder"),
    ],
)
def test_bad_input_is_a_usage_error(invoke: Any, arguments: str, message: str) -> None:
    result = invoke(*arguments.split())
    assert isinstance(result.exception, UsageError)
    assert message in str(result.exception)
    assert not Path("o").exists()


def test_a_missing_out_is_reported(invoke: Any) -> None:
    result = invoke("run", "--agent", "expert")
    assert result.exit_code == 2
    assert "--out" in result.output


def test_a_run_whose_episodes_all_fail_is_an_error(invoke: Any) -> None:
    Path("broken.py").write_text(
        "class Agent:\n"
        "    name = 'broken'\n"
        "    def begin(self, *_): pass\n"
        "    def end(self, _): pass\n"
        "    def act(self, states): raise ValueError('dark')\n"
        "    def describe(self): return {'name': 'broken', 'models': {}}\n"
    )
    played = invoke("run", "--agent", "broken:Agent", "--protocol", "mini", "--tasks", "7-1", "--out", "e")
    assert played.exit_code == 1
    assert "All 2 episodes failed (the last: ValueError: dark" in str(played.exception)
