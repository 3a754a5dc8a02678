"""The seccomp filter, run by an interpreter of its five instructions: for both architectures."""

import errno

import pytest

from dataset_builder.tool_agents.sandbox.child.seccomp import _filter

ALLOW, KILL = 0x7FFF0000, 0x80000000
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
FORK, THREAD, NEW_USER = 0x01200011, 0x003D0F00, 0x10000000


def _refused(number: int) -> int:
    return 0x00050000 | number


def _verdict(machine: str, architecture: int, number: int, *arguments: int) -> int:
    data = {0: number, 4: architecture} | {16 + 8 * index: value for index, value in enumerate(arguments)}
    program = _filter(machine)
    value = position = 0
    while True:
        code, jump_true, jump_false, operand = program[position]
        position += 1
        match code:
            case 0x20:
                value = data.get(operand, 0)
            case 0x06:
                return operand
            case _:
                true = {0x15: value == operand, 0x35: value >= operand, 0x45: bool(value & operand)}[code]
                position += jump_true if true else jump_false


# System call: numbers on x86_64 and aarch64, as in the kernel's unistd.h; arguments; verdict.
CASES = [
    ("read", (0, 63), (), ALLOW),
    ("mmap", (9, 222), (), ALLOW),
    ("dup", (32, 23), (), ALLOW),
    ("openat", (257, 56), (0, 0, 0o2000000), ALLOW),
    ("openat to write", (257, 56), (0, 0, 0o1), _refused(errno.EACCES)),
    ("openat to create", (257, 56), (0, 0, 0o100), _refused(errno.EACCES)),
    ("openat to truncate", (257, 56), (0, 0, 0o1000), _refused(errno.EACCES)),
    ("clone of fork", (56, 220), (FORK,), ALLOW),
    ("clone of a thread", (56, 220), (THREAD,), _refused(errno.EPERM)),
    ("clone of a namespace", (56, 220), (FORK | NEW_USER,), _refused(errno.EPERM)),
    ("clone3", (435, 435), (), _refused(errno.ENOSYS)),
    ("ioctl", (16, 29), (), _refused(errno.ENOTTY)),
    ("socket", (41, 198), (), _refused(errno.EPERM)),
    ("connect", (42, 203), (), _refused(errno.EPERM)),
    ("kill", (62, 129), (), _refused(errno.EPERM)),
    ("execve", (59, 221), (), _refused(errno.EPERM)),
    ("ptrace", (101, 117), (), _refused(errno.EPERM)),
    ("unshare", (272, 97), (), _refused(errno.EPERM)),
    ("mount", (165, 40), (), _refused(errno.EPERM)),
    ("prlimit64", (302, 261), (), _refused(errno.EPERM)),
    ("unlinkat", (263, 35), (), _refused(errno.EPERM)),
    ("io_uring_setup", (425, 425), (), _refused(errno.EPERM)),
]


@pytest.mark.parametrize("machine", ARCHITECTURES)
@pytest.mark.parametrize(
    ("numbers", "arguments", "verdict"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_verdicts(machine: str, numbers: tuple[int, int], arguments: tuple[int, ...], verdict: int) -> None:
    number = numbers[list(ARCHITECTURES).index(machine)]
    assert _verdict(machine, ARCHITECTURES[machine], number, *arguments) == verdict


def test_calls_of_another_architecture_kill() -> None:
    assert _verdict("x86_64", 0x40000003, 0) == KILL  # i386
    assert _verdict("x86_64", ARCHITECTURES["x86_64"], 0x40000000) == KILL  # x32
