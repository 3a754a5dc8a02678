import socket
import subprocess
import sys

import pytest

from dataset_builder.common.errors import UsageError
from space_app.cli import check_port


def test_a_port_in_use_is_reported_before_models_are_loaded() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"Port {port} cannot be used"):
            check_port(port)


def test_half_a_pair_ends_the_command_in_one_line() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "subgoal", "demo", "--controller", "ns/controller"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == "error: A pair needs both models: add --executor ID.\n"


def test_the_help_imports_no_gradio() -> None:
    code = "import sys, subgoal.cli; sys.exit('gradio' in sys.modules or 'torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
