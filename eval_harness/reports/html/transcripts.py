"""The episodes for the HTML page: rows of a table, and transcripts in a compact form for its script."""

from collections.abc import Sequence
from typing import Any

from dataset_builder.simulator.tasks import TASKS
from eval_harness.results.outcomes import outcome_of
from eval_harness.results.played_run import PlayedRun
from eval_harness.results.records import EpisodeResult


class _Texts:
    """Numbers distinct texts, since most observations occur many times."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, text: str) -> int:
        return self._numbers.setdefault(text, len(self._numbers))

    @property
    def texts(self) -> list[str]:
        return list(self._numbers)


def transcripts(
    runs: Sequence[PlayedRun], names: Sequence[str]
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The rows of the table of episodes, and the data from which the script shows a transcript.

    There is one row per task, variation and repetition (counted from each run's own seed), with one cell
    per run, so that the same episode of several runs is shown side by side.

    Returns:
        `tuple[list, dict]`: the rows, and `{"runs": names, "texts": [...], "episodes": {row id: one record
        or null per run}}`, in which records refer to texts by their indices.
    """
    texts = _Texts()
    by_key: dict[tuple[str, int, int], list[EpisodeResult | None]] = {}
    for index, run in enumerate(runs):
        for episode in run.episodes:
            key = episode.task, episode.variation, episode.seed - run.result.seed
            by_key.setdefault(key, [None] * len(runs))[index] = episode
    order = {task: index for index, task in enumerate(TASKS)}
    keys = sorted(by_key, key=lambda key: (order[key[0]], *key[1:]))
    repeated = any(repetition for *_, repetition in keys)
    rows, records = [], {}
    for task, variation, repetition in keys:
        episodes = by_key[task, variation, repetition]
        row_id = f"{task}-{variation}-{repetition}"
        rows.append(
            {
                "id": row_id,
                "task": task,
                "task_id": TASKS[task].task_id,
                "variation": f"{variation}, repetition {repetition + 1}" if repeated else str(variation),
                "cells": [None if episode is None else _cell(episode) for episode in episodes],
            }
        )
        records[row_id] = [None if episode is None else _record(episode, texts) for episode in episodes]
    return rows, {"runs": list(names), "texts": texts.texts, "episodes": records}


def _cell(episode: EpisodeResult) -> dict[str, Any]:
    outcome = outcome_of(episode)
    return {
        "outcome": outcome,
        "slug": outcome.replace(" ", "-"),
        "score": "-" if episode.score is None else str(episode.score),
    }


def _record(episode: EpisodeResult, texts: _Texts) -> dict[str, Any]:
    return {
        "actions": [texts.number(text) for text in episode.actions],
        "subgoals": [texts.number(text) for text in episode.subgoals],
        "observations": [texts.number(text) for text in episode.observations],
        "scores": episode.scores,
        "rejected": {
            str(index): [texts.number(text) for text in refused]
            for index, refused in enumerate(episode.rejected)
            if refused
        },
        "last_resort": episode.last_resort,
        "moves": episode.moves,
        "seconds": episode.seconds,
        "stop": episode.stop_reason,
        "error": episode.error,
    }
