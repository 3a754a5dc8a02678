import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from dataset_builder.common.errors import UsageError
from eval_harness.protocols.protocol import EpisodeKey
from eval_harness.reports.score_table import comparison_markdown, comparison_table, interval_text
from eval_harness.results.played_run import PlayedRun, read_played
from eval_harness.results.records import EpisodeResult, RunResult, load_run, summarize
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


def test_what_cannot_be_compared_is_said() -> None:
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


def test_columns_of_one_agent_are_told_apart() -> None:
    one, two = (result("flat", ("boil", 1), folder=Path("runs") / name) for name in ("a", "b"))
    assert "| task | flat a | flat b |" in comparison_markdown([one, two])
    same = [result("flat", ("boil", 1), folder=Path(f"{name}/run")) for name in "ab"]
    assert "| task | flat run #1 | flat run #2 |" in comparison_markdown(same)


def test_foreign_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"is not a run folder"):
        load_run(tmp_path)


def test_a_run_with_its_episodes_tells_more(make_run: Callable[..., Path]) -> None:
    shown = comparison_markdown([read_played(make_run("a"))])
    assert "| **mean over tasks** | **48.2 (9)** |\n| 95% interval of the mean | - |" in shown
    assert "Tasks with one variation have no interval, nor do means over such tasks" in shown
    assert "| solved | 44.4% |" in shown
    assert "| completed | 4 |" in shown
    assert "| wrong focus | 2 |" in shown
    assert "agent error" not in shown


def test_an_interval_stands_where_every_task_has_several_variations(
    make_run: Callable[..., Path], recorded_episodes: list[EpisodeResult]
) -> None:
    several = [e for e in recorded_episodes if e.task in ("power-component", "lifespan-longest-lived")]
    shown = comparison_markdown([read_played(make_run("a", several))])
    assert re.search(r"\| 95% interval of the mean \| [0-9.]+ to [0-9.]+ \|", shown)
    assert "no interval" not in shown


def test_names_are_no_markup(make_run: Callable[..., Path]) -> None:
    shown = text(result("[bold]mine[/x]", ("boil", 1)), title="[red]p", caption="[/]")
    assert "[bold]mine[/x]" in shown
    assert "[red]p" in shown
    assert "[/]" in shown


def test_details_stand_only_where_every_column_has_them(make_run: Callable[..., Path]) -> None:
    run = read_played(make_run("a"))
    assert "interval" not in comparison_markdown([run, run.result])


def test_figures_follow_from_the_episodes(make_run: Callable[..., Path]) -> None:
    """A killed run may have recorded more episodes than its results tell of."""
    folder = make_run("a")
    path = folder / "results.json"
    stale = json.loads(path.read_text()) | {"mean_score": 1.0, "episodes": 1}
    path.write_text(json.dumps(stale))
    assert load_run(folder).mean_score == 1
    assert (read_played(folder).result.mean_score, read_played(folder).result.episodes) == (48.21, 9)


def test_a_line_that_is_no_episode_is_named(make_run: Callable[..., Path]) -> None:
    folder = make_run("a", [])
    (folder / "episodes.jsonl").write_text('{"key": ["boil", 0, 0], "task": "boil"}\n')
    with pytest.raises(UsageError, match=r"episodes\.jsonl has a line that is not an episode"):
        read_played(folder)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"llm_prompt_tokens": None}, "llm_prompt_tokens: Input should be a valid integer"),
        ({"score": "50"}, "score: Input should be a valid integer"),
        ({"actions": None}, "actions: Input should be a valid array"),
        ({"scores": [1, "x"]}, "scores.1: Input should be a valid integer"),
        ({"task": "boyl"}, "task: 'boyl' is not in the table of tasks"),
    ],
)
def test_a_field_of_an_episode_that_is_wrong_is_named(
    wrong: dict[str, Any], said: str, make_run: Callable[..., Path]
) -> None:
    folder = make_run("a", [])
    record = {"key": ["boil", 0, 0], **episode("boil", 0, 50).to_dict(), **wrong}
    (folder / "episodes.jsonl").write_text(json.dumps(record) + "\n")
    with pytest.raises(UsageError, match=re.escape(f'(key ["boil", 0, 0]: {said}): remove it.')) as caught:
        read_played(folder)
    assert str(caught.value).startswith(str(folder / "episodes.jsonl"))
    assert "\n" not in str(caught.value)


def test_records_of_other_releases_are_read(make_run: Callable[..., Path]) -> None:
    folder = make_run("a", [])
    record = episode("boil", 0, 50).to_dict() | {"key": ["boil", 0, 0], "later": 1}
    del record["llm_calls"], record["seconds"], record["error"]
    (folder / "episodes.jsonl").write_text(json.dumps(record) + "\n")
    assert read_played(folder).episodes == [episode("boil", 0, 50)]
    path = folder / "results.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"later": 1}))
    assert load_run(folder).folder == folder


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"protocol": "paper"}, "protocol: Input should be an object"),
        ({"protocol": {"name": "paper"}}, "protocol: no hash"),
        ({"models": "m"}, "models: Input should be an object"),
        ({"played": None}, "played: Input should be an object"),
    ],
)
def test_a_field_of_a_results_file_that_is_wrong_is_named(
    wrong: dict[str, Any], said: str, make_run: Callable[..., Path]
) -> None:
    path = make_run("a") / "results.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | wrong))
    with pytest.raises(UsageError, match=rf"results\.json is not a results file .*\({said}\)") as caught:
        load_run(path.parent)
    assert "\n" not in str(caught.value)


def test_a_run_without_scores_has_no_intervals(recorded_episodes: list[EpisodeResult]) -> None:
    failed = [replace(e, score=None, raw_score=None, error="x") for e in recorded_episodes]
    run = PlayedRun(replace(PAIR, **summarize(failed)), failed)
    assert run.scores().mean() is None
    assert run.solved() is None
    assert "| 95% interval of the mean | - |" in comparison_markdown([run])


def test_intervals_in_words() -> None:
    assert interval_text(Estimate(5, 1.25, 9.75)) == "1.2 to 9.8"
    assert interval_text(Estimate(0.5, 0.25, 0.75), scale=100) == "25.0 to 75.0"
    assert interval_text(Estimate(0, -0.01, 3), sign="+") == "0.0 to +3.0"
    assert interval_text(Estimate(5)) == interval_text(None) == "-"


def test_command_writes_markdown(make_run: Callable[..., Path], tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from eval_harness.cli.main import app

    target = tmp_path / "r.md"
    done = CliRunner().invoke(app, ["report", str(make_run("a")), "--markdown", str(target)])
    assert done.exit_code == 0
    assert "│" in done.output
    printed = CliRunner().invoke(app, ["report", str(make_run("a")), "--markdown", "-"])
    assert printed.stdout == target.read_text()
