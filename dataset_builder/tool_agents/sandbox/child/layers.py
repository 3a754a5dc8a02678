"""Applies the layers of isolation that the kernel allows (Linux)."""

import os
import sysconfig
from collections.abc import Callable, Sequence

from dataset_builder.tool_agents.sandbox.child import kernel, landlock
from dataset_builder.tool_agents.sandbox.child.namespaces import Namespaces, enterable_by_all
from dataset_builder.tool_agents.sandbox.child.seccomp import Filter


class Layers:
    """The isolation of this process and of the children it forks.

    Args:
        wanted (`Sequence[str]`): names of `ISOLATION_LAYERS`. Those that the kernel refuses are omitted.

    Attributes:
        on (`list[str]`): the layers that are in effect.
        namespaces (`Namespaces`, *optional*): makes a process namespace for each session.
        system_calls (`Filter`, *optional*): for processes that run code: the others need more system calls.

    Example:

    ```python
    layers = Layers(ISOLATION_LAYERS)
    layers.apply(folder, fork=continue_in_child)
    print(layers.on)
    ```
    """

    def __init__(self, wanted: Sequence[str]) -> None:
        self.on: list[str] = []
        self.namespaces: Namespaces | None = None
        self.system_calls: Filter | None = None
        self._wanted = wanted

    def apply(self, folder: str, fork: Callable[[], None]) -> None:
        """Applies them in the only order that works.

        Args:
            folder (`str`): an empty folder, the working directory.
            fork (`Callable`): continues in a child process.
        """
        readable = _python_folders()
        # Asked first: the new root directory has other modes.
        enterable = enterable_by_all(readable)
        namespaces = Namespaces()
        unshared = self._try("network namespace", namespaces.enter)
        rooted = unshared and self._try("mount namespace", lambda: namespaces.change_root(folder, readable))
        if rooted or enterable:
            self._try("unprivileged user", namespaces.leave_root_user)
        if unshared and self._try("process namespace", namespaces.unshare_processes):
            fork()
            namespaces.forked()
            self.namespaces = namespaces
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
        self._try("Landlock", lambda: landlock.restrict(readable))
        self._try("seccomp", self._make_filter)

    def _make_filter(self) -> None:
        self.system_calls = Filter()

    def _try(self, name: str, step: Callable[[], None]) -> bool:
        if name not in self._wanted:
            return False
        try:
            step()
        except OSError:
            return False
        self.on.append(name)
        return True


def _python_folders() -> list[str]:
    """Folders from which Python loads modules, some of them only when a function needs them."""
    paths = (sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib"))
    return [path for path in dict.fromkeys(paths) if os.path.isdir(path)]
