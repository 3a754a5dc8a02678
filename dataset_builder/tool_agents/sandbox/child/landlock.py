"""Landlock (Linux 5.13): without privileges, a process restricts what it and its children do with files."""

import ctypes
import os
from collections.abc import Sequence

from dataset_builder.tool_agents.sandbox.child.kernel import system_call

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every architecture
_READ = 1 << 2 | 1 << 3  # READ_FILE, READ_DIR
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}
"""ABI → number of rights to files that it knows; 16 from ABI 5."""


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def restrict(readable: Sequence[str]) -> None:
    """Allows this process and its children to read some folders. They can open and make nothing else.

    Where the kernel knows it, TCP (ABI 4), abstract Unix sockets and signals to processes outside (ABI 6) are
    refused, too.

    Args:
        readable (`Sequence[str]`): folders.

    Raises:
        OSError: the kernel has no Landlock.
    """
    abi = system_call(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(1))
    ruleset = _Ruleset((1 << _FILE_RIGHTS.get(abi, 16)) - 1, 0b11, 0b11)
    size = 24 if abi >= 6 else 16 if abi >= 4 else 8
    descriptor = system_call(
        _CREATE_RULESET, ctypes.byref(ruleset), ctypes.c_size_t(size), ctypes.c_uint32(0)
    )
    for folder in readable:
        parent = os.open(folder, os.O_PATH | os.O_CLOEXEC)
        rule = _PathBeneath(_READ, parent)
        system_call(
            _ADD_RULE, ctypes.c_int(descriptor), ctypes.c_int(1), ctypes.byref(rule), ctypes.c_uint32(0)
        )
        os.close(parent)
    system_call(_RESTRICT_SELF, ctypes.c_int(descriptor), ctypes.c_uint32(0))
    os.close(descriptor)
