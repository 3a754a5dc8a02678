from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from eval_harness.protocols.protocol import Protocol
from eval_harness.reports.html.charts import mean_curve, provenance_rows
from eval_harness.reports.html.page import html_report
from eval_harness.results.played_run import read_played
from eval_harness.results.records import EpisodeResult

MakeRun = Callable[..., Path]


@pytest.mark.parametrize(("rule", "last"), [("zero", 0), ("previous", 40), ("maximum", 60)])
def test_curves_use_the_scoring_rule_of_the_run(
    recorded_episodes: list[EpisodeResult], rule: str, last: int
) -> None:
    lost = replace(recorded_episodes[0], actions=["x"] * 3, scores=[60, 40, -100], score=last, raw_score=-100)
    rules = Protocol.model_validate({"name": "x", "scoring": rule})
    assert mean_curve([lost], rules) == [0, 60, 60 if rule == "maximum" else 40, last]


def test_curves_are_means_over_tasks_with_the_last_score_of_ended_episodes(make_run: MakeRun) -> None:
    run = read_played(make_run("a"))
    curve = mean_curve(run.episodes, run.result.rules_played())
    assert len(curve) == 1 + max(len(episode.actions) for episode in run.episodes)
    assert curve[0] == 0
    assert round(curve[-1], 2) == run.result.mean_score
    assert mean_curve([], run.result.rules_played()) == []


def test_equal_facts_have_one_value(make_run: MakeRun) -> None:
    runs = [make_run("a"), make_run("b", seed=1, models={})]
    rows = {row["name"]: row["values"] for row in provenance_rows([read_played(run).result for run in runs])}
    assert rows["seed"] == ["0", "1"]
    assert rows["controller revision"] == ["sha256:1", ""]
    assert rows["controller parameters"] == ["1,135,616", ""]
    assert rows["decoding"] == ["num beams 4"]
    assert rows["hardware"] == ["cores 2"]


def test_plug_ins_may_describe_models_by_any_value(make_run: MakeRun) -> None:
    settings = {"fast": True, "decoding": {"avoid_loops": False}}
    run = read_played(make_run("a", models={"planner": "my-model", "n": 3}, agent_settings=settings))
    rows = {row["name"]: row["values"] for row in provenance_rows([run.result])}
    assert rows["planner"] == ["my-model"]
    assert rows["n"] == ["3"]
    assert rows["fast"] == ["yes"]
    assert rows["decoding"] == ["avoid loops no"]
    assert "my-model" in html_report([run])
