"""A seccomp filter: the system calls that Python code without files and sockets needs, and nothing else."""

import ctypes
import errno
import platform
import struct

from dataset_builder.tool_agents.sandbox.child.kernel import PR_SET_SECCOMP, prctl

_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
"""Machine → column of `_ALLOWED`, and the kernel's number of the architecture."""

# Name: number on x86_64, on aarch64 (None: the architecture does not have it).
_ALLOWED: dict[str, tuple[int | None, int | None]] = {
    "read": (0, 63),
    "write": (1, 64),
    "readv": (19, 65),
    "writev": (20, 66),
    "pread64": (17, 67),
    "recvmsg": (47, 212),
    "sendmsg": (46, 211),
    "recvfrom": (45, 207),
    "sendto": (44, 206),
    "close": (3, 57),
    "fstat": (5, 80),
    "newfstatat": (262, 79),
    "stat": (4, None),
    "lstat": (6, None),
    "statx": (332, 291),
    "lseek": (8, 62),
    "mmap": (9, 222),
    "munmap": (11, 215),
    "mprotect": (10, 226),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "brk": (12, 214),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132),
    "restart_syscall": (219, 128),
    "getrandom": (318, 278),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115),
    "nanosleep": (35, 101),
    "gettimeofday": (96, 169),
    "time": (201, None),
    "times": (100, 153),
    "getrusage": (98, 165),
    "futex": (202, 98),
    "set_robust_list": (273, 99),
    "rseq": (334, 293),
    "set_tid_address": (218, 96),
    "membarrier": (324, 283),
    "wait4": (61, 260),
    "exit": (60, 93),
    "exit_group": (231, 94),
    "getpid": (39, 172),
    "gettid": (186, 178),
    "getppid": (110, 173),
    "getuid": (102, 174),
    "geteuid": (107, 175),
    "getgid": (104, 176),
    "getegid": (108, 177),
    "getdents64": (217, 61),
    "getcwd": (79, 17),
    "readlink": (89, None),
    "readlinkat": (267, 78),
    "access": (21, None),
    "faccessat": (269, 48),
    "faccessat2": (439, 439),
    "fcntl": (72, 25),
    "poll": (7, None),
    "ppoll": (271, 73),
    "select": (23, None),
    "pselect6": (270, 72),
    "sched_getaffinity": (204, 123),
    "sched_yield": (24, 124),
    "sysinfo": (99, 179),
    "uname": (63, 160),
    "dup": (32, 23),
    "fork": (57, None),  # of musl
}
_OPEN = {"open": ((2, None), 1), "openat": ((257, 56), 2)}
"""Allowed for reading: numbers, and the position of the argument with the flags."""
_CLONE = (56, 220)
_CLONE3 = (435, 435)
_IOCTL = (16, 29)

_WRITING = 0o1 | 0o2 | 0o100 | 0o1000  # O_WRONLY, O_RDWR, O_CREAT, O_TRUNC
# fork() of glibc, and of musl on aarch64. Threads and namespaces need other flags.
_FORKS = (0x01200011, 0x11)

_ALLOW, _ERROR, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data

_Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, operand


def _filter(machine: str) -> list[_Instruction]:
    column, architecture = _ARCHITECTURES[machine]
    program: list[_Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        # Numbers of the x32 ABI, which would not match any below.
        (_AT_LEAST, 0, 1, 0x40000000),
        (_RETURN, 0, 0, _KILL),
    ]
    for numbers in _ALLOWED.values():
        if (number := numbers[column]) is not None:
            program += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ALLOW)]
    for numbers, position in _OPEN.values():
        if (number := numbers[column]) is not None:
            program += [
                (_EQUAL, 0, 4, number),
                (_LOAD, 0, 0, _ARGUMENTS + 8 * position),
                (_ANY_BIT, 0, 1, _WRITING),
                (_RETURN, 0, 0, _ERROR | errno.EACCES),
                (_RETURN, 0, 0, _ALLOW),
            ]
    glibc, musl = _FORKS
    program += [
        (_EQUAL, 0, 5, _CLONE[column]),
        (_LOAD, 0, 0, _ARGUMENTS),
        (_EQUAL, 1, 0, glibc),
        (_EQUAL, 0, 1, musl),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _ERROR | errno.EPERM),
        # The flags of clone3 are in memory, where a filter cannot look: the C library then uses clone.
        (_EQUAL, 0, 1, _CLONE3[column]),
        (_RETURN, 0, 0, _ERROR | errno.ENOSYS),
        (_EQUAL, 0, 1, _IOCTL[column]),
        (_RETURN, 0, 0, _ERROR | errno.ENOTTY),
        (_RETURN, 0, 0, _ERROR | errno.EPERM),
    ]
    return program


class Filter:
    """The filter for this machine.

    Raises:
        OSError: there is none for this architecture.

    Example:

    ```python
    system_calls = Filter()
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    system_calls.install()
    socket.socket()  # PermissionError
    ```
    """

    def __init__(self) -> None:
        if platform.machine() not in _ARCHITECTURES:
            raise OSError(f"no seccomp filter for {platform.machine()}")
        program = _filter(platform.machine())
        self._code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in program))
        # struct sock_fprog: the number of instructions, padding, a pointer to them.
        self._program = ctypes.create_string_buffer(
            struct.pack("@HP", len(program), ctypes.addressof(self._code))
        )

    def install(self) -> None:
        """Applies the filter to this process and its children, for good. Needs `no_new_privs`."""
        prctl(PR_SET_SECCOMP, 2, ctypes.c_void_p(ctypes.addressof(self._program)))
