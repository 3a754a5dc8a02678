import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console

from eval_harness.protocols.protocol import EpisodeKey
from eval_harness.reports.score_table import comparison_markdown, comparison_table, interval_text
from eval_harness.results.played_run import PlayedRun, read_played
from eval_harness.results.records import EpisodeResult, RunResult, summarize
from eval_harness.results.statistics import Estimate


def episode(task: str, variation: int, score: int | None) -> EpisodeResult:
    error = "ValueError: x" if score is None else None
    return EpisodeResult(
        *EpisodeKey(task, variation, 0), score, score, 1, [], [], [], [], [], [], "completed", error
    )


def result(agent: str, *scores: tuple[str, int | None], **changes: Any) -> RunResult:
    fields: dict[str, Any] = {
        "agent": agent,
        "models": {},
        "agent_settings": {},
        "protocol": {"name": "mini", "hash": "abc"},
        "seed": 0,
        "complete": True,
        "batch_size": 8,
        "versions": {},
        "hardware": {},
        "wall_seconds": 1.0,
    }
    episodes = [episode(task, index, score) for index, (task, score) in enumerate(scores)]
    return RunResult(**summarize(episodes), **{**fields, **changes})


def text(*results: RunResult, **options: Any) -> str:
    console = Console(width=140, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(comparison_table(results, **options))
    return console.export_text()


FLAT = result("flat", ("boil", 20), ("find-plant", 50))
PAIR = result("hierarchical", ("boil", 40), ("find-plant", 75))


def test_tasks_are_rows_and_agents_columns() -> None:
    shown = text(PAIR, FLAT, title="quick", caption="A demonstration.")
    rows = [line for line in shown.splitlines() if "boil" in line]
    assert len(rows) == 1
    assert "40.0 (1)" in rows[0]
    assert "20.0 (1)" in rows[0]
    assert shown.index("hierarchical") < shown.index("flat")
    assert "quick" in shown
    assert "A demonstration." in shown
    footer = next(line for line in shown.splitlines() if "mean over tasks" in line)
    assert "57.5 (2)" in footer
    assert "35.0 (2)" in footer
    assert "different" not in shown
    assert "NOT COMPARABLE" not in shown


def test_groups_appear_only_when_there_are_several() -> None:
    assert "short tasks" in text(PAIR)
    assert "long tasks" in text(PAIR)
    assert "long tasks" not in text(result("flat", ("boil", 20), ("melt", 30)))


def test_markdown_says_the_same() -> None:
    assert comparison_markdown([PAIR, FLAT], title="quick", caption="A demonstration.") == (
        "## quick\n\n"
        "| task | hierarchical | flat |\n"
        "|---|---:|---:|\n"
        "| boil | 40.0 (1) | 20.0 (1) |\n"
        "| find-plant | 75.0 (1) | 50.0 (1) |\n"
        "| short tasks | 75.0 (1) | 50.0 (1) |\n"
        "| long tasks | 40.0 (1) | 20.0 (1) |\n"
        "| **mean over tasks** | **57.5 (2)** | **35.0 (2)** |\n"
        "\nA demonstration.\n"
        "\nIn parentheses: episodes.\n"
    )


def test_runs_that_cannot_be_compared_get_a_note() -> None:
    other = result("random", ("boil", 0), protocol={"name": "paper", "hash": "def"}, complete=False)
    shown = comparison_markdown([PAIR, other])
    assert "NOT COMPARABLE, the protocols differ: hierarchical: mini (abc); random: paper (def)." in shown
    assert "different episodes" in shown
    assert "Not finished: random." in shown


def test_failed_episodes_are_shown_as_failed() -> None:
    shown = comparison_markdown([result("plug-in", ("boil", None), ("melt", 50), ("melt", None))])
    assert "| boil | - (0, 1 failed) |" in shown
    assert "| melt | 50.0 (1, 1 failed) |" in shown
    assert "| **mean over tasks** | **50.0 (1, 2 failed)** |" in shown
    assert "excluded from all means" in shown


def test_columns_of_one_agent_have_distinct_names() -> None:
    one, two = (result("flat", ("boil", 1), folder=Path("runs") / name) for name in ("a", "b"))
    assert "| task | flat a | flat b |" in comparison_markdown([one, two])
    same = [result("flat", ("boil", 1), folder=Path(f"{name}/run")) for name in "ab"]
    assert "| task | flat run #1 | flat run #2 |" in comparison_markdown(same)


def test_a_run_with_its_episodes_shows_intervals_and_outcomes(make_run: Callable[..., Path]) -> None:
    shown = comparison_markdown([read_played(make_run("a"))])
    assert "| **mean over tasks** | **48.2 (9)** |\n| 95% interval of the mean | - |" in shown
    assert "Tasks with one variation have no interval, nor do means over such tasks" in shown
    assert "| solved | 44.4% |" in shown
    assert "| completed | 4 |" in shown
    assert "| wrong focus | 2 |" in shown
    assert "agent error" not in shown


def test_an_interval_needs_several_variations_of_every_task(
    make_run: Callable[..., Path], recorded_episodes: list[EpisodeResult]
) -> None:
    several = [e for e in recorded_episodes if e.task in ("power-component", "lifespan-longest-lived")]
    shown = comparison_markdown([read_played(make_run("a", several))])
    assert re.search(r"\| 95% interval of the mean \| [0-9.]+ to [0-9.]+ \|", shown)
    assert "no interval" not in shown


def test_names_are_not_interpreted_as_markup(make_run: Callable[..., Path]) -> None:
    shown = text(result("[bold]mine[/x]", ("boil", 1)), title="[red]p", caption="[/]")
    assert "[bold]mine[/x]" in shown
    assert "[red]p" in shown
    assert "[/]" in shown


def test_details_are_shown_only_if_every_column_has_them(make_run: Callable[..., Path]) -> None:
    run = read_played(make_run("a"))
    assert "interval" not in comparison_markdown([run, run.result])


def test_a_run_without_scores_has_no_intervals(recorded_episodes: list[EpisodeResult]) -> None:
    failed = [replace(e, score=None, raw_score=None, error="x") for e in recorded_episodes]
    run = PlayedRun(replace(PAIR, **summarize(failed)), failed)
    assert run.scores().mean() is None
    assert run.solved() is None
    assert "| 95% interval of the mean | - |" in comparison_markdown([run])


def test_interval_text() -> None:
    assert interval_text(Estimate(5, 1.25, 9.75)) == "1.2 to 9.8"
    assert interval_text(Estimate(0.5, 0.25, 0.75), scale=100) == "25.0 to 75.0"
    assert interval_text(Estimate(0, -0.01, 3), sign="+") == "0.0 to +3.0"
    assert interval_text(Estimate(5)) == interval_text(None) == "-"
