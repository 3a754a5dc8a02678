"""The cost of a language model, upfront or per episode."""

import re
from math import inf
from pathlib import Path
from typing import Any

import pytest

from dataset_builder.common.errors import UsageError
from dataset_builder.common.jsonl_store import JsonlStore
from eval_harness.cost import costs as module
from eval_harness.cost.costs import (
    Annotation,
    Tokens,
    break_even,
    load_prices,
    money_costs,
    read_annotation,
    read_llm_run,
    token_costs,
    whole,
)
from eval_harness.reports.score_table import comparison_markdown
from eval_harness.results.played_run import read_played
from eval_harness.results.records import EpisodeResult
from eval_harness.results.statistics import Estimate
from tests.eval_harness.cost.conftest import PAID, PRICES, MakeRun, with_tokens


def test_break_even_is_upfront_cost_over_cost_per_episode(runs: tuple[Path, Path]) -> None:
    pair, react = read_played(runs[0]), read_llm_run(runs[1])
    tokens = token_costs(PAID, pair, [react])
    assert (
        tokens.distilled.upfront,
        tokens.distilled.per_episode.mean,
        tokens.llm_agents[0].per_episode.mean,
    ) == (100_000, 0, 1000)
    assert tokens.break_even[0].episodes == 100
    assert tokens.distilled.total(100) == tokens.llm_agents[0].total(100) == 100_000
    money = money_costs(PAID, pair, [react], PRICES)
    assert money.unit == "USD"
    assert money.distilled.upfront == pytest.approx(0.19)
    assert money.llm_agents[0].per_episode.mean == pytest.approx((900 * 1 + 100 * 10) / 1e6)
    assert money.break_even[0].episodes == pytest.approx(100)


def test_llm_tokens_of_the_pair_are_counted(
    make_run: MakeRun, recorded_episodes: list[EpisodeResult], runs: tuple[Path, Path]
) -> None:
    models = {"llm": {"id": "m"}}
    helped = read_played(make_run("helped", with_tokens(recorded_episodes, [600]), models=models))
    costs = token_costs(PAID, helped, [read_llm_run(runs[1])])
    assert costs.break_even[0].episodes == 250
    costly = read_played(make_run("costly", with_tokens(recorded_episodes, [2000]), models=models))
    point = token_costs(PAID, costly, [read_llm_run(runs[1])]).break_even[0]
    assert (point.episodes, whole(point.episodes)) == (inf, "never")


def test_the_break_even_interval_follows_from_the_cost_interval() -> None:
    assert break_even(1000, Estimate(10, 5, 20)) == module.BreakEven(100, 50, 200)
    assert break_even(1000, Estimate(10, -5, 20)) == module.BreakEven(100, 50, inf)
    assert break_even(1000, Estimate(10)) == module.BreakEven(100, None, None)
    assert [whole(number) for number in (99.2, None, 1234.0)] == ["100", "-", "1,234"]


def test_missing_price_names_model_and_remedy(runs: tuple[Path, Path]) -> None:
    pair, react = read_played(runs[0]), read_llm_run(runs[1])
    message = r"^No price for 'm': add it to a copy of eval_harness/cost/prices.yaml .*--prices none"
    with pytest.raises(UsageError, match=message):
        money_costs(PAID, pair, [react], load_prices())


def test_a_ledger_without_a_model_name_uses_the_annotators_price(runs: tuple[Path, Path]) -> None:
    named = Annotation(3, {"llm-m": Tokens(90_000, 10_000)}, 0)
    pair, react = read_played(runs[0]), read_llm_run(runs[1])
    assert money_costs(named, pair, [react], PRICES) == money_costs(PAID, pair, [react], PRICES)


