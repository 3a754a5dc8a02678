"""A corpus folder to annotate, and an annotator that asks a test's server."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dataset_builder.annotation.teacher.annotator import LLMAnnotator, llm_annotator
from dataset_builder.trajectories.corpus import trajectory_store
from dataset_builder.trajectories.trajectory import Trajectory
from tests.dataset_builder.annotation.teacher.oracle import Oracle


@pytest.fixture(scope="session")
def paths(recorded: list[Trajectory]) -> list[Trajectory]:
    """One tidied path of each task."""
    return list({path.task: path for path in reversed(recorded) if path.path == "tidied"}.values())[::-1]


@pytest.fixture(scope="session")
def oracle(recorded: list[Trajectory]) -> Oracle:
    return Oracle(recorded)


@pytest.fixture
def make_annotator(tmp_path: Path) -> Callable[..., LLMAnnotator]:
    """Builds annotators of the folder `tmp_path`."""

    def make(base_url: str, **options: Any) -> LLMAnnotator:
        options = {"retries": 2, "timeout": 20.0} | options
        return llm_annotator(tmp_path, "teacher", base_url, **options)

    return make


@pytest.fixture
def folder(tmp_path: Path, paths: list[Trajectory]) -> Path:
    """A corpus folder with twelve paths."""
    store = trajectory_store(tmp_path)
    for path in paths[:12]:
        store.append(path.key, {"trajectory": path.to_dict()})
    return tmp_path
