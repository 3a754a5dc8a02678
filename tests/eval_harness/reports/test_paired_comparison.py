from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from dataset_builder.common.errors import UsageError
from eval_harness.cli.main import app
from eval_harness.reports.paired_comparison import (
    Comparison,
    compare_runs,
    p_text,
    paired_markdown,
    paired_table,
    signed_text,
)
from eval_harness.results.played_run import read_played
from eval_harness.results.records import EpisodeResult
from eval_harness.results.statistics import Estimate

MakeRun = Callable[..., Path]


@pytest.fixture
def invoke(monkeypatch: Any) -> Any:
    monkeypatch.setenv("COLUMNS", "160")
    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])


def better(episodes: list[EpisodeResult]) -> list[EpisodeResult]:
    """The lost ones won, and one of the won ones lost 10 points."""
    changed = [replace(e, score=100) if e.stop_reason == "lost" else e for e in episodes]
    return [replace(e, score=90) if (e.task, e.variation) == ("find-plant", 150) else e for e in changed]


def compared(first: Path, second: Path) -> Comparison:
    return compare_runs(read_played(first), read_played(second))


def test_differences_are_paired(make_run: MakeRun, recorded_episodes: list[EpisodeResult]) -> None:
    found = compared(make_run("a"), make_run("b", better(recorded_episodes), agent="flat"))
    rows = {row.name: row for row in found.tasks}
    assert rows["lifespan-shortest-lived"].difference == Estimate(100)  # one pair: no interval
    power = rows["power-component"]
    assert (power.episodes, power.better, power.equal, power.worse) == (2, 1, 1, 0)
    assert (power.first, power.second, power.difference) == (3.5, 53.5, Estimate(50, 0, 100))
    assert (power.p, power.p_adjusted) == (1.0, 1.0)
    assert rows["find-plant"].worse == 1
    overall = found.overall
    assert (overall.episodes, overall.better, overall.equal, overall.worse) == (9, 2, 6, 1)
    assert overall.difference.mean == pytest.approx((100 + 50 - 10) / 7)
    assert overall.difference.mean == pytest.approx(overall.second - overall.first)
    assert [row.name for row in found.groups] == ["short tasks", "long tasks"]
    assert found.comparable
    assert not any(found.left_out.values())


def test_the_comparison_shows_the_cost_of_an_episode(
    make_run: MakeRun, recorded_episodes: list[EpisodeResult], invoke: Any
) -> None:
    asked = [replace(episode, model_calls=6) for episode in recorded_episodes]
    first, second = make_run("a"), make_run("b", asked, agent="flat")
    found = compared(first, second)
    assert {"name": "model calls per episode", "values": ["-", "6.0"]} in found.costs
    assert "| model calls per episode | - | 6.0 |" in paired_markdown(found)
    assert "model calls per episode" in invoke("compare", first, second).output


def test_a_run_equals_itself(make_run: MakeRun) -> None:
    run = make_run("a")
    found = compared(run, run)
    assert found.overall.p == 1.0
    assert found.overall.difference == Estimate(0)
    assert found.overall.equal == 9


def test_intervals_need_several_variations_of_every_task(
    make_run: MakeRun, recorded_episodes: list[EpisodeResult]
) -> None:
    several = [e for e in recorded_episodes if e.task in ("power-component", "lifespan-longest-lived")]
    found = compared(make_run("a", several), make_run("b", better(several), agent="flat"))
    assert found.overall.difference.low is not None
    assert not any("no interval" in note for note in found.notes)
    single = compared(make_run("c"), make_run("d", better(recorded_episodes), agent="flat"))
    assert single.overall.difference == Estimate(single.overall.difference.mean)
    assert "Tasks with one variation have no interval" in single.notes[-1]


def test_names_are_escaped_in_tables(make_run: MakeRun, capsys: Any) -> None:
    found = compared(make_run("a", agent="x|[/]"), make_run("b", agent="[bold]y"))
    assert paired_markdown(found).startswith("| task | x\\|[/] | [bold]y | difference |")
    Console(width=200).print(paired_table(found))
    shown = capsys.readouterr().out
    assert "x|[/]" in shown
    assert "[bold]y" in shown


def test_episodes_of_only_one_run_are_excluded_and_counted(
    make_run: MakeRun, recorded_episodes: list[EpisodeResult]
) -> None:
    failed = replace(recorded_episodes[3], score=None, raw_score=None, error="ValueError: x")
    second = [*recorded_episodes[:3], failed, *recorded_episodes[4:7]]
    found = compared(make_run("a"), make_run("b", second, agent="flat"))
    assert found.left_out == {"only in hierarchical": 2, "only in flat": 0, "failed in one of them": 1}
    assert found.overall.episodes == 6
    assert "Excluded episodes: only in hierarchical: 2; failed in one of them: 1." in found.notes


def test_other_seeds_played_the_same_worlds(
    make_run: MakeRun, recorded_episodes: list[EpisodeResult]
) -> None:
    second = [replace(episode, seed=7) for episode in recorded_episodes]
    found = compared(make_run("a"), make_run("b", second, seed=7))
    assert found.overall.equal == 9
    assert any("seeds differ (0, 7)" in note for note in found.notes)


def test_nothing_in_common_is_refused(make_run: MakeRun, recorded_episodes: list[EpisodeResult]) -> None:
    first, second = make_run("a", recorded_episodes[:2]), make_run("b", recorded_episodes[2:4])
    with pytest.raises(UsageError, match=r"no scored episode in common \(only in .*: 2; only in .*: 2\)"):
        compared(first, second)


def test_the_comparison_starts_with_a_warning_about_different_protocols(
    make_run: MakeRun, invoke: Any
) -> None:
    first = make_run("a")
    second = make_run("b", agent="flat", protocol={"name": "own", "hash": "abc"})
    found = compared(first, second)
    assert not found.comparable
    assert found.notes[0].startswith("NOT COMPARABLE, the protocols differ: hierarchical: paper (")
    assert f"**{found.notes[0]}**" in paired_markdown(found)
    shown = invoke("compare", first, second)
    assert shown.exit_code == 0
    assert "NOT COMPARABLE" in shown.output


def test_texts() -> None:
    assert [signed_text(value) for value in (3.14, -0.4, 0.01, -0.01)] == ["+3.1", "-0.4", "0.0", "0.0"]
    assert [p_text(p) for p in (0.0002, 0.0314, 1.0)] == ["<0.001", "0.031", "1.000"]
