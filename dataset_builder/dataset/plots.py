"""The pictures of the dataset card: the same figures give the same bytes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import median

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dataset_builder.common.figures import FAINT, png, style
from dataset_builder.dataset.stats import TaskPaths
from dataset_builder.simulator.tasks import TASKS

_HORIZONS = {"short": "#2a9d8f", "medium": "#e9a23b", "long": "#c8553d"}
_WIDTH = 5.4  # inches: 648 pixels, so that the text stays legible on a phone
_DPI = 120
_SHOWN_SUBGOALS = 20
_LABEL = 27  # letters


def plots(paths: Mapping[str, TaskPaths], subgoals: Counter[str]) -> dict[str, bytes]:
    """The card's pictures as PNG, by file name.

    Args:
        paths (`Mapping[str, TaskPaths]`): task → its paths (`stats.task_paths`).
        subgoals (`Counter[str]`): kind of sub-goal → segments (`stats.subgoal_names`).
    """
    with style():
        return {
            "path-lengths.png": _per_task(
                {name: task.steps for name, task in paths.items()}, "Actions per path"
            ),
            "subgoals-per-task.png": _per_task(
                {name: task.subgoals for name, task in paths.items()}, "Sub-goals per path"
            ),
            "frequent-subgoals.png": _bars(subgoals.most_common(_SHOWN_SUBGOALS), "Most frequent sub-goals"),
        }


def _per_task(values: Mapping[str, Sequence[int]], title: str) -> bytes:
    """One line per task from the minimum to the maximum, with a dot at the median."""
    figure, axes = _canvas(len(values), 0.31, title)
    for row, (task, numbers) in enumerate(values.items()):
        colour = _HORIZONS[TASKS[task].horizon]
        axes.hlines(row, min(numbers), max(numbers), color=colour, lw=3, alpha=0.45, zorder=2)
        axes.plot(median(numbers), row, "o", color=colour, ms=6, zorder=3)
        axes.annotate(f"{median(numbers):g}", (1.02, row), xycoords=axes.get_yaxis_transform(), va="center")
    axes.set_xlim(0, max(max(numbers) for numbers in values.values()) * 1.03)
    axes.set_yticks(range(len(values)), [_label(task) for task in values])
    axes.set_xlabel("line: least to most; dot and number: median")
    for horizon, colour in _HORIZONS.items():
        axes.plot([], [], "o", color=colour, label=horizon)
    figure.legend(loc="outside upper right", ncols=3, frameon=False, handletextpad=0.1, columnspacing=1)
    return png(figure)


def _bars(counts: Sequence[tuple[str, int]], title: str) -> bytes:
    """A bar for each name, with its count."""
    figure, axes = _canvas(len(counts), 0.27, title)
    axes.barh(range(len(counts)), [count for _, count in counts], color=_HORIZONS["short"], height=0.7)
    for row, (_, count) in enumerate(counts):
        axes.annotate(f"{count:,}", (count, row), xytext=(4, 0), textcoords="offset points", va="center")
    axes.set_xlim(0, counts[0][1] * 1.2)
    axes.set_yticks(range(len(counts)), [name for name, _ in counts])
    axes.set_xlabel("segments of the trajectories")
    return png(figure)


def _canvas(rows: int, height: float, title: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(_WIDTH, 1.3 + height * rows), dpi=_DPI, layout="constrained")
    figure.suptitle(title, x=0.02, ha="left", weight="bold", size=12)
    axes = figure.subplots()
    axes.set_ylim(rows - 0.4, -0.6)
    axes.grid(axis="x", color=FAINT, lw=0.8, zorder=0)
    axes.set_axisbelow(True)
    axes.tick_params(length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    return figure, axes


def _label(task: str) -> str:
    """A task's id and its name, with words in the middle omitted where it is too long."""
    words = task.split("-")
    shorter = (f"{words[0]}…{'-'.join(words[rest:])}" for rest in range(2, len(words)))
    name = next((name for name in (task, *shorter) if len(name) <= _LABEL), task)
    return f"{TASKS[task].task_id} {name}"
