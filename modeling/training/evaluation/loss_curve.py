"""The loss curve: losses over optimizer steps, as numbers and as a plot."""

from collections.abc import Mapping, Sequence
from typing import Any

_POINTS = 100
_COLOURS = {"loss": "#9aa5b1", "validation_loss": "#2a9d8f"}
_KEYS = {"loss": "loss", "validation_loss": "eval_loss", "decisions": "eval_decisions"}

Curve = dict[str, dict[str, list[float]]]


def training_curve(history: Sequence[Mapping[str, Any]]) -> Curve:
    """`loss`, `validation_loss` and `decisions`: lists `step` and `value`, at most a hundred points each.

    `decisions` (share of right decisions, 0 to 1) is missing if none were counted.

    Args:
        history (`Sequence[Mapping[str, Any]]`): `log_history` of a trainer's state.
    """
    curve: Curve = {}
    for name, key in _KEYS.items():
        points = [(entry["step"], round(entry[key], 5)) for entry in history if key in entry]
        if not points and name == "decisions":
            continue
        stride = -(-len(points) // _POINTS) or 1
        kept = points[::-1][::stride][::-1]  # counted from the end, so that the last point is kept
        curve[name] = {"step": [step for step, _ in kept], "value": [value for _, value in kept]}
    return curve


def draw_curve(curve: Curve, best_step: int, best_loss: float) -> bytes:
    """The curve as a PNG. The same numbers give the same bytes.

    Args:
        curve (`dict`): result of `training_curve`.
        best_step (`int`): step of the checkpoint that was kept.
        best_loss (`float`): its validation loss.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator, NullFormatter

    from dataset_builder.common.figures import FAINT, png, style

    with style():
        figure = Figure(figsize=(5.4, 3.2), dpi=120, layout="constrained")
        axes = figure.subplots()
        for name, colour in _COLOURS.items():
            points = curve[name]
            mark = "o" if len(points["step"]) < 25 else ""
            label = name.replace("_", " ")
            axes.plot(points["step"], points["value"], color=colour, marker=mark, ms=3, label=label)
        axes.plot(
            best_step, best_loss, "o", ms=8, mfc="none", color="#c8553d", label=f"kept: {best_loss:.3f}"
        )
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.set_xlabel("optimizer steps")
        axes.grid(color=FAINT, lw=0.8)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False)
        return png(figure)
