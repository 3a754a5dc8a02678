"""A CodeAgent of smolagents whose code runs in the sandbox."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from smolagents import ChatMessage, CodeAgent, Model, tool
from smolagents.monitoring import LogLevel

from dataset_builder.common.errors import SubgoalError, UsageError
from dataset_builder.tool_agents.sandbox import Limits, Sandbox
from dataset_builder.tool_agents.sandbox.smolagents_executor import SandboxExecutor


class Recited(Model):
    """A model that gives the answers of a list."""

    def __init__(self, codes: Sequence[str]) -> None:
        super().__init__(model_id="recited")
        self._codes = iter(codes)

    def generate(self, messages: Any, **options: Any) -> Any:
        return ChatMessage("assistant", f"Thought: next.\n<code>\n{next(self._codes)}\n</code>")


@tool
def search(query: str) -> str:
    """Searches.

    Args:
        query: What to search for.
    """
    if query == "down":
        raise SubgoalError("The server is down.")
    return f"[1] {query}: 700,000 inhabitants."


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(Limits(wall_seconds=1)) as sandbox:
        yield sandbox


def _agent(sandbox: Sandbox, *codes: str) -> Any:
    return CodeAgent(
        tools=[search],
        model=Recited(codes),
        executor=SandboxExecutor(sandbox),
        verbosity_level=LogLevel.OFF,
        max_steps=len(codes),
    )


def _observations(agent: Any) -> list[str]:
    return [
        (step.observations or "") + (step.error.message if step.error else "")
        for step in agent.memory.steps
        if hasattr(step, "observations")
    ]


def test_an_agent_searches_calculates_and_answers(sandbox: Sandbox) -> None:
    agent = _agent(sandbox, "text = search('Oslo')\nprint(text)", "final_answer(len(text) * 2)")
    assert agent.run("How long is the text?") == 60
    assert "[1] Oslo: 700,000 inhabitants." in _observations(agent)[0]


def test_failed_code_is_an_observation_and_the_agent_continues(sandbox: Sandbox) -> None:
    codes = (
        "x = 1\nprint('before')\nimport os",
        "while True: pass",
        "open('/etc/passwd')",
        "final_answer(x)",
    )
    agent = _agent(sandbox, *codes)
    assert agent.run("?") == 1
    first, second, third, _ = _observations(agent)
    assert "before" in first
    assert "ImportError: os is not allowed" in first
    assert second == "killed: more than 1 s"
    assert "PermissionError: open is not allowed" in third


def test_each_run_has_a_state_of_its_own(sandbox: Sandbox) -> None:
    agent = _agent(sandbox, "x = 1\nfinal_answer(y)", "print(x)", "final_answer(0)")
    assert agent.run("?", additional_args={"y": [1, "two"]}) == [1, "two"]
    assert agent.run("?") == 0
    assert _observations(agent)[0] == "NameError: name 'x' is not defined"


def test_a_failure_of_a_tool_is_kept_for_the_caller(sandbox: Sandbox) -> None:
    agent = _agent(sandbox, "search('down')")
    agent.run("?")
    assert str(agent.python_executor.failure) == "The server is down."


def test_variables_must_be_literals(sandbox: Sandbox) -> None:
    with pytest.raises(UsageError, match="must be literals"):
        _agent(sandbox, "1").run("?", additional_args={"y": object()})
