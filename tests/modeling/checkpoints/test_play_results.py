"""Scores of a run for a model card."""

from pathlib import Path
from typing import Any

import pytest

from dataset_builder.common.errors import UsageError
from modeling.checkpoints.play_results import read_results
from modeling.checkpoints.training_record import read_record
from tests.modeling.checkpoints.test_model_card import write_run


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"complete": False}, "is not finished: run the same `subgoal eval run` again"),
        ({"mean_score": None}, "is not finished"),
        ({"models": {}}, "was not played by this executor"),
        ({"models": {"executor": {"revision": "sha256:00", "parameters": 1}}}, "was not played by this"),
        ({"protocol": {}}, "is not a results file of this program"),
    ],
)
def test_runs_that_say_nothing_about_a_checkpoint_are_refused(
    checkpoints: dict[str, Path], tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    folder = write_run(tmp_path / "run", checkpoints, **changes)
    with pytest.raises(UsageError, match=message) as caught:
        read_results(folder, read_record(checkpoints["executor"]))
    assert "\n" not in str(caught.value)


def test_a_folder_without_a_run_is_refused(checkpoints: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"not a run folder \(it has no results.json\)"):
        read_results(tmp_path, read_record(checkpoints["executor"]))
    (tmp_path / "results.json").write_text("[1")
    with pytest.raises(UsageError, match="is not a results file"):
        read_results(tmp_path, read_record(checkpoints["executor"]))
