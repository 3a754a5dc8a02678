from pathlib import Path

import pytest
from typer.testing import CliRunner

from eval_harness.cli.main import app
from tests.eval_harness.publish.test_push_results import CARD, RESULT_FILE, WEIGHTS, write_run


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    return write_run(tmp_path / "run")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "executor"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(WEIGHTS)
    (folder / "README.md").write_text(CARD)
    return folder


def test_a_dry_run_prints_the_changes_and_writes_nothing(run_folder: Path, model: Path) -> None:
    done = CliRunner().invoke(app, ["push", str(run_folder), str(model), "--dry-run"], catch_exceptions=False)
    assert done.exit_code == 0
    index, entries = done.output.split("--- ")[1:]
    assert index.startswith("README.md (of its metadata)\nmodel-index:\n")
    assert "Other" not in index
    assert entries.startswith(f"{RESULT_FILE}\n- dataset:\n    id: tester/tasks\n")
    assert {path.name for path in model.iterdir()} == {"README.md", "model.safetensors"}
    done = CliRunner().invoke(app, ["push", str(run_folder), str(model)], catch_exceptions=False)
    assert done.output == f"Written: {model}\n"
