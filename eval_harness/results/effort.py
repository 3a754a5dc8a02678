"""The mean cost of an episode: time, actions, model calls and tokens."""

from collections.abc import Callable, Sequence
from statistics import fmean
from typing import Any

from eval_harness.results.played_run import PlayedRun
from eval_harness.results.records import EpisodeResult


def _mean_of(measure: Callable[[EpisodeResult], float]) -> Callable[[PlayedRun], float | None]:
    """The mean per episode; None without episodes."""
    return lambda run: fmean(map(measure, run.episodes)) if run.episodes else None


def _recorded(measure: Callable[[EpisodeResult], int]) -> Callable[[PlayedRun], float | None]:
    """The mean per episode; None if it is 0, as for agents without models."""
    return lambda run: _mean_of(measure)(run) or None


_COSTS: tuple[tuple[str, Callable[[PlayedRun], float | None]], ...] = (
    (
        "seconds per episode (wall time of the run, shared by its batch)",
        lambda run: run.result.wall_seconds / len(run.episodes) if run.episodes else None,
    ),
    ("actions per episode", _mean_of(lambda episode: len(episode.actions))),
    ("moves per episode", _mean_of(lambda episode: episode.moves)),
    ("rejected candidates per episode", _mean_of(lambda episode: sum(map(len, episode.rejected)))),
    ("actions chosen by the harness per episode", _mean_of(lambda episode: len(episode.last_resort))),
    ("model calls per episode", _recorded(lambda episode: episode.model_calls)),
    ("tokens read per episode", _recorded(lambda episode: episode.tokens_read)),
    ("tokens written per episode", _recorded(lambda episode: episode.tokens_written)),
    ("shortened inputs per episode", _recorded(lambda episode: episode.inputs_shortened)),
    ("LLM calls per episode", _recorded(lambda episode: episode.llm_calls)),
    ("LLM tokens read per episode", _recorded(lambda episode: episode.llm_prompt_tokens)),
    ("LLM tokens written per episode", _recorded(lambda episode: episode.llm_completion_tokens)),
)


def cost_rows(runs: Sequence[PlayedRun]) -> list[dict[str, Any]]:
    """The mean cost of an episode, one row per measure that at least one of the runs recorded.

    Returns:
        `list[dict]`: `name` of the measure, and `values`, one text per run.
    """
    rows = []
    for name, measure in _COSTS:
        values = [measure(run) for run in runs]
        if any(value is not None for value in values):
            texts = ["-" if value is None else f"{value:,.1f}" for value in values]
            rows.append({"name": name, "values": texts})
    return rows
