"""Describing a model: the description is tried on one state before it is written."""

from pathlib import Path

import pytest

from dataset_builder.common.errors import UsageError
from modeling.agents.describing import describe, try_out
from modeling.agents.loading import load_role_model
from modeling.checkpoints.description import ModelDescription
from tests.servers.openai_server import OpenAIServer, Reply


def test_a_description_is_tried_before_it_is_written(folders: dict[str, Path], tmp_path: Path) -> None:
    description = describe(str(folders["qwen2"]), role="flat", prompt="state", max_new_tokens=8)
    trial = try_out(description)
    assert trial.answer.written <= 8
    assert trial.description.state_text == "compact-2"
    trial.description.write(tmp_path / "mine.yaml")
    model = load_role_model(str(tmp_path / "mine.yaml"))
    assert model.describe() == load_role_model(str(folders["qwen2"]), "flat", settings=None).describe() | {
        "prompt": model.describe()["prompt"],
        "max_new_tokens": 8,
        "longest_prompt": model.describe()["longest_prompt"],
    }
    with pytest.raises(UsageError, match="Unknown role 'planner'"):
        describe("a/b", role="planner")


def test_what_is_not_given_is_left_to_the_models_own_files(tmp_path: Path) -> None:
    assert describe("ns/name@main", role="flat", prompt=None) == ModelDescription(
        id="ns/name", revision="main", role="flat"
    )
    ModelDescription(id="ns/name", role="flat", context=900).write(tmp_path / "mine.yaml")
    again = describe(str(tmp_path / "mine.yaml"), context=None, prompt="thought")
    assert again == ModelDescription(id="ns/name", role="flat", context=900, prompt="thought")


@pytest.mark.parametrize(
    ("role", "said", "answer_kind"),
    [
        ("flat", "open door", "action"),
        ("flat", "\n", "no action"),
        ("controller", "navigate_to(kitchen)", "sub-goal"),
        ("controller", "I would go to the kitchen.", "no sub-goal"),
    ],
)
def test_the_trial_says_what_was_read(role: str, said: str, answer_kind: str) -> None:
    with OpenAIServer(lambda request: Reply(said), models=("m",)) as server:
        trial = try_out(describe("openai:m", role=role, base_url=server.base_url))
    assert trial.answer_kind == answer_kind
    assert trial.description.prompt == "instruct"
    assert trial.description.target == "first-line"
