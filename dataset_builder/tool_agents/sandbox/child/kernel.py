"""System calls that Python 3.11 does not offer, through ctypes."""

import ctypes
import os
import platform

CLONE_NEWNS = 0x00020000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 32, 4096, 16384, 1 << 18
MNT_DETACH = 2

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 1, 4, 22, 38

_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}

_libc = ctypes.CDLL(None, use_errno=True)


def call(name: str, *arguments: object) -> int:
    """Calls a function of the C library whose result is negative on failure.

    Raises:
        OSError: it failed, or the C library does not have it.
    """
    function = getattr(_libc, name, None)
    if function is None:
        raise OSError(f"the C library has no {name}")
    result = int(function(*arguments))
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result


def system_call(number: int, *arguments: object) -> int:
    """A system call by its number."""
    return call("syscall", ctypes.c_long(number), *arguments)


def unshare(flags: int) -> None:
    call("unshare", ctypes.c_int(flags))


def mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    call(
        "mount",
        source.encode(),
        target.encode(),
        None if kind is None else kind.encode(),
        ctypes.c_ulong(flags),
        None if data is None else data.encode(),
    )


def pivot_root_here() -> None:
    """Makes the working directory, a mount point, the root directory; the old root is no longer reachable."""
    number = _PIVOT_ROOT.get(platform.machine())
    if number is None:
        raise OSError(f"no pivot_root on {platform.machine()}")
    # The old root is stacked on the same directory and then detached: no directory for it is needed.
    system_call(number, b".", b".")
    call("umount2", b".", ctypes.c_int(MNT_DETACH))
    os.chdir("/")


def prctl(option: int, argument: int | ctypes.c_void_p, third: int | ctypes.c_void_p = 0) -> None:
    values = [
        value if isinstance(value, ctypes.c_void_p) else ctypes.c_ulong(value) for value in (argument, third)
    ]
    call("prctl", ctypes.c_int(option), *values, ctypes.c_ulong(0), ctypes.c_ulong(0))


def drop_capabilities() -> None:
    """Gives up all capabilities, in this user namespace and for good (with `no_new_privs`)."""
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # version 3, this process
    call("capset", header, (ctypes.c_uint32 * 6)())
