"""Scores over questions in a model card. What a card holds: `tests/subgoal/test_tools_quickstart.py`."""

from pathlib import Path

import pytest

from dataset_builder.common.errors import UsageError
from eval_harness.tool_agents.playing import PlaySettings
from eval_harness.tool_agents.report import column, tool_report
from eval_harness.tool_agents.results_card import write_results
from eval_harness.tool_agents.run import run_questions
from modeling.checkpoints.load import weights_hash
from tests.eval_harness.tool_agents.conftest import Scripted, question
from tests.modeling.tiny_models import save_tiny


class _Checkpoint(Scripted):
    """Answers from a script, as the weights of a folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(lambda messages: ["The answer is 3."])
        self._revision = weights_hash(folder)

    def describe(self) -> dict[str, str]:
        return {"id": "checkpoint", "revision": self._revision}


def test_a_card_shows_runs_of_its_own_weights_only(tmp_path: Path) -> None:
    played, other = (save_tiny("llama", tmp_path / name, seed=seed) for seed, name in enumerate("ab"))
    run = run_questions(
        tmp_path / "run", [question("a", "What is 1 + 2?", "3")], _Checkpoint(played), PlaySettings("cot")
    )
    columns = [column([run])]
    with pytest.raises(UsageError, match="b played none of these runs"):
        write_results(other, columns, [tool_report(columns)])
    with pytest.raises(UsageError, match="a holds no finished training"):
        write_results(played, columns, [tool_report(columns)])
    assert not (played / "README.md").exists()
