"""The remote sandboxes as far as they can be tested without a service."""

import sys

import pytest
from smolagents import LocalPythonExecutor

from dataset_builder.common.errors import SubgoalError, UsageError
from dataset_builder.tool_agents.sandbox import Execution, Limits, open_sandbox
from dataset_builder.tool_agents.sandbox.remote import REMOTE_SANDBOXES, ExecutorSession


@pytest.mark.parametrize("name", REMOTE_SANDBOXES)
def test_a_missing_service_is_one_line(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for package in ("docker", "e2b_code_interpreter", "modal", "blaxel"):
        monkeypatch.setitem(sys.modules, package, None)
    with open_sandbox(name) as sandbox, pytest.raises(SubgoalError, match=f"{name}' does not start") as error:
        sandbox.open()
    assert f"smolagents[{name}]" in str(error.value)
    assert "\n" not in str(error.value)


def test_functions_of_this_process_are_not_tools() -> None:
    with open_sandbox("docker") as sandbox, pytest.raises(UsageError, match="cannot call the tool 'search'"):
        sandbox.open({"search": str})


def test_a_session_of_an_executor() -> None:
    """An executor of smolagents that needs no service; the remote ones have the same methods."""
    executor = LocalPythonExecutor([], timeout_seconds=None)
    with ExecutorSession(executor, Limits(wall_seconds=1, max_output=50), {}, "docker") as session:
        assert session.run("x = 3\nprint(x)") == Execution("3\n", None, None, 0)
        assert session.run_candidates(["x += 1\nprint('x' * 100)"]) == [Execution("x" * 50, None, None, 0)]
        session.keep(0)
        assert session.run("final_answer({'x': x, 'y': (1, 2)})").answer == {"x": 4, "y": [1, 2]}
        assert "more than 50 characters" in str(session.run("final_answer('x' * 100)").error)
        assert "division by zero" in str(session.run("1 / 0").error)
        with pytest.raises(UsageError, match="cannot copy its state for 2 candidates"):
            session.run_candidates(["1", "2"])
        assert session.run("import time\ntime.sleep(3)").error == "killed: more than 1 s"
        assert session.run("1").error == "killed: the interpreter of this session has ended"
