"""Model descriptions: read strictly, merged by precedence, written beside their files."""

from pathlib import Path

import pytest

from dataset_builder.common.errors import UsageError
from modeling.checkpoints.description import (
    ModelDescription,
    is_served,
    load_description,
    repository_description,
)


def test_a_description_survives_being_written(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    template = tmp_path / "mine.jinja"
    template.write_text("{{ task }}")
    description = ModelDescription(
        id=str(tmp_path / "model"), role="flat", state_text="paper", prompt=str(template), target="tag:act"
    )
    description.write(tmp_path / "sub" / "mine.yaml")
    text = (tmp_path / "sub" / "mine.yaml").read_text()
    assert "id: ../model" in text
    assert "# Role of the model.\nrole: flat" in text
    read = load_description(tmp_path / "sub" / "mine.yaml")
    assert read.state_text == "paper-1"
    assert Path(str(read.id)).resolve() == tmp_path / "model"
    assert Path(str(read.prompt)).resolve() == template


def test_a_folder_keeps_its_prompt(tmp_path: Path) -> None:
    ModelDescription(role="executor", state_text="compact-2", prompt="state").save(tmp_path)
    read = repository_description(tmp_path / "subgoal.yaml")
    assert (read.id, read.role, read.prompt) == (None, "executor", str(tmp_path / "prompt.jinja"))
    (tmp_path / "subgoal.yaml").write_text("prompt: ../../secret\n")
    with pytest.raises(UsageError, match="name a template, or a file beside it"):
        repository_description(tmp_path / "subgoal.yaml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id: a/b\nroll: flat\n", "unknown key 'roll': did you mean role"),
        ("id: a/b\nrole: planner\n", "role is 'planner'"),
        ("id: a/b\ntarget: last\n", "Unknown target pattern 'last'"),
        ("id: a/b\nstate_text: long\n", "Unknown state-text version 'long'"),
        ("id: a/b\nmax_new_tokens: 0\n", "max_new_tokens is 0"),
        ("role: flat\n", "does not name its model: add `id:`"),
        ("- a\n", "does not hold a model description"),
    ],
)
def test_bad_descriptions_are_one_line(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(UsageError, match=message) as caught:
        load_description(tmp_path / "mine.yaml")
    assert "\n" not in str(caught.value)


def test_options_fill_gaps_and_contradict_nothing() -> None:
    own = ModelDescription(id="a/b", state_text="compact-2")
    filled = own.filled_by(ModelDescription(prompt="thought"))
    assert (filled.prompt, filled.state_text) == ("thought", "compact-2")
    with pytest.raises(UsageError, match="a/b has state-text compact-2, not paper-1: drop --state-text"):
        own.filled_by(ModelDescription(state_text="paper-1"))


def test_served_models_are_told_by_their_ids(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("id: openai:qwen\n")
    assert is_served("openai:qwen")
    assert is_served(str(tmp_path / "mine.yaml"))
    assert not is_served("openai/gpt-oss-20b")
    with pytest.raises(UsageError, match="There is no model description"):
        is_served("nowhere.yaml")
