"""What code of a model may use."""

import sys
from importlib.util import find_spec

from dataset_builder.tool_agents.sandbox import Sandbox
from dataset_builder.tool_agents.sandbox.limits import DEFAULT_MODULES, ISOLATION_LAYERS, Isolation


def test_modules_are_of_the_standard_library_and_reach_no_file_process_or_socket() -> None:
    assert set(DEFAULT_MODULES) <= sys.stdlib_module_names
    assert all(find_spec(name) for name in DEFAULT_MODULES)
    dangerous = {"os", "sys", "io", "pathlib", "shutil", "subprocess", "socket", "ctypes", "importlib"}
    assert not dangerous & set(DEFAULT_MODULES)


def test_the_isolation_is_one_line() -> None:
    assert str(Isolation(("Landlock", "seccomp"), ())) == "on: Landlock, seccomp; off: none"
    assert str(Isolation((), ("memory limit",))) == "on: none; off: memory limit"


def test_a_sandbox_reports_every_layer_once() -> None:
    with Sandbox(layers=["seccomp"]) as sandbox:
        isolation = sandbox.isolation
    assert set(isolation.on) <= {"seccomp"}
    assert sorted(isolation.on + isolation.off) == sorted(ISOLATION_LAYERS)
