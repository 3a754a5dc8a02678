import json
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from dataset_builder.common.errors import UsageError
from dataset_builder.simulator.simulator import Simulator
from eval_harness.cli.main import app
from eval_harness.results.records import EpisodeResult
from tests.eval_harness.reports.test_paired_comparison import better, compared

MakeRun = Callable[..., Path]


def test_report_writes_a_reproducible_page(make_run: MakeRun, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    target = tmp_path / "new" / "page.html"
    done = CliRunner().invoke(app, ["report", str(make_run("a")), "--html", str(target)])
    assert done.exit_code == 0, done.output
    assert "mean over tasks" in done.output
    first = target.read_bytes()
    CliRunner().invoke(app, ["report", str(make_run("a")), "--html", str(target)])
    assert target.read_bytes() == first  # the same runs make the same page


def test_report_writes_markdown(make_run: Callable[..., Path], tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from eval_harness.cli.main import app

    target = tmp_path / "r.md"
    done = CliRunner().invoke(app, ["report", str(make_run("a")), "--markdown", str(target)])
    assert done.exit_code == 0
    assert "│" in done.output
    printed = CliRunner().invoke(app, ["report", str(make_run("a")), "--markdown", "-"])
    assert printed.stdout == target.read_text()


@pytest.fixture
def invoke(monkeypatch: Any) -> Any:
    monkeypatch.setenv("COLUMNS", "160")
    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_compare_writes_markdown_and_json(make_run: MakeRun, recorded_episodes: Any, invoke: Any) -> None:
    first, second = make_run("a"), make_run("b", better(recorded_episodes), agent="flat")
    files = first.parent / "out" / "c.md", first.parent / "out" / "c.json"
    shown = invoke("compare", first, second, "--markdown", files[0], "--json", files[1])
    assert shown.exit_code == 0, shown.output
    assert "+20.0" in shown.output
    assert "| power-component | 3.5 | 53.5 | +50.0 | 0.0 to +100.0 | 1.000 | 1/1/0 |" in files[0].read_text()
    record = json.loads(files[1].read_text())
    assert record == compared(first, second).to_dict()
    assert record["overall"]["difference"]["mean"] == pytest.approx(20)
    printed = invoke("compare", first, second, "--json", "-")
    assert json.loads(printed.stdout) == record
    both = invoke("compare", first, second, "--json", "-", "--markdown", "-")
    assert "give one a file" in str(both.exception)


@pytest.fixture
def short(recorded_episodes: list[EpisodeResult]) -> EpisodeResult:
    return next(episode for episode in recorded_episodes if episode.task == "find-plant")


def test_replay_prints_differences(
    simulator: Simulator, make_run: MakeRun, short: EpisodeResult, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr("dataset_builder.simulator.simulator.Simulator", lambda: nullcontext(simulator))

    def invoke(*arguments: object) -> Any:
        return CliRunner().invoke(app, ["replay", *map(str, arguments)])

    one = tmp_path / "one.json"
    one.write_text(json.dumps(short.to_dict()))
    good = invoke(one)
    assert good.exit_code == 0, good.output
    assert "find-plant 150 (seed 0): same scores" in good.output
    assert "1 of 1 episodes replayed with the same scores." in good.output
    wrong = invoke(make_run("a", [short, replace(short, variation=151)]))
    assert wrong.exit_code == 1
    assert "find-plant 151 (seed 0): score" in wrong.output
    assert "1 of 2 episodes" in wrong.output
    for arguments, message in (
        (("--variation", 3), "--variation needs --task"),
        (("--task", "boil"), "No recorded episode of boil"),
    ):
        refused = invoke(one, *arguments)
        assert isinstance(refused.exception, UsageError)
        assert message in str(refused.exception)
