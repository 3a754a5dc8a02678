"""`subgoal eval tools` and `tools-report`: small agents with tools on sets of questions."""

from pathlib import Path
from typing import Annotated, Any

import typer

from dataset_builder.common.options import Wait


def _option(help: str, panel: str | None = None, **settings: Any) -> Any:
    return typer.Option(help=help, rich_help_panel=panel, show_default=False, **settings)


_SERVED, _DECODING = "Served models and judges", "Decoding"


def tools(
    model: Annotated[str | None, _option("Folder, Hub id (ID@REVISION), or openai:MODEL.")] = None,
    questions: Annotated[
        str | None, _option("Questions: a folder, a file, a published set, or a dataset.")
    ] = None,
    out: Annotated[Path | None, _option("Folder of the run. Run the command again to resume.")] = None,
    mode: Annotated[
        str, typer.Option(help="agent, cot (chain of thought) or cot-rag (with passages).")
    ] = "agent",
    split: Annotated[str, typer.Option(help="Splits of the questions, comma-separated.")] = "test",
    families: Annotated[str | None, _option("Families of the questions, comma-separated.")] = None,
    max_questions: Annotated[int | None, _option("Use at most N questions.")] = None,
    retriever: Annotated[
        str | None,
        _option(
            "Passages to search: a folder, a dataset, or http://… of a /retrieve server. "
            "Default: the questions' own."
        ),
    ] = None,
    sandbox: Annotated[
        str, typer.Option(help="Where code runs: local, docker, e2b, modal or blaxel.")
    ] = "local",
    base: Annotated[str | None, _option("Base of an adapter, if not the one that it names.")] = None,
    backend: Annotated[
        str,
        typer.Option(help="auto, transformers, ctranslate2 or ctranslate2-int8.", rich_help_panel=_DECODING),
    ] = "auto",
    samples: Annotated[
        int, typer.Option(help="Vote over N samples of each step; 0 is greedy.", rich_help_panel=_DECODING)
    ] = 0,
    temperature: Annotated[float, typer.Option(help="Of the samples.", rich_help_panel=_DECODING)] = 0.4,
    top_p: Annotated[float, typer.Option(help="Of the samples.", rich_help_panel=_DECODING)] = 0.8,
    seed: Annotated[int, typer.Option(help="Of the samples.", rich_help_panel=_DECODING)] = 0,
    max_steps: Annotated[int, typer.Option(help="Steps for a question.", rich_help_panel=_DECODING)] = 5,
    max_new_tokens: Annotated[
        int, typer.Option(help="Longest answer, or step, in tokens.", rich_help_panel=_DECODING)
    ] = 256,
    batch_size: Annotated[
        int, typer.Option(help="Questions at the same time.", rich_help_panel=_DECODING)
    ] = 16,
    base_url: Annotated[str | None, _option("Server of openai:MODEL, and of the judge.", _SERVED)] = None,
    judge: Annotated[
        str | None, _option("Model that judges facts which do not match exactly.", _SERVED)
    ] = None,
    wait: Wait = False,
) -> None:
    """Score a small agent with tools, or a baseline without, on questions.

    Code of a model runs in a sandbox, always.

    Example: `subgoal eval tools --model runs/agent --questions runs/questions --out runs/eval-agent`
    """
    from dataset_builder.common.errors import UsageError

    for name, value in (("model", model), ("questions", questions), ("out", out)):
        if value is None:
            raise UsageError(f"No {name}: add --{name}.")
    assert model is not None
    assert questions is not None
    assert out is not None
    from eval_harness.tool_agents.command import play_and_report
    from eval_harness.tool_agents.playing import PlaySettings
    from modeling.inference.search import Search

    play_and_report(
        model,
        questions,
        out,
        PlaySettings(
            mode, Search(samples=samples, temperature=temperature, top_p=top_p), max_steps, batch_size, seed
        ),
        split=split,
        max_questions=max_questions,
        families=families,
        retriever=retriever,
        sandbox=sandbox,
        base=base,
        backend=backend,
        max_new_tokens=max_new_tokens,
        base_url=base_url,
        judge=judge,
        wait=wait,
    )


def tools_report(
    folders: Annotated[
        list[str],
        typer.Argument(
            help="Run folders; join those of one column by commas (RUN1,RUN2).", metavar="RUN[,RUN]..."
        ),
    ],
    names: Annotated[
        str | None, _option("Names of the columns, comma-separated. Default: model and mode.")
    ] = None,
    markdown: Annotated[Path | None, _option("Write the tables as Markdown.", metavar="FILE")] = None,
    card: Annotated[
        Path | None,
        _option("Write the tables into the model card of this checkpoint, which played one of the runs."),
    ] = None,
) -> None:
    """Compare runs over questions: right answers by family, and each column's difference to the first.

    Example: `subgoal eval tools-report runs/cot runs/agent --markdown report.md`
    """
    from dataset_builder.common.console import console
    from dataset_builder.common.errors import UsageError
    from eval_harness.cli.report import write_text
    from eval_harness.tool_agents.records import read_run
    from eval_harness.tool_agents.report import column, paired_report, tool_report
    from eval_harness.tool_agents.results_card import write_results

    groups = [[read_run(folder) for folder in listed.split(",") if folder] for listed in folders]
    if not all(groups):
        raise UsageError("A column names no run: write RUN, or RUN1,RUN2.")
    named = [name.strip() for name in names.split(",")] if names else [""] * len(groups)
    if len(named) != len(groups):
        raise UsageError(f"--names has {len(named)} names for {len(groups)} columns.")
    columns = [column(group, name) for group, name in zip(groups, named, strict=True)]
    tables = [tool_report(columns), *(paired_report(columns[0], second) for second in columns[1:])]
    for table in tables:
        console.print(table)
    if markdown is not None:
        write_text(str(markdown), "\n".join(table.markdown() for table in tables))
    if card is not None:
        write_results(card, columns, tables)
