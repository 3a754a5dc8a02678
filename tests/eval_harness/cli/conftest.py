"""Calls of `subgoal eval` in an empty working directory."""

from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from eval_harness.cli import main


@pytest.fixture
def invoke(tmp_path: Path, monkeypatch: Any) -> Any:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")

    def call(*arguments: str, app: typer.Typer = main.app) -> Any:
        return CliRunner().invoke(app, arguments)

    return call
