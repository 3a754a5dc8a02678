from pathlib import Path

import pytest

from dataset_builder.common.errors import UsageError
from eval_harness.cost.costs import (
    Prices,
    money_costs,
    read_llm_run,
)
from eval_harness.cost.plot import plot
from eval_harness.results.played_run import read_played
from tests.eval_harness.cost.conftest import PAID, invoke


def test_a_panel_of_zeros_is_omitted(ledger: Path, runs: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "prices.yaml").write_text("models: {m: {prompt: 0, completion: 0}}")
    invoke(ledger, *runs, prices="none", plot=tmp_path / "tokens.png")
    invoke(ledger, *runs, prices=tmp_path / "prices.yaml", plot=tmp_path / "both.png")
    assert (tmp_path / "both.png").read_bytes() == (tmp_path / "tokens.png").read_bytes()
    free = Prices.model_validate({"models": {"m": {"prompt": 0, "completion": 0}}})
    with pytest.raises(UsageError, match="No picture: all totals are 0"):
        plot([money_costs(PAID, read_played(runs[0]), [read_llm_run(runs[1])], free)])
