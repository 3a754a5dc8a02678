"""A session's processes: a supervisor that runs no code, and interpreters that fork copies of themselves."""

import contextlib
import os
import random
import resource
import signal
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from dataset_builder.tool_agents.sandbox.channel import Channel, ChannelError, channel_of
from dataset_builder.tool_agents.sandbox.child.interpreter import Interpreter

if TYPE_CHECKING:
    from dataset_builder.tool_agents.sandbox.child.namespaces import Namespaces
    from dataset_builder.tool_agents.sandbox.child.seccomp import Filter

_SHARED_PROCESSES = 1000
"""Processes of all sessions together where the kernel counts those of the user."""

_MAX_PROCESS_NUMBER = 30_000  # the kernel starts again at 300 after 32768 or later


@dataclass
class Settings:
    """What all sessions of a sandbox have in common.

    Args:
        limits (`dict`): the fields of `Limits`.
        modules (`list[str]`): modules that code may import.
        tasks_of_user (`int`): processes and threads of the user when the sandbox was started; 0 if unknown.
        address_space (`int`, *optional*): bytes in use by the idle interpreter. None: no limit of memory.
        namespaces (`Namespaces`, *optional*): makes a process namespace for each session.
        system_calls (`Filter`, *optional*): applied to processes that run code.

    Example:

    ```python
    settings = Settings(asdict(Limits()), modules=["math"], tasks_of_user=0)
    supervise(control, commands, settings, tools=["search"])
    ```
    """

    limits: dict[str, Any]
    modules: list[str]
    tasks_of_user: int
    address_space: int | None = None
    namespaces: "Namespaces | None" = None
    system_calls: "Filter | None" = None


def supervise(control: Channel, commands: Channel, settings: Settings, tools: list[str]) -> NoReturn:
    """Starts the session's interpreter and kills processes on request, all when the parent is gone."""
    try:
        os.setsid()
        if settings.namespaces:
            from dataset_builder.tool_agents.sandbox.child import kernel

            # The kernel counts a user's processes for each user namespace.
            kernel.unshare(kernel.CLONE_NEWUSER)
        interpreter = os.fork()
        if not interpreter:
            _serve(commands, settings, tools)
        commands.close()
        control.send({"ready": interpreter})
        while True:
            message, _ = control.receive()
            if "kill" in message:
                for process in message["kill"]:
                    _kill(process)
            else:
                killed = not settings.namespaces or _kill_all_but(message["keep"])
                control.send({"killed": killed})
    except (ChannelError, OSError):
        pass
    finally:
        os.killpg(0, signal.SIGKILL)
        # The first process of a namespace does not get its own signal; the others die with it.
        os._exit(0)


def _kill(process: int) -> None:
    """Kills a process of this session, whatever number an interpreter may have reported."""
    with contextlib.suppress(OSError):  # it is dead
        if os.getsid(process) == os.getpid() != process:
            os.kill(process, signal.SIGKILL)


def _kill_all_but(kept: list[int]) -> bool:
    """Kills what killed candidates have left in the session's process namespace, fork bombs included.

    Returns:
        `bool`: False if there were too many processes to try all numbers: the session must end.
    """
    # At once, so that none can fork while the others are killed. This does not stop the sender.
    os.kill(-1, signal.SIGSTOP)
    last = os.fork()  # numbers are given in order
    if not last:
        os._exit(0)
    if last > _MAX_PROCESS_NUMBER:
        return False
    for process in range(2, last):
        if process not in kept:
            _kill(process)
    for process in kept:
        with contextlib.suppress(OSError):
            os.kill(process, signal.SIGCONT)
    return True


def _serve(channel: Channel, settings: Settings, tools: list[str]) -> NoReturn:
    """Runs code, and forks copies of this process that do the same on channels of their own."""
    try:
        interpreter = Interpreter(
            settings.modules, tools, settings.limits["max_output"], settings.limits["memory_mb"]
        )
        # The same numbers in every run (the order of sets is fixed by PYTHONHASHSEED).
        random.seed(0)
        _confine(channel, settings)
        while True:
            message, descriptors = channel.receive()
            if "code" in message:
                channel.send(interpreter.run(message["code"], channel))
            elif copy := _fork(channel, descriptors[0]):
                channel = copy
    except (ChannelError, OSError):
        pass
    finally:
        os._exit(0)


def _fork(channel: Channel, descriptor: int) -> Channel | None:
    """The channel of the copy, in the copy."""
    state = random.getstate()  # Python seeds the generator anew in a forked process
    try:
        child = os.fork()
    except OSError:
        child = -1  # too many processes: the parent sees the channel close
    if child:
        os.close(descriptor)
        return None
    channel.close()
    random.setstate(state)
    copy = channel_of(descriptor)
    copy.send({"ready": os.getpid()})
    return copy


def _confine(channel: Channel, settings: Settings) -> None:
    """Gives up what only the supervisor needs, for good."""
    limits = settings.limits
    os.closerange(3, channel.fileno())
    os.closerange(channel.fileno() + 1, 1024)
    _limit(resource.RLIMIT_CPU, limits["cpu_seconds"])
    # Not of the supervisor, which must be able to fork when an interpreter has used them up.
    if settings.namespaces:
        _limit(resource.RLIMIT_NPROC, limits["processes"])
    elif settings.tasks_of_user:
        _limit(resource.RLIMIT_NPROC, settings.tasks_of_user + _SHARED_PROCESSES)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_NOFILE, limits["open_files"])
    _limit(resource.RLIMIT_CORE, 0)
    if settings.address_space is not None:
        _limit(resource.RLIMIT_AS, settings.address_space + limits["memory_mb"] * 1024 * 1024)
    if sys.platform == "linux":
        from dataset_builder.tool_agents.sandbox.child import kernel

        kernel.drop_capabilities()
    if settings.system_calls:
        settings.system_calls.install()


def _limit(kind: int, value: int) -> None:
    """Sets a limit that cannot be raised again, or keeps the present one if it is lower."""
    _, hard = resource.getrlimit(kind)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (value, value))
