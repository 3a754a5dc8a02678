"""Study files and a study with two topics."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from eval_harness.studies.study import HeldOut, load_study


@pytest.fixture
def write_study(tmp_path: Path) -> Callable[..., Path]:
    def write(**values: Any) -> Path:
        path = tmp_path / "mine.yaml"
        path.write_text(yaml.safe_dump(values))
        return path

    return write


@pytest.fixture
def two_topics(write_study: Callable[..., Path]) -> HeldOut:
    study = load_study("heldout", write_study(recipe="scratch-tiny", topics=["Matter", "Classification"]))
    assert isinstance(study, HeldOut)
    return study
