"""`subgoal eval report`, `compare` and `replay`: commands that read recorded runs."""

import sys
from pathlib import Path
from typing import Annotated

import typer

_MARKDOWN = typer.Option(help="Write Markdown to this file; - prints it instead.", metavar="FILE")


def report(
    folders: Annotated[list[Path], typer.Argument(help="Run folders, one column each.", metavar="DIR...")],
    markdown: Annotated[str | None, _MARKDOWN] = None,
    html: Annotated[
        Path | None,
        typer.Option(help="Write one self-contained page with charts and transcripts.", metavar="FILE"),
    ] = None,
) -> None:
    """Show the scores of one or several runs side by side, in the terminal or as a page.

    Example: `subgoal eval report runs/flat runs/pair --html report.html`
    """
    from rich.console import Console

    from eval_harness.reports.score_table import comparison_markdown, comparison_table
    from eval_harness.results.played_run import read_played

    runs = [read_played(folder) for folder in folders]
    if markdown != "-":
        Console().print(comparison_table(runs))
    if markdown:
        write_text(markdown, comparison_markdown(runs))
    if html:
        from eval_harness.reports.html.page import html_report

        write_text(str(html), html_report(runs))


def compare(
    first: Annotated[Path, typer.Argument(help="Run folder to compare with.", metavar="A")],
    second: Annotated[Path, typer.Argument(help="The other run folder.", metavar="B")],
    markdown: Annotated[str | None, _MARKDOWN] = None,
    json: Annotated[
        str | None, typer.Option(help="Write JSON to this file; - prints it instead.", metavar="FILE")
    ] = None,
) -> None:
    """Compare two runs episode by episode: the difference B minus A, its interval and p value, and costs.

    Example: `subgoal eval compare runs/flat runs/pair`
    """
    from json import dumps

    from rich.console import Console

    from dataset_builder.common.errors import UsageError
    from eval_harness.reports.paired_comparison import (
        compare_runs,
        effort_table,
        paired_markdown,
        paired_table,
    )
    from eval_harness.results.played_run import read_played

    if markdown == "-" == json:
        raise UsageError("--markdown - and --json - would mix their output: give one a file.")
    comparison = compare_runs(read_played(first), read_played(second))
    if "-" not in (markdown, json):
        Console().print(paired_table(comparison), effort_table(comparison), sep="\n")
    if markdown:
        write_text(markdown, paired_markdown(comparison))
    if json:
        write_text(json, dumps(comparison.to_dict(), indent=2, ensure_ascii=False) + "\n")


def replay(
    source: Annotated[
        Path, typer.Argument(help="Run folder, or a JSON file with one episode.", metavar="DIR|FILE")
    ],
    task: Annotated[
        str | None, typer.Option(help="Replay only this task: name or paper id.", metavar="T")
    ] = None,
    variation: Annotated[
        int | None, typer.Option(help="Replay only this variation of the task.", metavar="N")
    ] = None,
    protocol: Annotated[
        str | None,
        typer.Option(help="Protocol of the run; by default the one it holds.", metavar="NAME|FILE"),
    ] = None,
) -> None:
    """Play recorded episodes again in the simulator and compare their scores.

    Example: `subgoal eval replay runs/pair --task boil`
    """
    from rich.console import Console
    from rich.progress import Progress

    from dataset_builder.common.errors import UsageError
    from dataset_builder.simulator.simulator import Simulator
    from eval_harness.rollout.replay import choose_episodes, recorded_episodes
    from eval_harness.rollout.replay import replay as play_again

    if variation is not None and task is None:
        raise UsageError("--variation needs --task: variations are numbered per task.")
    recorded, rules = recorded_episodes(source, protocol)
    episodes = choose_episodes(recorded, task, variation)
    wrong = other_texts = 0
    # A redirected list of results must not end up in the bar's stream.
    bar = Progress(
        *Progress.get_default_columns(), console=Console(stderr=True), redirect_stdout=sys.stdout.isatty()
    )
    with Simulator() as simulator, bar:
        results = play_again(episodes, rules, simulator)
        for result in bar.track(results, len(episodes), description="replaying"):
            task_name, number, seed = result.episode.key
            typer.echo(f"{task_name} {number} (seed {seed}): {result.difference or 'same scores'}")
            wrong += not result.same
            other_texts += result.same and bool(result.other_texts)
    typer.echo(f"{len(episodes) - wrong} of {len(episodes)} episodes replayed with the same scores.")
    if other_texts:
        typer.echo(f"In {other_texts} of them the observations differ from the recorded ones.")
    if wrong:
        raise typer.Exit(1)


def write_text(target: str, text: str) -> None:
    """Write to a file, or to the terminal for `-`."""
    if target == "-":
        typer.echo(text, nl=False)
        return
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    # A record may contain a lone surrogate (\ud800), which UTF-8 cannot encode.
    Path(target).write_text(text, encoding="utf-8", errors="replace")
    typer.echo(f"written: {target}", err=True)
