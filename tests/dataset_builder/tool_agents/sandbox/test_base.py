"""Sandboxes by name."""

import pytest

from dataset_builder.common.errors import UsageError
from dataset_builder.tool_agents.sandbox import Limits, Sandbox, open_sandbox
from dataset_builder.tool_agents.sandbox.remote import REMOTE_SANDBOXES, RemoteSandbox


def test_sandboxes_by_name() -> None:
    with open_sandbox() as sandbox:
        assert isinstance(sandbox, Sandbox)
    with pytest.raises(
        UsageError, match="No sandbox is called 'chroot': use local, docker, e2b, modal, blaxel"
    ):
        open_sandbox("chroot")


def test_the_local_sandbox_has_the_limits_and_modules_that_are_given() -> None:
    with open_sandbox("local", Limits(max_output=5), ["math"]) as sandbox, sandbox.open() as session:
        assert session.run("print('x' * 100)").output == "xxxxx"
        assert session.run("import math").error is None
        assert session.run("import re").error == "ImportError: re is not allowed; use: math"


@pytest.mark.parametrize("name", REMOTE_SANDBOXES)
def test_a_remote_sandbox_is_not_started_before_it_is_opened(name: str) -> None:
    assert isinstance(open_sandbox(name), RemoteSandbox)
