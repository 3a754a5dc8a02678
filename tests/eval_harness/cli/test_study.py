from typing import Any

import pytest

from dataset_builder.common.errors import UsageError
from eval_harness.cli.study import app
from eval_harness.studies.study import load_study, study_names


@pytest.fixture
def study(invoke: Any) -> Any:
    """Calls `subgoal study`."""
    return lambda *arguments: invoke(*arguments, app=app)


@pytest.mark.parametrize("kind", ["heldout", "sizes"])
def test_list_and_plan_train_nothing(kind: str, study: Any) -> None:
    listed = study(kind, "--list")
    assert [line.split(":")[0] for line in listed.output.splitlines()] == study_names(kind)
    planned = study(kind, "--config", f"{kind}-tiny", "--plan")
    cells = load_study(kind, f"{kind}-tiny").cells()
    assert [line.split(":")[0] for line in planned.output.splitlines()] == [cell.name for cell in cells]
    assert cells[0].controller.name in planned.output


def test_missing_options_and_unknown_cells_are_reported(study: Any) -> None:
    for arguments, message in (
        (("heldout", "--out", "o"), "No dataset: add --dataset"),
        (("heldout", "--dataset", "d"), "No out: add --out DIR"),
        (("heldout", "--config", "heldout-tiny", "--cells", "magic", "--plan"), "has no cell 'magic'"),
    ):
        result = study(*arguments)
        assert isinstance(result.exception, UsageError)
        assert message in str(result.exception)
