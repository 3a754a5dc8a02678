from pathlib import Path
from typing import Any

from eval_harness.results.records import EpisodeResult
from tests.eval_harness.cost.conftest import MakeRun, invoke, with_tokens


def test_tables_fit_80_columns_without_truncated_numbers(
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


def test_notes_about_different_episodes_appear_once(
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
