"""One owner of a folder at a time, in real processes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dataset_builder.common.errors import SubgoalError, UsageError
from dataset_builder.common.folder_lock import folder_lock

ROOT = Path(__file__).parents[3]
OWNER = """
import sys, time
from dataset_builder.common.folder_lock import folder_lock
with folder_lock(sys.argv[1]):
    print("mine", flush=True)
    time.sleep(600)
"""


def own(folder: Path) -> subprocess.Popen[str]:
    """A process that owns a folder until it is killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "mine\n"
    return process


def test_the_second_process_names_the_owner_until_it_dies(tmp_path: Path) -> None:
    with own(tmp_path / "new") as process:
        with (
            pytest.raises(SubgoalError, match=rf"in use by process {process.pid} on .*-c") as caught,
            folder_lock(tmp_path / "new"),
        ):
            pass
        assert "\n" not in str(caught.value)
        process.send_signal(signal.SIGKILL)
        process.wait()
        with folder_lock(tmp_path / "new"):
            assert f"process {os.getpid()} " in (tmp_path / "new" / ".owner").read_text()
    assert not (tmp_path / "new" / ".owner").exists()


def test_waiting_for_a_lock_names_its_owner_and_then_continues(tmp_path: Path) -> None:
    with own(tmp_path) as first:
        code = "import sys; from dataset_builder.common.folder_lock import folder_lock\n"
        code += "with folder_lock(sys.argv[1], wait=True): print('mine')"
        command = [sys.executable, "-c", code, str(tmp_path)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as second:
            assert second.stdout is not None
            assert f"in use by process {first.pid}" in second.stdout.readline()
            first.kill()
            assert second.communicate(timeout=60)[0] == "mine\n"


def test_the_owner_may_lock_again(tmp_path: Path) -> None:
    with folder_lock(tmp_path):
        with folder_lock(str(tmp_path)):
            pass
        assert (tmp_path / ".owner").exists()


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"Cannot write to the folder .*: use another --out"):
        folder_lock(tmp_path / "file" / "run").__enter__()


def test_an_owner_whose_command_is_not_ascii_in_locale_c(tmp_path: Path) -> None:
    code = "import sys; from dataset_builder.common.folder_lock import folder_lock\n"
    code += "with folder_lock(sys.argv[1]): print(open(sys.argv[1] + '/.owner', 'rb').read().isascii())"
    environment = os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    command = [sys.executable, "-c", code, str(tmp_path / "jürgen")]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr
