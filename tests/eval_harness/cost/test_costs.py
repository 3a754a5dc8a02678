"""The cost of a language model, upfront or per episode."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from typer.testing import CliRunner

from dataset_builder.common.errors import UsageError
from dataset_builder.common.jsonl_store import JsonlStore
from dataset_builder.simulator.simulator import Simulator
from dataset_builder.trajectories.trajectory import Trajectory
from eval_harness.cost import costs as module
from eval_harness.cost.costs import (
    Annotation,
    Prices,
    Tokens,
    break_even,
    load_prices,
    money_costs,
    read_annotation,
    read_llm_run,
    token_costs,
    whole,
)
from eval_harness.cost.plot import plot
from eval_harness.reports.score_table import comparison_markdown
from eval_harness.results.played_run import read_played
from eval_harness.results.records import EpisodeResult
from eval_harness.results.statistics import Estimate
from subgoal.cli import app

MakeRun = Callable[..., Path]
PRICES = Prices.model_validate({"models": {"m": {"prompt": 1.0, "completion": 10.0}}})
PAID = Annotation(3, {"m": Tokens(90_000, 10_000)}, 0)


def with_tokens(episodes: Sequence[EpisodeResult], tokens: Sequence[int]) -> list[EpisodeResult]:
    """Episodes that took these tokens in turn, a tenth of them written."""
    return [
        replace(
            episode,
            llm_calls=2,
            llm_prompt_tokens=tokens[place % len(tokens)] * 9 // 10,
            llm_completion_tokens=tokens[place % len(tokens)] // 10,
        )
        for place, episode in enumerate(episodes)
    ]


@pytest.fixture
def runs(make_run: MakeRun, recorded_episodes: list[EpisodeResult]) -> tuple[Path, Path]:
    """A pair's run, and one of `react` with 1,000 tokens in each episode."""
    react = with_tokens(recorded_episodes, [1000])
    return make_run("pair"), make_run("react", react, agent="react", models={"llm": {"id": "m"}})


def test_annotations_are_paid_back_after_as_many_episodes_as_they_cost(runs: tuple[Path, Path]) -> None:
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


def test_what_the_pair_itself_asks_is_counted_against_it(
    make_run: MakeRun, recorded_episodes: list[EpisodeResult], runs: tuple[Path, Path]
) -> None:
    models = {"llm": {"id": "m"}}
    helped = read_played(make_run("helped", with_tokens(recorded_episodes, [600]), models=models))
    costs = token_costs(PAID, helped, [read_llm_run(runs[1])])
    assert costs.break_even[0].episodes == 250
    costly = read_played(make_run("costly", with_tokens(recorded_episodes, [2000]), models=models))
    point = token_costs(PAID, costly, [read_llm_run(runs[1])]).break_even[0]
    assert (point.episodes, whole(point.episodes)) == (inf, "never")


def test_interval_follows_from_that_of_an_episode() -> None:
    assert break_even(1000, Estimate(10, 5, 20)) == module.BreakEven(100, 50, 200)
    assert break_even(1000, Estimate(10, -5, 20)) == module.BreakEven(100, 50, inf)
    assert break_even(1000, Estimate(10)) == module.BreakEven(100, None, None)
    assert [whole(number) for number in (99.2, None, 1234.0)] == ["100", "-", "1,234"]


def test_missing_price_names_model_and_remedy(runs: tuple[Path, Path]) -> None:
    pair, react = read_played(runs[0]), read_llm_run(runs[1])
    message = r"^No price for 'm': add it to a copy of eval_harness/cost/prices.yaml .*--prices none"
    with pytest.raises(UsageError, match=message):
        money_costs(PAID, pair, [react], load_prices())


