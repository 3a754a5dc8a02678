from pathlib import Path

import pytest

from dataset_builder.common.errors import UsageError
from space_app import settings
from space_app.settings import find_settings


def test_the_command_line_comes_before_the_environment_and_that_before_the_release(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(settings, "_RELEASE", tmp_path)
    with pytest.raises(UsageError, match="no released controller"):
        find_settings()
    for role in ("controller", "executor", "flat"):
        (tmp_path / role).mkdir()
        (tmp_path / role / "config.json").write_text("{}")
    assert find_settings().controller == str(tmp_path / "controller")
    assert find_settings().flat == str(tmp_path / "flat")
    monkeypatch.setenv("SUBGOAL_CONTROLLER", "ns/controller")
    monkeypatch.setenv("SUBGOAL_EXECUTOR", "ns/executor")
    assert find_settings().executor == "ns/executor"
    assert find_settings("a/c", "a/e").controller == "a/c"
    monkeypatch.setenv("SUBGOAL_MAX_EPISODES", "many")
    with pytest.raises(UsageError, match="SUBGOAL_MAX_EPISODES is 'many'"):
        find_settings()


def test_the_agent_with_tools_is_optional(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(settings, "_RELEASE", tmp_path)
    assert find_settings("a/c", "a/e").tool_agent is None
    with pytest.raises(UsageError, match="pass --tool-agent"):
        find_settings("a/c", "a/e", tool_cot="ns/cot")
    monkeypatch.setenv("SUBGOAL_TOOL_PASSAGES", "ns/passages")
    given = find_settings("a/c", "a/e", tool_agent="ns/agent")
    assert (given.tool_agent, given.tool_cot, given.tool_passages) == ("ns/agent", None, "ns/passages")
    monkeypatch.delenv("SUBGOAL_TOOL_PASSAGES")
    folder = tmp_path / "tool-agent"
    folder.mkdir()
    (folder / "adapter_config.json").write_text("{}")
    assert find_settings("a/c", "a/e").tool_passages is None
    (folder / "passages.jsonl").write_text("{}")
    assert find_settings("a/c", "a/e").tool_agent == str(folder)
    assert find_settings("a/c", "a/e").tool_passages == str(folder / "passages.jsonl")


def test_half_a_pair_is_refused() -> None:
    with pytest.raises(UsageError, match="add --executor"):
        find_settings("ns/controller")
