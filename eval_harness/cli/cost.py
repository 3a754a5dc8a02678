"""`subgoal eval cost`: LLM cost upfront, for the annotations, or per episode."""

from pathlib import Path
from typing import Annotated

import typer


def cost(
    annotation: Annotated[
        Path, typer.Option(help="Corpus folder with the teacher's ledger, or that file.", metavar="LEDGER")
    ],
    run: Annotated[Path, typer.Option(help="Run folder of the distilled agent.", metavar="DIR")],
    llm_run: Annotated[
        list[Path], typer.Option(help="Run folder of an LLM agent; may be repeated.", metavar="DIR")
    ],
    annotator: Annotated[
        str | None, typer.Option(help="Annotator to count, if the ledger has several.", metavar="NAME")
    ] = None,
    prices: Annotated[
        str | None,
        typer.Option(help="Price table (YAML or JSON); none compares tokens only.", metavar="FILE|none"),
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Write the curves as a PNG.", metavar="FILE")] = None,
) -> None:
    """Compare total tokens and money by number of episodes, with the break-even points.

    Example: `subgoal eval cost --annotation corpus --run runs/pair --llm-run runs/react`
    """
    from rich.console import Console

    from eval_harness.cost.costs import load_prices, money_costs, read_annotation, read_llm_run, token_costs
    from eval_harness.cost.tables import agents_table, notes, totals_table
    from eval_harness.results.played_run import read_played

    table = None if prices == "none" else load_prices(prices)
    paid = read_annotation(annotation, annotator)
    distilled, others = read_played(run), [read_llm_run(folder) for folder in llm_run]
    costs = [token_costs(paid, distilled, others)]
    if table is not None:
        costs.append(money_costs(paid, distilled, others, table))
    console = Console()
    for shown in (agents_table([distilled, *others]), *map(totals_table, costs)):
        console.print(shown, crop=False)  # a wide table is better than one with numbers cut off
    for note in notes(paid, [distilled, *others], costs):
        console.print(note, highlight=False, soft_wrap=True, markup=False)
    if plot:
        from eval_harness.cost.plot import plot as draw

        plot.parent.mkdir(parents=True, exist_ok=True)
        plot.write_bytes(draw(costs))
        typer.echo(f"written: {plot}", err=True)
