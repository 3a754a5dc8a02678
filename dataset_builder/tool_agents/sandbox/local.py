"""The sandbox on this machine: a process that has the modules loaded and forks sessions."""

import json
import os
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

from dataset_builder.common.errors import SubgoalError, UsageError, one_line
from dataset_builder.tool_agents.sandbox.channel import Channel, ChannelError, channel_pair
from dataset_builder.tool_agents.sandbox.limits import DEFAULT_MODULES, ISOLATION_LAYERS, Isolation, Limits
from dataset_builder.tool_agents.sandbox.local_session import LocalSession

_PATIENCE = 60.0
"""Seconds in which a process of the sandbox that runs no code must answer."""

_MESSAGE_OVERHEAD = 10_000
_LIBRARY_PATHS = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""The only variables passed on: some Python installations do not start without."""

# `-m` would need the project on the path of the code, too.
_PROGRAM = """
import sys
sys.path.insert(0, {root!r})
from dataset_builder.tool_agents.sandbox.child.launcher import main
sys.path.pop(0)
main()
"""


class Sandbox:
    """Runs code of models in processes that can be killed. Its sessions may be used in several threads.

    Args:
        limits (`Limits`, *optional*): of each execution.
        modules (`Sequence[str]`, *optional*, defaults to `DEFAULT_MODULES`): modules that code may import.
            They are loaded once.
        layers (`Sequence[str]`, *optional*, defaults to `ISOLATION_LAYERS`): layers of isolation to apply, if
            the kernel allows them.

    Attributes:
        isolation (`Isolation`): the layers that are in effect.

    Raises:
        UsageError: a module cannot be imported, or a limit is not positive.
        SubgoalError: the process does not start, or cannot run code.

    Example:

    ```python
    with Sandbox() as sandbox, sandbox.open({"search": search}) as session:
        execution = session.run("final_answer(2**10)")
    ```
    """

    def __init__(
        self,
        limits: Limits | None = None,
        modules: Sequence[str] = DEFAULT_MODULES,
        layers: Sequence[str] = ISOLATION_LAYERS,
    ) -> None:
        self.limits = limits or Limits()
        _check(self.limits)
        self._lock = threading.Lock()
        self._folder = TemporaryDirectory(prefix="sandbox-")
        # Nobody must be able to enter it, if this user is root. It stays empty.
        os.chmod(self._folder.name, 0o711)
        # Output and answer at once. JSON makes at most six bytes of a character.
        self._max_message = 12 * self.limits.max_output + _MESSAGE_OVERHEAD
        self._channel, descriptor = channel_pair(self._max_message, _PATIENCE)
        options = {
            "descriptor": descriptor,
            "folder": self._folder.name,
            "limits": asdict(self.limits),
            "modules": list(modules),
            "layers": list(layers),
        }
        self._process = _start(options)
        os.close(descriptor)
        # The sandbox ends when its channel is closed: by close(), the garbage collector or the end of Python.
        self._finalizer = weakref.finalize(self, _stop, self._channel, self._process, self._folder)
        on = self._started()
        self.isolation = Isolation(
            on=tuple(layer for layer in ISOLATION_LAYERS if layer in on),
            off=tuple(layer for layer in ISOLATION_LAYERS if layer not in on),
        )
        self._check_that_code_runs()

    def open(self, tools: Mapping[str, Callable[..., str]] | None = None) -> LocalSession:
        """Opens a session with a fresh state.

        Args:
            tools (`Mapping[str, Callable]`, *optional*): name → function. It runs in this process, once for
                the same arguments. Its ValueError or TypeError is raised in the code as a RuntimeError; any
                other error ends the session and is raised here.

        Raises:
            SubgoalError: the sandbox is closed, or no process can be started.
        """
        tools = dict(tools or {})
        control, control_end = channel_pair(self._max_message, _PATIENCE)
        commands, commands_end = channel_pair(self._max_message, _PATIENCE)
        try:
            with self._lock:
                self._channel.send({"tools": list(tools)}, (control_end, commands_end))
            reply, _ = control.receive()
        except ChannelError:
            raise SubgoalError("The sandbox is closed, or its process has died: open another.") from None
        finally:
            os.close(control_end)
            os.close(commands_end)
        if "error" in reply:
            raise SubgoalError(f"The sandbox cannot start a process: {reply['error']}.")
        return LocalSession(control, commands, reply["ready"], self.limits, self._max_message, tools)

    def close(self) -> None:
        """Ends all processes of the sandbox."""
        self._finalizer()

    def _started(self) -> list[str]:
        try:
            reply, _ = self._channel.receive()
        except ChannelError:
            self._process.kill()
            assert self._process.stderr is not None
            reason = one_line(self._process.stderr.read().decode(errors="replace"))[-300:]
            self.close()
            raise SubgoalError(f"The sandbox does not start: {reason or 'its process died'}.") from None
        if "error" in reply:
            self.close()
            raise UsageError(f"The sandbox does not start: {reply['error']}.")
        return reply["on"]

    def _check_that_code_runs(self) -> None:
        """Otherwise each result of a long run would say that its process was killed."""
        with self.open() as session:
            error = session.run("").error
        if error:
            self.close()
            raise SubgoalError(f"The sandbox cannot run code: {error}. Isolation is {self.isolation}.")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _check(limits: Limits) -> None:
    for name, value in asdict(limits).items():
        if value <= 0:
            raise UsageError(f"Limits: {name} must be positive, not {value}.")


def _start(options: dict[str, object]) -> "subprocess.Popen[bytes]":
    root = Path(__file__).parents[3]
    variables = {
        "PYTHONHASHSEED": "0",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "PYTHONUTF8": "1",
    }
    variables |= {name: os.environ[name] for name in _LIBRARY_PATHS if name in os.environ}
    # A new interpreter, not a fork: this process may have threads, and secrets in its memory. Not -I, which
    # would ignore PYTHONHASHSEED; no other variable of Python is passed on.
    command = [sys.executable, "-s", "-P", "-c", _PROGRAM.format(root=str(root)), json.dumps(options)]
    return subprocess.Popen(
        command,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        pass_fds=[options["descriptor"]],  # type: ignore[list-item]
        start_new_session=True,  # Ctrl-C is for this process
    )


def _stop(channel: Channel, process: "subprocess.Popen[bytes]", folder: "TemporaryDirectory[str]") -> None:
    channel.close()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stderr is not None:
        process.stderr.close()
    folder.cleanup()
