"""The figure of `subgoal eval cost`: totals over the number of episodes, with the break-even points."""

from collections.abc import Sequence
from math import isfinite, nan

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dataset_builder.common.errors import UsageError
from dataset_builder.common.figures import FAINT, png, style
from eval_harness.cost.costs import Costs, Line, whole

_DISTILLED = "#2a9d8f"
_LLM_AGENTS = ("#c8553d", "#e9a23b", "#5b6c9e", "#8c5a9e", "#7a7f45")
_POINTS = 200  # along each curve


def plot(costs: Sequence[Costs], title: str = "LLM cost: upfront or per episode") -> bytes:
    """A PNG with one panel for each unit, both axes logarithmic; the same figures give the same bytes.

    Args:
        costs (`Sequence[Costs]`): in tokens, and optionally in money. A unit whose totals are all 0 has no
        panel.
        title (`str`, *optional*): title of the figure.

    Raises:
        UsageError: if all totals are 0.
    """
    costs = [cost for cost in costs if any(line.total(1) for line in (cost.distilled, *cost.llm_agents))]
    if not costs:
        raise UsageError("No picture: all totals are 0, which logarithmic axes cannot show. Drop --plot.")
    with style():
        figure = Figure(figsize=(6.4, 0.6 + 3.6 * len(costs)), dpi=120, layout="constrained")
        figure.suptitle(title, x=0.02, ha="left", weight="bold", size=12)
        panels = figure.subplots(len(costs), 1, squeeze=False)
        last = _last_episode(costs)
        for axes, cost in zip(panels[:, 0], costs, strict=True):
            _panel(axes, cost, last)
        return png(figure)


def _last_episode(costs: Sequence[Costs]) -> float:
    """The largest number of episodes on the axis, beyond the last break-even point."""
    points = [point.episodes for cost in costs for point in cost.break_even if isfinite(point.episodes)]
    return max(100.0, 10 * max(points, default=100.0))


def _panel(axes: Axes, costs: Costs, last: float) -> None:
    episodes = [last ** (step / (_POINTS - 1)) for step in range(_POINTS)]
    _curve(axes, costs.distilled, episodes, _DISTILLED)
    for number, (line, point) in enumerate(zip(costs.llm_agents, costs.break_even, strict=True)):
        colour = _LLM_AGENTS[number % len(_LLM_AGENTS)]
        _curve(axes, line, episodes, colour)
        if isfinite(point.episodes) and point.episodes >= 1:
            height = costs.distilled.total(point.episodes)
            axes.plot(point.episodes, height, "o", color=colour, ms=7, zorder=4)
            axes.annotate(
                whole(point.episodes),
                (point.episodes, height),
                xytext=(7, -15),
                textcoords="offset points",
                weight="bold",
                zorder=5,
            )
    axes.set_xscale("log")
    axes.set_xlim(1, last)
    axes.set_yscale("log")
    axes.set_xlabel("episodes played")
    axes.set_ylabel(f"total {costs.unit}")
    axes.grid(color=FAINT, lw=0.8, zorder=0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="upper left", fontsize=9)


def _curve(axes: Axes, line: Line, episodes: Sequence[float], colour: str) -> None:
    totals = [line.total(number) or nan for number in episodes]  # a logarithmic axis cannot show 0
    axes.plot(episodes, totals, color=colour, lw=2, label=line.name)
    low, high = line.per_episode.low, line.per_episode.high
    if low is not None and high is not None and high > low:
        ends = [[line.upfront + cost * n for n in episodes] for cost in (low, high)]
        axes.fill_between(episodes, ends[0], ends[1], color=colour, alpha=0.18, lw=0, zorder=1)
