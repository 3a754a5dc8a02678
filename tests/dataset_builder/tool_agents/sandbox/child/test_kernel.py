"""Calls of the C library: failures are `OSError`, which the layers of isolation take for "not allowed"."""

import ctypes
import errno
import sys

import pytest

if sys.platform != "linux":
    pytest.skip("the kernel's calls are Linux's", allow_module_level=True)

from dataset_builder.tool_agents.sandbox.child import kernel


def test_a_result_is_returned() -> None:
    assert kernel.call("getppid") > 0


def test_a_function_that_the_c_library_lacks_is_an_os_error() -> None:
    with pytest.raises(OSError, match=r"^the C library has no unshare_everything$"):
        kernel.call("unshare_everything")


def test_a_failure_names_the_call_and_its_reason() -> None:
    with pytest.raises(OSError, match="close: Bad file descriptor") as failure:
        kernel.call("close", ctypes.c_int(-1))
    assert failure.value.errno == errno.EBADF


def test_an_unknown_system_call_is_an_os_error() -> None:
    with pytest.raises(OSError, match="syscall: ") as failure:
        kernel.system_call(999_999)
    assert failure.value.errno in (errno.ENOSYS, errno.EPERM)  # a container's filter may refuse it


def test_a_machine_without_pivot_root_is_an_os_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "m68k")
    with pytest.raises(OSError, match="no pivot_root on m68k"):
        kernel.pivot_root_here()
