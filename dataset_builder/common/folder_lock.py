"""`folder_lock`: one process at a time owns a folder that commands write to."""

import contextlib
import errno
import os
import shlex
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from dataset_builder.common.console import console
from dataset_builder.common.errors import SubgoalError, UsageError

LOCK, OWNER = ".lock", ".owner"
LOCK_FILES = (LOCK, OWNER)
"""What a lock leaves in its folder; no part of what the folder holds."""

_WITHOUT_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP}
_LOCKS: dict[Path, FileLock] = {}


@contextlib.contextmanager
def folder_lock(folder: str | Path, wait: bool = False) -> Iterator[None]:
    """Own a folder within the `with` block; it is made if need be. The system frees it when the owner dies.

    The process that owns a folder may lock it again. Open the folder's stores within the block: another
    owner may have written to them before.

    Args:
        folder (`str` or `Path`): the folder.
        wait (`bool`, *optional*, defaults to `False`): wait until another owner has finished.

    Raises:
        SubgoalError: if another process owns it; the message names that process, its host and its command.
        UsageError: if the folder cannot be made or written to.
    """
    folder = Path(folder).resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # One object per folder: it counts how often this process has locked it, in whatever thread.
        lock = _LOCKS.setdefault(folder, FileLock(folder / LOCK, thread_local=False))
        try:
            lock.acquire(timeout=0)
        except Timeout:
            if not wait:
                raise
            console.print(f"Waiting for {folder}, in use by {_owner(folder)}.", markup=False, soft_wrap=True)
            lock.acquire(poll_interval=0.2)
    except Timeout:
        raise SubgoalError(
            f"{folder} is in use by {_owner(folder)}: wait until it has finished, or name another folder."
        ) from None
    except OSError as error:
        if error.errno in _WITHOUT_LOCKS:
            raise SubgoalError(
                f"The file system of {folder} cannot lock files ({error.strerror}): name a folder on another "
                "disk."
            ) from error
        if error.errno == errno.ENOSPC:
            raise
        raise UsageError(
            f"Cannot write to the folder {folder} ({error.strerror}): use another --out."
        ) from error
    try:
        if lock.lock_counter == 1:
            command = shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])
            owner = f"process {os.getpid()} on {socket.gethostname()} ({command})\n"
            (folder / OWNER).write_bytes(owner.encode(errors="backslashreplace"))
        yield
    finally:
        if lock.lock_counter == 1:
            with contextlib.suppress(OSError):
                (folder / OWNER).unlink()
        lock.release()


def _owner(folder: Path) -> str:
    try:
        return (folder / OWNER).read_text(encoding="utf-8").strip() or "another process"
    except OSError:  # it has just begun, or just finished
        return "another process"
