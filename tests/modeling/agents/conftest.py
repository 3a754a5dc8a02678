"""States to act in, causal models of random weights, and checkpoints with other configs."""

import json
import shutil
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path

import pytest

from dataset_builder.trajectories.agent_state import AgentState
from tests.modeling.tiny_models import FAMILIES, save_tiny


def edited_checkpoint(folder: Path, copy: Path, **values: object) -> str:
    """A copy of a checkpoint with other values in its config; None removes one."""
    shutil.copytree(folder, copy)
    path = copy / "config.json"
    config = json.loads(path.read_text()) | values
    path.write_text(json.dumps({name: value for name, value in config.items() if value is not None}))
    return str(copy)


@pytest.fixture(scope="module")
def some_states(states: Callable[[], Iterator[AgentState]]) -> list[AgentState]:
    """Eight states of two tasks."""
    wanted = {"find-animal", "use-thermometer"}
    return [deepcopy(state) for state in states() if state.task in wanted][::6][:8]


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A causal model of each family."""
    return {family: save_tiny(family, tmp_path_factory.mktemp(family)) for family in FAMILIES}
