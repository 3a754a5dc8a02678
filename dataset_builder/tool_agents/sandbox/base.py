"""Sandboxes by name, and what their sessions have in common."""

from collections.abc import Sequence
from typing import Protocol

from dataset_builder.common.errors import UsageError
from dataset_builder.tool_agents.sandbox.limits import DEFAULT_MODULES, Execution, Limits
from dataset_builder.tool_agents.sandbox.local import Sandbox
from dataset_builder.tool_agents.sandbox.remote import REMOTE_SANDBOXES, RemoteSandbox


class Session(Protocol):
    """A state that code changes.

    Example:

    ```python
    with open_sandbox("local") as sandbox, sandbox.open() as session:
        session.run("total = 0")
        session.run_candidates(["total += 1", "total += 2"])
        session.keep(1)
        print(session.run("print(total)").output)  # 2
    ```
    """

    def run(self, code: str) -> Execution:
        """Runs code and keeps the state it leaves."""

    def run_candidates(self, codes: Sequence[str]) -> list[Execution]:
        """Runs each code on its own copy of the state."""

    def keep(self, index: int) -> None:
        """Continues with the state of one candidate."""

    def close(self) -> None:
        """Ends the processes of the session."""


def open_sandbox(
    name: str = "local", limits: Limits | None = None, modules: Sequence[str] = DEFAULT_MODULES
) -> Sandbox | RemoteSandbox:
    """The sandbox of a name.

    Args:
        name (`str`, *optional*, defaults to `"local"`): `local`, or a name of `REMOTE_SANDBOXES`, which needs
            the service and smolagents' extra of that name.
        limits (`Limits`, *optional*): of each execution.
        modules (`Sequence[str]`, *optional*, defaults to `DEFAULT_MODULES`): modules that code may import.
            Remote sandboxes install those outside of the standard library, and allow all.

    Raises:
        UsageError: there is no sandbox of this name.
    """
    if name == "local":
        return Sandbox(limits, modules)
    if name not in REMOTE_SANDBOXES:
        raise UsageError(f"No sandbox is called {name!r}: use local, {', '.join(REMOTE_SANDBOXES)}.")
    return RemoteSandbox(name, limits, modules)