def test_ledger_that_names_the_annotator_alone_finds_its_price(runs: tuple[Path, Path]) -> None:
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
def test_a_record_that_is_no_completion_of_a_teacher_is_refused_in_one_line(
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


def test_of_several_annotators_one_must_be_named(tmp_path: Path) -> None:
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


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """A corpus folder whose annotations took a million tokens."""
    record = {"annotator": "llm-m", "prompt_tokens": 900_000, "completion_tokens": 100_000}
    JsonlStore(tmp_path / "corpus" / "completions.jsonl").append(("d",), record)
    return tmp_path / "corpus"


def invoke(ledger: Path, pair: Path, *llm_runs: Path, **options: Any) -> str:
    """What `subgoal eval cost` prints, 80 columns wide as in a pipe."""
    command = ["eval", "cost", "--annotation", ledger, "--run", pair]
    for folder in llm_runs:
        command += ["--llm-run", folder]
    for name, value in options.items():
        command += [f"--{name}", value]
    result = CliRunner().invoke(app, list(map(str, command)), env={"COLUMNS": "80"})
    assert result.exit_code == 0, result.output
    return result.output


def test_numbers_are_whole_at_80_columns_and_names_are_folded(
    ledger: Path, runs: tuple[Path, Path], make_run: MakeRun, recorded_episodes: list[EpisodeResult]
) -> None:
    many = with_tokens(recorded_episodes, [20_000])
    names = ["react-with-a-long-name", "saycan-with-a-name-that-is-much-too-long-for-a-column"]
    folders = [make_run(name, many, agent=name, models={"llm": {"id": "m"}}) for name in names]
    shown = invoke(ledger, runs[0], runs[1], *folders, prices="none")
    tables = shown[: shown.index("Upfront:")]
    assert "…" not in shown
    assert max(map(len, tables.splitlines())) <= 80
    assert tables.count("2,000,000,000") == 2
    assert "100,000,000" in tables


def test_prices_of_0_leave_their_panel_out(ledger: Path, runs: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "prices.yaml").write_text("models: {m: {prompt: 0, completion: 0}}")
    invoke(ledger, *runs, prices="none", plot=tmp_path / "tokens.png")
    invoke(ledger, *runs, prices=tmp_path / "prices.yaml", plot=tmp_path / "both.png")
    assert (tmp_path / "both.png").read_bytes() == (tmp_path / "tokens.png").read_bytes()
    free = Prices.model_validate({"models": {"m": {"prompt": 0, "completion": 0}}})
    with pytest.raises(UsageError, match="No picture: all totals are 0"):
        plot([money_costs(PAID, read_played(runs[0]), [read_llm_run(runs[1])], free)])


def test_what_keeps_runs_from_being_compared_is_said_once(
    ledger: Path, runs: tuple[Path, Path], make_run: MakeRun, recorded_episodes: list[EpisodeResult]
) -> None:
    said = (
        "The runs played different episodes",
        "Not finished: react",
        "break-even point is computed on the variations",
    )
    assert not any(line in invoke(ledger, *runs, prices="none") for line in said)
    llm: dict[str, Any] = {"models": {"llm": {"id": "m"}}}
    part = with_tokens(recorded_episodes, [900])[:3]
    unfinished = make_run("part", part, agent="react", complete=False, **llm)
    shown = invoke(ledger, runs[0], unfinished, prices="none")
    assert [shown.count(line) for line in said] == [1, 1, 0], (
        "the pair asks nothing: no variation is left out"
    )
    helped = make_run("helped", with_tokens(recorded_episodes, [500]), **llm)
    shown = invoke(ledger, helped, unfinished, prices="none")
    assert [shown.count(line) for line in said] == [1, 1, 1]


def test_report_shows_score_against_tokens(runs: tuple[Path, Path]) -> None:
    text = comparison_markdown([read_played(folder) for folder in runs])
    assert re.search(r"\| LLM tokens per episode \| 0 \| 1,000 \|", text)
    assert "LLM" not in comparison_markdown([read_played(runs[0])])


def test_worked_example_from_ledgers_of_the_local_server(
    recorded: list[Trajectory], scripted: Any, simulator: Simulator, tmp_path: Path, monkeypatch: Any
) -> None:
    """An example only: the tokens are words of a server of this test, no model was asked.

    The oracle annotates two paths; `react` is fed by the expert on four episodes, which the scripted
    agent (in the place of a pair) plays too.
    """
    from dataset_builder.annotation.teacher.annotator import llm_annotator
    from eval_harness import run_protocol
    from eval_harness.agents.llm.chat import make_llm
    from eval_harness.agents.llm.react import React
    from tests.dataset_builder.annotation.teacher.oracle import Oracle
    from tests.eval_harness.agents.llm.brains import TASKS, Expert, descriptions
    from tests.eval_harness.conftest import PATHS
    from tests.servers.openai_server import OpenAIServer

    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    with OpenAIServer(Oracle(recorded)) as server:
        teacher = llm_annotator(tmp_path / "corpus", "teacher", server.base_url)
        for path in [path for path in recorded if path.task == "find-animal"][:2]:
            teacher.annotate(path)
    options: dict[str, Any] = {"simulator": simulator, "tasks": TASKS, "progress": False}
    run_protocol(scripted(), "mini", tmp_path / "pair", **options)
    with OpenAIServer(Expert(descriptions(simulator, PATHS))) as server:
        agent = React(make_llm("teacher", server.base_url, tmp_path / "react"))
        run_protocol(agent, "mini", tmp_path / "react", **options)
    (tmp_path / "prices.yaml").write_text("models: {teacher: {prompt: 2, completion: 8}}")
    command = ["eval", "cost", "--annotation", tmp_path / "corpus", "--run", tmp_path / "pair"]
    command += ["--llm-run", tmp_path / "react", "--plot", tmp_path / "out" / "cost.png"]
    result = CliRunner().invoke(
        app, [*map(str, command), "--prices", str(tmp_path / "prices.yaml")], env={"COLUMNS": "160"}
    )
    assert result.exit_code == 0, result.output
    paid = sum(map(sum, read_annotation(tmp_path / "corpus").tokens.values()))
    assert f"{paid:,} tokens for the annotations (llm-teacher)" in result.output
    assert "Total tokens by number of episodes" in result.output
    assert "Total USD by number of episodes" in result.output
    assert re.search(r"break-even +│ +│ +[\d,]+ │\n│ 95% interval +│ +│ +[\d,]+ to [\d,]+ │", result.output)
    with Image.open(tmp_path / "out" / "cost.png") as picture:
        assert picture.size[0] > 500
        assert len(picture.convert("RGB").getcolors(1_000_000) or []) > 3
    missing = CliRunner().invoke(app, list(map(str, command)))
    assert missing.exit_code == 2
    assert "No price for 'llm-teacher'" in missing.output
