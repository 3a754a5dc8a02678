"""`subgoal eval cost` in words: the tables, and what a reader must know."""

from collections.abc import Iterable, Sequence

from rich.markup import escape
from rich.table import Column, Table

from eval_harness.cost.costs import Annotation, Costs, whole
from eval_harness.reports.score_table import difference_notes, run_names
from eval_harness.results.played_run import PlayedRun

EPISODES = (1, 10, 100, 1_000, 10_000, 100_000)
"""Numbers of episodes for which totals are printed."""


def agents_table(runs: Sequence[PlayedRun]) -> Table:
    """Score, calls and tokens of each agent, beside each other."""
    table = Table(title="What the agents take of a language model")
    table.add_column("agent", overflow="fold", min_width=12)
    for head in ("score", "episodes", "LLM calls per episode", "tokens per episode", "tokens per action"):
        table.add_column(head, justify="right", overflow="fold")
    for name, run in zip(run_names([run.result for run in runs]), runs, strict=True):
        episodes = run.episodes
        tokens = sum(episode.llm_tokens for episode in episodes)
        actions = sum(len(episode.actions) for episode in episodes)
        score = run.result.mean_score
        table.add_row(
            escape(name),
            "-" if score is None else f"{score:.1f}",
            f"{len(episodes):,}",
            f"{sum(episode.llm_calls for episode in episodes) / max(1, len(episodes)):.1f}",
            f"{tokens / max(1, len(episodes)):,.0f}",
            f"{tokens / max(1, actions):,.0f}",
        )
    _keep_whole(table.columns[1:])
    return table


def totals_table(costs: Costs) -> Table:
    """Totals by number of episodes, and where the annotations are paid back; an agent in each column."""
    lines = [costs.once, *costs.forever]
    table = Table(title=f"Total {costs.unit} by number of episodes")
    for head in ("episodes", *(escape(line.name) for line in lines)):
        table.add_column(head, justify="right", overflow="fold")
    for number in EPISODES:
        table.add_row(f"{number:,}", *(amount(line.total(number), costs.unit) for line in lines))
    table.add_section()
    table.add_row("break-even", "", *(whole(point.episodes) for point in costs.break_even))
    table.add_row("95% interval", "", *(_interval(point.low, point.high) for point in costs.break_even))
    _keep_whole(table.columns)
    return table


def _keep_whole(columns: Iterable[Column]) -> None:
    """Make columns wide enough for every number in them, however narrow the terminal; heads may be folded."""
    for column in columns:
        column.min_width = max(len(word) for cell in column.cells for word in str(cell).split())


def _interval(low: float | None, high: float | None) -> str:
    return "-" if low is None else f"{whole(low)} to {whole(high)}"


def amount(value: float, unit: str) -> str:
    """`1,234` tokens, `12.35` of a currency, small ones with more digits."""
    if unit == "tokens":
        return f"{value:,.0f}"
    return f"{value:,.2f}" if value >= 1 or value == 0 else f"{value:.4f}"


def notes(annotation: Annotation, runs: Sequence[PlayedRun], costs: Sequence[Costs]) -> list[str]:
    """What stands below the tables."""
    total = sum(map(sum, annotation.tokens.values()))
    found = [
        f"Once: {annotation.calls:,} calls and {total:,} tokens for the annotations "
        f"({', '.join(annotation.tokens)}).",
        "Training, and the small models' own work, run on a machine of yours: no tokens, not counted here.",
        "Tokens of an episode are averaged over tasks; break-even: from so many episodes on the distilled "
        "agent has taken less.",
    ]
    if annotation.estimated:
        found.append(
            f"{annotation.estimated:,} of these calls were not counted by the server: 4 characters a token."
        )
    found += difference_notes([run.result for run in runs])
    other_variations = any(run.result.played != runs[0].result.played for run in runs)
    if other_variations and any(each.once.each.mean for each in costs):
        found.append(
            "The break-even is that of the variations which both played; totals and curves count all that "
            "each played, so that the curves need not cross there."
        )
    if any(line.each.low is None for each in costs for line in (each.once, *each.forever)):
        found.append("A task with one variation only has no interval, and no mean that contains one has.")
    if failed := sum(episode.error is not None for run in runs for episode in run.episodes):
        found.append(f"{failed:,} failed episodes have no score, but are in it with what they took.")
    return found
