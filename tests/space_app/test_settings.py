from pathlib import Path

import pytest

from dataset_builder.common.errors import UsageError
from dataset_builder.common.hub_ids import check_hub_id
from space_app import settings
from space_app.session.backend import checked
from space_app.settings import chosen_settings


def test_the_command_line_comes_before_the_environment_and_that_before_the_release(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(settings, "_RELEASE", tmp_path)
    with pytest.raises(UsageError, match="no released controller"):
        chosen_settings()
    for role in ("controller", "executor", "flat"):
        (tmp_path / role).mkdir()
        (tmp_path / role / "config.json").write_text("{}")
    assert chosen_settings().controller == str(tmp_path / "controller")
    assert chosen_settings().flat == str(tmp_path / "flat")
    monkeypatch.setenv("SUBGOAL_CONTROLLER", "ns/controller")
    monkeypatch.setenv("SUBGOAL_EXECUTOR", "ns/executor")
    assert chosen_settings().executor == "ns/executor"
    assert chosen_settings("a/c", "a/e").controller == "a/c"
    monkeypatch.setenv("SUBGOAL_MAX_EPISODES", "many")
    with pytest.raises(UsageError, match="SUBGOAL_MAX_EPISODES is 'many'"):
        chosen_settings()


def test_half_a_pair_is_refused() -> None:
    with pytest.raises(UsageError, match="add --executor"):
        chosen_settings("ns/controller")


@pytest.mark.parametrize(
    "name", ["", "controller", "../etc", "/etc/passwd", "a/../b", "dataset_builder/dataset", "a b/c"]
)
def test_a_visitor_names_models_of_the_hub_alone(name: str) -> None:
    with pytest.raises(UsageError, match="no Hub id"):
        check_hub_id(name)


@pytest.mark.parametrize(
    ("task", "variation"), [("boil", 30), ("boil", -1), ("x" * 200, 0), ("boil", "0"), (None, 0)]
)
def test_tasks_and_variations_that_are_not_there(task: object, variation: object) -> None:
    with pytest.raises(UsageError):
        checked(task, variation)
