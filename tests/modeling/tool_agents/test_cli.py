"""`subgoal tools train`: what the options mean."""

from pathlib import Path
from typing import Any

import pytest

from subgoal.cli import main


def _status(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["tools", "train", *arguments])
    return int(ended.value.code or 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["agent", "--out", "o"], "No dataset: add --dataset FOLDER|REPO[@REV]."),
        (["agent", "--dataset", "d"], "No out: add --out DIR."),
    ],
)
def test_a_missing_option_is_named(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _status(*arguments) == 2
    assert message in capsys.readouterr().err


def test_options_reach_the_training_and_the_folder_is_printed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    calls: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
    monkeypatch.setattr(
        "modeling.tool_agents.train.train_tool_agent", lambda *args, **options: calls.append((args, options))
    )
    out = tmp_path / "cot"
    overrides = ["--base", "ns/base", "--seed", "3", "--max-steps", "5", "--max-minutes", "1.5"]
    assert _status("cot-rag", "--dataset", "ns/data@v1", "--out", str(out), *overrides) == 0
    ((args, options),) = calls
    assert args == ("cot-rag", "tool-agent-cpu", "ns/data@v1", out)
    del options["console"]
    assert options == {
        "base": "ns/base",
        "seed": 3,
        "max_steps": 5,
        "max_minutes": 1.5,
        "report_to": None,
    }
    assert capsys.readouterr().out.strip() == str(out)
