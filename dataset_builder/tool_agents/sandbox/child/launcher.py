"""The first processes of the sandbox: they load modules, isolate themselves, and fork sessions.

Parent → launcher → zygote → supervisor of a session → interpreter → candidates. The launcher only waits: the
zygote is the first process of a process namespace, in which everything dies with it.
"""

import contextlib
import gc
import json
import os
import resource
import signal
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from dataset_builder.tool_agents.sandbox.channel import Channel, ChannelError, channel_of
from dataset_builder.tool_agents.sandbox.child.session import Settings, supervise


def main() -> None:
    """Entry point. The only argument of the command line is JSON, written by `Sandbox` in `local.py`."""
    options = json.loads(sys.argv[1])
    channel = channel_of(options["descriptor"])
    try:
        for module in options["modules"]:
            import_module(module)
    except ImportError as error:
        channel.send({"error": f"a module of the sandbox cannot be imported: {error}"})
        return
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed(0)
    os.chdir(options["folder"])
    # What model code could read out of the interpreter. (The parent has passed no variable that matters.)
    os.environ.clear()
    sys.argv[:] = [""]
    settings = Settings(options["limits"], options["modules"], tasks_of_user=_tasks_of_user())
    on = _isolate(settings, channel, options) if sys.platform == "linux" else []
    for descriptor in (1, 2):
        os.dup2(0, descriptor)  # /dev/null; until now the parent could read what went wrong
    gc.freeze()
    channel.send({"on": on})
    _fork_sessions(channel, settings)


def _isolate(settings: Settings, channel: Channel, options: dict[str, Any]) -> list[str]:
    # Imported here: other systems have nothing of it.
    from dataset_builder.tool_agents.sandbox.child.layers import Layers

    with contextlib.suppress(OSError):
        # If the machine runs out of memory, the kernel kills these processes and not another.
        Path("/proc/self/oom_score_adj").write_text("1000")
    # Read before there is another root directory.
    address_space = _address_space()
    layers = Layers(options["layers"])
    layers.apply(options["folder"], lambda: _continue_in_child(channel))
    settings.namespaces = layers.namespaces
    settings.system_calls = layers.system_calls
    if "memory limit" not in options["layers"]:
        return layers.on
    settings.address_space = address_space
    return [*layers.on, "memory limit"]


def _continue_in_child(channel: Channel) -> None:
    """Forks; the parent only waits for the child, which dies with it."""
    child = os.fork()
    if child:
        channel.close()
        os.waitpid(child, 0)
        os._exit(0)
    from dataset_builder.tool_agents.sandbox.child import kernel

    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)


def _fork_sessions(channel: Channel, settings: Settings) -> None:
    """Forks one supervisor for each request of the parent, until the parent closes the channel."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps
    while True:
        try:
            message, (control, commands) = channel.receive()
        except ChannelError:
            os._exit(0)
        try:
            if settings.namespaces:
                settings.namespaces.next_session()
            if not os.fork():
                channel.close()
                supervise(channel_of(control), channel_of(commands), settings, message["tools"])
        except OSError as error:
            channel_of(os.dup(control)).send({"error": str(error)})
        os.close(control)
        os.close(commands)


def _address_space() -> int:
    """Bytes of address space in use."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def _tasks_of_user() -> int:
    """Processes and threads of this user, which the kernel counts if there is no namespace; 0 if unknown."""
    user = os.getuid()
    total = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if process.stat().st_uid == user:
                total += sum(1 for _ in (process / "task").iterdir())
        except OSError:
            continue  # it has ended
    return total
