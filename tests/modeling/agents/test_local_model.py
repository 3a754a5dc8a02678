"""Checkpoints in their roles, and those that have none."""

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest

from dataset_builder.common.errors import UsageError
from dataset_builder.trajectories.agent_state import AgentState
from dataset_builder.trajectories.model_input import model_input
from modeling import FlatAgent
from modeling.agents.local_model import LocalModel
from modeling.checkpoints.description import ModelSettings
from modeling.inference.search import Search
from tests.modeling.agents.conftest import edited_checkpoint


def test_states_are_answered_as_their_texts_are(
    checkpoints: dict[str, Path], states: Callable[[], Iterator[AgentState]]
) -> None:
    model = LocalModel.from_pretrained(str(checkpoints["flat"]))
    (state,) = islice(states(), 3, 4)
    (answer,) = model.answer([state], Search())
    assert answer == model.backend.answer([model_input("flat", state, "compact-1")], Search())[0]


def test_checkpoints_without_a_known_role_or_state_text_are_refused(
    checkpoints: dict[str, Path], tmp_path: Path
) -> None:
    roleless = edited_checkpoint(checkpoints["flat"], tmp_path / "roleless", subgoal_role=None)
    with pytest.raises(UsageError, match=r"has no role: its config\.json lacks subgoal_role"):
        LocalModel.from_pretrained(roleless)
    assert FlatAgent.from_pretrained(roleless).models["flat"].role == "flat"
    newer = edited_checkpoint(checkpoints["flat"], tmp_path / "newer", state_text_version="compact-99")
    with pytest.raises(UsageError, match="state text 'compact-99', known here: paper-1, compact-1"):
        FlatAgent.from_pretrained(newer)
    with pytest.raises(UsageError, match="no checkpoint folder"):
        FlatAgent.from_pretrained(str(tmp_path / "nowhere"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=r"has no config\.json"):
        FlatAgent.from_pretrained(str(tmp_path / "empty"))
    weightless = edited_checkpoint(checkpoints["flat"], tmp_path / "weightless")
    (Path(weightless) / "model.safetensors").unlink()
    with pytest.raises(UsageError, match="is not a model that can be loaded") as caught:
        FlatAgent.from_pretrained(weightless)
    assert "\n" not in str(caught.value)


def test_a_checkpoint_that_is_not_ours_gets_role_and_state_text_by_options(
    checkpoints: dict[str, Path], tmp_path: Path
) -> None:
    foreign = edited_checkpoint(
        checkpoints["flat"], tmp_path / "foreign", subgoal_role=None, state_text_version=None
    )
    with pytest.raises(UsageError, match="does not say which state text it was trained on: add"):
        FlatAgent.from_pretrained(foreign)
    settings = ModelSettings(state_text="compact")
    assert FlatAgent.from_pretrained(foreign, settings=settings).models["flat"].version == "compact-2"
    with pytest.raises(UsageError, match="has state-text compact-2, not paper-1: drop --state-text"):
        FlatAgent.from_pretrained(str(checkpoints["flat"]), settings=ModelSettings(state_text="paper"))
