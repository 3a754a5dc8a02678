"""`subgoal eval cost` in words: the tables, and what a reader must know."""

from collections.abc import Iterable, Sequence

from rich.table import Table

from eval_harness.cost import Annotation, Costs, whole
from eval_harness.report import PlayedRun, protocol_note, run_names

EPISODES = (1, 10, 100, 1_000, 10_000, 100_000)
"""Numbers of episodes for which totals are printed."""


def agents_table(runs: Sequence[PlayedRun]) -> Table:
    """Score, calls and tokens of each agent, beside each other."""
    table = Table("agent", title="What the agents take of a language model")
    for head in ("score", "episodes", "LLM calls per episode", "tokens per episode", "tokens per action"):
        table.add_column(head, justify="right")
    for name, run in zip(run_names([run.result for run in runs]), runs, strict=True):
        episodes = run.episodes
        tokens = sum(episode.llm_tokens for episode in episodes)
        actions = sum(len(episode.actions) for episode in episodes)
        score = run.result.mean_score
        table.add_row(
            name,
            "-" if score is None else f"{score:.1f}",
            f"{len(episodes):,}",
            f"{sum(episode.llm_calls for episode in episodes) / max(1, len(episodes)):.1f}",
            f"{tokens / max(1, len(episodes)):,.0f}",
            f"{tokens / max(1, actions):,.0f}",
        )
    return table


def totals_table(costs: Costs) -> Table:
    """Totals by number of episodes, and where the annotations are paid back."""
    table = Table("agent", title=f"Total {costs.unit} by number of episodes")
    for number in EPISODES:
        table.add_column(f"{number:,}", justify="right")
    table.add_column("break-even (95% interval)", justify="right")
    points = [None, *costs.break_even]
    for line, point in zip([costs.once, *costs.forever], points, strict=True):
        cells = [amount(line.total(number), costs.unit) for number in EPISODES]
        paid = "" if point is None else f"{whole(point.episodes)} ({_interval(point.low, point.high)})"
        table.add_row(line.name, *cells, paid)
    return table


def _interval(low: float | None, high: float | None) -> str:
    return "-" if low is None else f"{whole(low)} to {whole(high)}"


def amount(value: float, unit: str) -> str:
    """`1,234` tokens, `12.35` of a currency, small ones with more digits."""
    if unit == "tokens":
        return f"{value:,.0f}"
    return f"{value:,.2f}" if value >= 1 or value == 0 else f"{value:.4f}"


def notes(annotation: Annotation, runs: Sequence[PlayedRun], costs: Iterable[Costs]) -> list[str]:
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
    if different := protocol_note([run.result for run in runs]):
        found.append(different)
    if any(line.each.low is None for each in costs for line in (each.once, *each.forever)):
        found.append("A task with one variation only has no interval, and no mean that contains one has.")
    if failed := sum(episode.error is not None for run in runs for episode in run.episodes):
        found.append(f"{failed:,} failed episodes are in it with what they took.")
    return found