def test_ledger_counts_completions_and_not_what_the_server_accepts(tmp_path: Path) -> None:
    store = JsonlStore(tmp_path / "completions.jsonl")
    store.append(("terms", "s", "m"), {"form": "functional", "temperature": None})
    for number in range(3):
        record = {"annotator": "llm-m", "prompt_tokens": 10, "completion_tokens": 2, "estimated": number > 1}
        store.append((f"{number}",), record)
    found = Annotation(3, {"llm-m": Tokens(30, 6)}, 1)
    assert read_annotation(tmp_path) == read_annotation(tmp_path / "completions.jsonl") == found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("models: [", "is not a YAML file"),
        ("{}", "models is missing"),
        ("models: {m: {prompt: -1, completion: 0}}", r"models.m.prompt is -1: .*greater than or equal to 0"),
        ("models: {m: {prompt: 1}}", r"models.m.completion is missing"),
        ("models: {m: {prompt: .nan, completion: 0}}", r"models.m.prompt is nan: "),
        ("- a", "does not hold a price table"),
    ],
)
def test_bad_price_table_is_one_line(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "prices.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match=message) as caught:
        load_prices(path)
    assert "\n" not in str(caught.value)
    with pytest.raises(UsageError, match=r"Cannot read .*nothing\.yaml"):
        load_prices(tmp_path / "nothing.yaml")


def test_prices_of_the_package_can_be_read_and_json_too(tmp_path: Path) -> None:
    assert all(price.completion >= price.prompt > 0 for price in load_prices().models.values())
    (tmp_path / "p.json").write_text(PRICES.model_dump_json())
    assert load_prices(tmp_path / "p.json") == PRICES


def test_runs_and_ledgers_of_another_kind_are_refused(runs: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"asked no language model \(hierarchical\): give the run of react"):
        read_llm_run(runs[0])
    with pytest.raises(UsageError, match="holds no completion: give the corpus folder"):
        read_annotation(tmp_path)


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"prompt_tokens": None}, "prompt_tokens: Input should be a valid integer"),
        ({"prompt_tokens": "9"}, "prompt_tokens: Input should be a valid integer"),
        ({"completion_tokens": -1}, "completion_tokens: Input should be greater than or equal to 0"),
        ({"model": ["m"]}, "model: Input should be a valid string"),
        ({"agent": "react"}, "is the ledger of a run, not of annotations: give the corpus folder"),
    ],
)
def test_a_record_that_is_not_a_completion_of_a_teacher_is_refused(
    record: dict[str, Any], message: str, tmp_path: Path
) -> None:
    whole = {"annotator": "llm-m", "prompt_tokens": 10, "completion_tokens": 2}
    JsonlStore(tmp_path / "completions.jsonl").append(("d",), whole | record)
    with pytest.raises(UsageError, match=re.escape(message)) as caught:
        read_annotation(tmp_path)
    assert str(tmp_path / "completions.jsonl") in str(caught.value)
    assert "\n" not in str(caught.value)
    del whole["completion_tokens"]
    JsonlStore(tmp_path / "other.jsonl").append(("d",), whole)
    with pytest.raises(UsageError, match="completion_tokens: Field required"):
        read_annotation(tmp_path / "other.jsonl")


def test_an_annotator_must_be_named_if_there_are_several(tmp_path: Path) -> None:
    store = JsonlStore(tmp_path / "completions.jsonl")
    for name in ("llm-a", "llm-b", "llm-b"):
        store.append((f"{len(store)}",), {"annotator": name, "prompt_tokens": 10, "completion_tokens": 2})
    with pytest.raises(UsageError, match=r"several annotators \(llm-a, llm-b\): name .* --annotator NAME"):
        read_annotation(tmp_path)
    assert read_annotation(tmp_path, "llm-b") == Annotation(2, {"llm-b": Tokens(20, 4)}, 0)
    with pytest.raises(UsageError, match="no completion of 'llm-c': use --annotator llm-a or llm-b"):
        read_annotation(tmp_path, "llm-c")


@pytest.mark.parametrize("models", [{"llm": "m"}, {"llm": None}, {"llm": {"id": 3}}, {}])
def test_run_that_names_no_language_model_is_refused_in_one_line(
    models: dict[str, Any], runs: tuple[Path, Path], make_run: MakeRun, recorded_episodes: list[EpisodeResult]
) -> None:
    react = make_run("odd", with_tokens(recorded_episodes, [10]), agent="react", models=models)
    with pytest.raises(
        UsageError, match=r"odd/results\.json: models\.llm is .*, which names no language model"
    ):
        money_costs(PAID, read_played(runs[0]), [read_llm_run(react)], PRICES)


def test_report_shows_score_against_tokens(runs: tuple[Path, Path]) -> None:
    text = comparison_markdown([read_played(folder) for folder in runs])
    assert re.search(r"\| LLM tokens per episode \| 0 \| 1,000 \|", text)
    assert "LLM" not in comparison_markdown([read_played(runs[0])])
