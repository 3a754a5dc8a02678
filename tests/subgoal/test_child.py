"""The command line in a process that ends with its parent."""

import os
import subprocess
import sys
import time
from pathlib import Path


def test_a_child_ends_with_its_parent(tmp_path: Path) -> None:
    """As a training of the quickstart, if that is killed."""
    code = (
        "import os, subprocess, sys; child = subprocess.Popen([sys.executable, '-m', 'subgoal.child', "
        "str(os.getpid()), 'corpus', 'collect', '--out', sys.argv[1]]); print(child.pid, flush=True); "
        "child.wait()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert Path(f"/proc/{child}").exists()
    parent.kill()
    parent.wait()
    parent.stdout.close()
    for _ in range(600):
        if not _alive(child):
            break
        time.sleep(0.1)
    assert not _alive(child)


def _alive(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"


def test_arguments_and_exit_status_are_those_of_the_command_line() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "subgoal.child", str(os.getpid()), "train", "--no-such-option"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "--no-such-option" in done.stderr
