"""The remote sandboxes of smolagents: Docker, E2B, Modal, Blaxel. The extra `[tools]` installs smolagents.

They cannot copy the state of an interpreter, so that a step has one candidate. They run tools where the code
runs, so that a tool must be a `smolagents.Tool`, of which they send the source.
"""

import socket
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from dataset_builder.common.errors import SubgoalError, UsageError, one_line
from dataset_builder.common.extras import check_extra
from dataset_builder.tool_agents.sandbox.limits import DEFAULT_MODULES, MAX_CODE, Execution, Isolation, Limits
from dataset_builder.tool_agents.sandbox.plain_values import plain, writable

if TYPE_CHECKING:
    from smolagents.local_python_executor import PythonExecutor

REMOTE_SANDBOXES = {
    "docker": "DockerExecutor",
    "e2b": "E2BExecutor",
    "modal": "ModalExecutor",
    "blaxel": "BlaxelExecutor",
}
"""Name → the class of smolagents that runs the code."""


class RemoteSandbox:
    """Opens sessions of a remote executor of smolagents, each with an interpreter of its own.

    Args:
        name (`str`): a name of `REMOTE_SANDBOXES`.
        limits (`Limits`, *optional*): time and output of each execution. Memory and processes are limited in
            Docker only.
        modules (`Sequence[str]`, *optional*, defaults to `DEFAULT_MODULES`): modules to install; those of the
            standard library are there.

    Example:

    ```python
    with RemoteSandbox("docker") as sandbox, sandbox.open() as session:
        print(session.run("final_answer(2**10)").answer)
    ```
    """

    def __init__(
        self, name: str, limits: Limits | None = None, modules: Sequence[str] = DEFAULT_MODULES
    ) -> None:
        check_extra("smolagents", "tools", f"the sandbox {name!r}")
        self.limits = limits or Limits()
        self.isolation = Isolation((name,), ())
        self._name = name
        self._packages = [module for module in modules if module not in sys.stdlib_module_names]
        self._sessions: list[ExecutorSession] = []

    def open(self, tools: Mapping[str, Callable[..., str]] | None = None) -> "ExecutorSession":
        """Starts an interpreter, which takes seconds.

        Args:
            tools (`Mapping[str, Callable]`, *optional*): name → `smolagents.Tool`.

        Raises:
            UsageError: a tool is a function of this process.
            SubgoalError: the interpreter does not start: the service or its package is missing, for example.
        """
        import smolagents

        tools = dict(tools or {})
        for tool_name, tool in tools.items():
            if not isinstance(tool, smolagents.Tool):
                raise UsageError(
                    f"The sandbox {self._name!r} cannot call the tool {tool_name!r} of this process: use the "
                    "sandbox 'local', or a smolagents.Tool."
                )
        executor = self._executor()
        session = ExecutorSession(executor, self.limits, tools, self._name)
        self._sessions.append(session)
        return session

    def close(self) -> None:
        """Ends all sessions."""
        for session in self._sessions:
            session.close()

    def _executor(self) -> "PythonExecutor":
        from smolagents import remote_executors
        from smolagents.monitoring import AgentLogger, LogLevel

        arguments: dict[str, Any] = {}
        if self._name == "docker":
            # Each session is a container with a port of its own.
            arguments = {
                "port": _free_port(),
                "build_new_image": False,
                "container_run_kwargs": self._container(),
            }
        try:
            executor = getattr(remote_executors, REMOTE_SANDBOXES[self._name])
            return executor(self._packages, AgentLogger(level=LogLevel.OFF), **arguments)
        except Exception as error:  # of any of four services
            raise SubgoalError(
                f"The sandbox {self._name!r} does not start ({one_line(error, 300)}): the sandbox 'local' "
                "needs no service."
            ) from None

    def _container(self) -> dict[str, Any]:
        # The network stays: the code arrives over it.
        return {
            "mem_limit": f"{self.limits.memory_mb + 256}m",  # Jupyter's own processes included
            "pids_limit": self.limits.processes,
            "cap_drop": ["ALL"],
            "security_opt": ["no-new-privileges"],
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class ExecutorSession:
    """A session of an executor of smolagents.

    Args:
        executor (`PythonExecutor`): runs the code.
        limits (`Limits`): time and output.
        tools (`Mapping[str, Tool]`): name → `smolagents.Tool`.
        name (`str`): of the sandbox, for messages.

    Example:

    ```python
    session = ExecutorSession(LocalPythonExecutor([]), Limits(wall_seconds=5), {}, "docker")
    print(session.run("final_answer(2**10)").answer)
    session.close()
    ```
    """

    def __init__(
        self, executor: "PythonExecutor", limits: Limits, tools: Mapping[str, Any], name: str
    ) -> None:
        from smolagents import FinalAnswerTool

        self._executor: PythonExecutor | None = executor
        self._limits = limits
        self._name = name
        executor.send_tools({**tools, "final_answer": FinalAnswerTool()})

    def run(self, code: str) -> Execution:
        """Runs code and keeps the state it leaves. If it takes too long, the session ends."""
        if self._executor is None:
            return Execution("", None, "killed: the interpreter of this session has ended", 0)
        if len(code) > MAX_CODE:
            return Execution("", None, f"code of more than {MAX_CODE} characters is not run", 0)
        results: list[Execution] = []
        executor = self._executor
        # The executors wait for their service without end.
        thread = threading.Thread(target=lambda: results.append(self._execute(executor, code)), daemon=True)
        thread.start()
        thread.join(self._limits.wall_seconds)
        if not results:
            self.close()
            return Execution("", None, f"killed: more than {self._limits.wall_seconds:g} s", 0)
        return results[0]

    def run_candidates(self, codes: Sequence[str]) -> list[Execution]:
        """Runs one code.

        Raises:
            UsageError: there are more, which would need copies of the state.
        """
        if len(codes) > 1:
            raise UsageError(
                f"The sandbox {self._name!r} cannot copy its state for {len(codes)} candidates: use one "
                "sample, or the sandbox 'local'."
            )
        return [self.run(code) for code in codes]

    def keep(self, index: int) -> None:
        """Does nothing: the only candidate has changed the state."""

    def close(self) -> None:
        """Stops the interpreter."""
        executor, self._executor = self._executor, None
        if cleanup := getattr(executor, "cleanup", None):
            cleanup()

    def _execute(self, executor: "PythonExecutor", code: str) -> Execution:
        try:
            output = executor(code)
        except Exception as error:  # what the code has raised, as a text of the service
            lines = [line for line in str(error).splitlines() if line.strip()]
            return Execution(
                "", None, writable(one_line(lines[-1] if lines else type(error).__name__, 300)), 0
            )
        logs = writable(output.logs)[: self._limits.max_output]
        if not output.is_final_answer:
            return Execution(logs, None, None, 0)
        answer = plain(output.output)
        if len(str(answer)) > self._limits.max_output:
            reason = f"ValueError: the final answer has more than {self._limits.max_output} characters"
            return Execution(logs, None, reason, 0)
        return Execution(logs, "None" if answer is None else answer, None, 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
