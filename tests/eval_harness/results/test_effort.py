from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from eval_harness.results.effort import cost_rows
from eval_harness.results.played_run import read_played

MakeRun = Callable[..., Path]


def test_measures_that_no_run_recorded_are_omitted(make_run: MakeRun) -> None:
    run = read_played(make_run("a"))
    costs = {row["name"]: row["values"] for row in cost_rows([run])}
    assert costs["actions per episode"] == ["10.7"]
    assert costs["seconds per episode (wall time of the run, shared by its batch)"] == ["10.0"]
    assert not any("tokens" in name for name in costs)
    counted = [replace(episode, model_calls=12, tokens_read=3000) for episode in run.episodes]
    rows = cost_rows([run, replace(run, episodes=counted)])
    assert {"name": "model calls per episode", "values": ["-", "12.0"]} in rows
    assert {"name": "tokens read per episode", "values": ["-", "3,000.0"]} in rows
