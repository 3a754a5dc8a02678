"""The tables and notes of `subgoal eval cost`."""

from collections.abc import Sequence

from eval_harness.cost.costs import Annotation, Costs, whole
from eval_harness.reports.score_table import difference_notes, mean_text, run_names
from eval_harness.reports.table import ReportTable
from eval_harness.results.played_run import PlayedRun

EPISODES = (1, 10, 100, 1_000, 10_000, 100_000)
"""Numbers of episodes for which totals are printed."""


def agents_table(runs: Sequence[PlayedRun]) -> ReportTable:
    """Score, LLM calls and LLM tokens of each agent, one row per agent."""
    heads = [
        "agent",
        "score",
        "episodes",
        "LLM calls per episode",
        "tokens per episode",
        "tokens per action",
    ]
    rows = []
    for name, run in zip(run_names([run.result for run in runs]), runs, strict=True):
        episodes = run.episodes
        tokens = sum(episode.llm_tokens for episode in episodes)
        calls = sum(episode.llm_calls for episode in episodes)
        actions = sum(len(episode.actions) for episode in episodes)
        rows.append(
            [
                name,
                mean_text(run.result.mean_score),
                f"{len(episodes):,}",
                f"{calls / max(1, len(episodes)):.1f}",
                f"{tokens / max(1, len(episodes)):,.0f}",
                f"{tokens / max(1, actions):,.0f}",
            ]
        )
    return ReportTable(heads, [rows], "LLM usage of the agents")


def totals_table(costs: Costs) -> ReportTable:
    """Totals by number of episodes, one column per agent, and the break-even points."""
    lines = [costs.distilled, *costs.llm_agents]
    totals = [
        [f"{number:,}", *(amount(line.total(number), costs.unit) for line in lines)] for number in EPISODES
    ]
    points = [
        ["break-even", "", *(whole(point.episodes) for point in costs.break_even)],
        ["95% interval", "", *(_interval(point.low, point.high) for point in costs.break_even)],
    ]
    heads = ["episodes", *(line.name for line in lines)]
    return ReportTable(heads, [totals, points], f"Total {costs.unit} by number of episodes")


def _interval(low: float | None, high: float | None) -> str:
    return "-" if low is None else f"{whole(low)} to {whole(high)}"


def amount(value: float, unit: str) -> str:
    """`1,234` tokens, `12.35` of a currency, small ones with more digits."""
    if unit == "tokens":
        return f"{value:,.0f}"
    return f"{value:,.2f}" if value >= 1 or value == 0 else f"{value:.4f}"


def notes(annotation: Annotation, runs: Sequence[PlayedRun], costs: Sequence[Costs]) -> list[str]:
    """Sentences printed below the tables."""
    total = sum(map(sum, annotation.tokens.values()))
    lines = [
        f"Upfront: {annotation.calls:,} calls and {total:,} tokens for the annotations "
        f"({', '.join(annotation.tokens)}).",
        "Training and inference of the small models run on your machine; they are not counted.",
        "Tokens per episode are averaged over tasks. The break-even point is the number of episodes from "
        "which the distilled agent has used less.",
    ]
    if annotation.estimated:
        lines.append(
            f"The server did not count the tokens of {annotation.estimated:,} of these calls: they are "
            "estimated at 4 characters per token."
        )
    lines += difference_notes([run.result for run in runs])
    other_variations = any(run.result.played != runs[0].result.played for run in runs)
    if other_variations and any(cost.distilled.per_episode.mean for cost in costs):
        lines.append(
            "The break-even point is computed on the variations that both agents played; totals and curves "
            "use all that each agent played, so the curves need not cross there."
        )
    if any(line.per_episode.low is None for cost in costs for line in (cost.distilled, *cost.llm_agents)):
        lines.append("Tasks with one variation have no interval, nor do means over such tasks.")
    if failed := sum(episode.error is not None for run in runs for episode in run.episodes):
        lines.append(f"{failed:,} failed episodes have no score, but their tokens are counted.")
    return lines
