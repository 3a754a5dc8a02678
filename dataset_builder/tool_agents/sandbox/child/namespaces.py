"""Linux namespaces: no network, no host files, no host processes; and another user if this one is root."""

import os
from collections.abc import Sequence
from pathlib import Path

from dataset_builder.tool_agents.sandbox.child import kernel

_NOBODY = 65534


class Namespaces:
    """Moves this process, and a child that it then forks, into namespaces of their own.

    Example:

    ```python
    namespaces = Namespaces()
    namespaces.enter()
    namespaces.change_root(folder, readable=[sys.prefix])
    namespaces.leave_root_user()
    ```
    """

    def __init__(self) -> None:
        # The new root directory has no /proc.
        self._proc = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY)
        self._was_root = os.geteuid() == 0
        self._first: int | None = None

    def enter(self) -> None:
        """Unshares network, mounts and System V IPC; a user who is not root unshares processes here, too.

        Raises:
            OSError: the kernel does not allow it.
        """
        flags = kernel.CLONE_NEWNET | kernel.CLONE_NEWNS | kernel.CLONE_NEWIPC
        if self._was_root:
            # Root needs no user namespace for these, and can mount folders that nobody cannot enter.
            kernel.unshare(flags)
        else:
            self._unshare_user(flags | kernel.CLONE_NEWPID)

    def change_root(self, folder: str, readable: Sequence[str]) -> None:
        """Makes a new root directory of folders of the Python installation, read-only, and nothing else.

        Args:
            folder (`str`): an empty folder, in which the new root is mounted.
            readable (`Sequence[str]`): folders, which keep their paths.

        Raises:
            OSError: the kernel does not allow it.
        """
        kernel.mount("none", "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
        kernel.mount("none", folder, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "size=64k,mode=755")
        for path in readable:
            target = folder + path
            os.makedirs(target, exist_ok=True)
            kernel.mount(path, target, None, kernel.MS_BIND)
            # Flags that the mount has already are locked in a user namespace: they must be repeated.
            present = os.statvfs(path).f_flag & (kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC)
            flags = present | kernel.MS_BIND | kernel.MS_REMOUNT | kernel.MS_RDONLY
            kernel.mount("none", target, None, flags)
        flags = kernel.MS_REMOUNT | kernel.MS_RDONLY | kernel.MS_NOSUID | kernel.MS_NODEV
        kernel.mount("none", folder, "tmpfs", flags, "size=64k,mode=755")
        os.chdir(folder)
        kernel.pivot_root_here()

    def leave_root_user(self) -> None:
        """Changes from root to nobody; does nothing for another user."""
        if self._was_root:
            os.setgroups([])
            os.setresgid(_NOBODY, _NOBODY, _NOBODY)
            os.setresuid(_NOBODY, _NOBODY, _NOBODY)

    def unshare_processes(self) -> None:
        """The next child is the first process of a new process namespace."""
        if self._was_root:
            # Not with the other namespaces: the user namespace must own it, so that sessions can nest theirs.
            self._unshare_user(kernel.CLONE_NEWPID)

    def forked(self) -> None:
        """To be called in the first process of the new process namespace."""
        self._first = os.open("self/ns/pid", os.O_RDONLY, dir_fd=self._proc)

    def next_session(self) -> None:
        """The next child is the first process of a new process namespace within that of the sandbox."""
        assert self._first is not None
        # A second unshare is refused until the namespace of the children is this process's again.
        kernel.call("setns", self._first, kernel.CLONE_NEWPID)
        kernel.unshare(kernel.CLONE_NEWPID)

    def _unshare_user(self, flags: int) -> None:
        user, group = os.geteuid(), os.getegid()
        kernel.unshare(kernel.CLONE_NEWUSER | flags)
        # Otherwise the files in /proc/self are root's.
        kernel.prctl(kernel.PR_SET_DUMPABLE, 1)
        for name, text in (
            ("setgroups", "deny"),
            ("uid_map", f"{user} {user} 1"),
            ("gid_map", f"{group} {group} 1"),
        ):
            descriptor = os.open(f"self/{name}", os.O_WRONLY, dir_fd=self._proc)
            os.write(descriptor, text.encode())
            os.close(descriptor)


def enterable_by_all(folders: Sequence[str]) -> bool:
    """Whether the user nobody can enter these folders."""
    return all(
        path.stat().st_mode & 0o001 for folder in folders for path in (Path(folder), *Path(folder).parents)
    )
