"""A `CodeAgent` of smolagents whose code runs in the sandbox. The extra `[tools]` installs smolagents.

The local executor of smolagents is not a sandbox: code reads and writes files there (through numpy and sympy)
and is not stopped on time.
"""

from collections.abc import Mapping
from typing import Any

from smolagents.local_python_executor import CodeOutput, InterpreterError, PythonExecutor

from dataset_builder.common.errors import SubgoalError, UsageError
from dataset_builder.tool_agents.sandbox.local import Sandbox
from dataset_builder.tool_agents.sandbox.local_session import LocalSession


class SandboxExecutor(PythonExecutor):
    """Runs the code of an agent in a session of its own, a new one for each `agent.run`.

    Tools run in this process. The value of the last expression is not an output: only what is printed.

    Args:
        sandbox (`Sandbox`): may be shared by many executors, which do not close it.

    Attributes:
        state (`dict`): `_print_outputs`, where smolagents looks for the output of code that has failed.
        failure (`SubgoalError`, *optional*): the error of a tool that was not the agent's mistake. smolagents
            shows it to the agent; the caller of the agent should raise it.

    Example:

    ```python
    with Sandbox() as sandbox:
        agent = CodeAgent(tools=[search], model=model, executor=SandboxExecutor(sandbox))
        agent.run("How many people live in the capital of Norway?")
    ```
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._session: LocalSession | None = None
        self._variables: dict[str, Any] = {}
        self.state: dict[str, Any] = {"_print_outputs": ""}
        self.failure: SubgoalError | None = None

    def send_variables(self, variables: Mapping[str, Any]) -> None:
        """Keeps variables for the session that `send_tools` opens; they must be literals of Python.

        smolagents sends its own variables before the tools.
        """
        self._variables = dict(variables)

    def send_tools(self, tools: Mapping[str, Any]) -> None:
        """Opens a new session with these tools, callables that return texts, and the variables.

        Raises:
            UsageError: a variable is not a literal.
        """
        self.cleanup()
        self.failure = None
        # The sandbox has its own final_answer, which ends the code.
        names = [name for name in tools if name != "final_answer"]
        self._session = self._sandbox.open({name: tools[name] for name in names})
        if self._variables:
            code = "\n".join(f"{name} = {value!r}" for name, value in self._variables.items())
            if error := self._session.run(code).error:
                raise UsageError(f"The variables of an agent must be literals of Python: {error}.")

    def __call__(self, code_action: str) -> CodeOutput:
        """Runs code.

        Raises:
            InterpreterError: the code failed or was killed; smolagents shows the message to the agent.
        """
        if self._session is None:
            self.send_tools({})
        assert self._session is not None
        self.state["_print_outputs"] = ""
        try:
            execution = self._session.run(code_action)
        except SubgoalError as error:
            self.failure = error
            raise
        self.state["_print_outputs"] = execution.output
        if execution.error is not None:
            raise InterpreterError(execution.error)
        return CodeOutput(execution.answer, execution.output, execution.answer is not None)

    def cleanup(self) -> None:
        """Ends the session; the sandbox stays open."""
        if self._session is not None:
            self._session.close()
            self._session = None
