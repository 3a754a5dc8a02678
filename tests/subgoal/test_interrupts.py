"""Ctrl-C pressed several times: one line, and the next command finds all records."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from eval_harness.results.records import load_run

ROOT = Path(__file__).parents[2]


def program(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "subgoal", *map(str, arguments)]


@pytest.mark.parametrize("gap", [0.02, pytest.param(0.3, marks=pytest.mark.slow)])
def test_ctrl_c_again_and_again_is_one_line_and_loses_no_episode(tmp_path: Path, gap: float) -> None:
    rules = ("--agent", "random", "--protocol", "mini", "--tasks", "find-animal", "--batch-size", "1")
    command = program("eval", "run", *rules, "--max-variations", "2", "--out", tmp_path)
    episodes = tmp_path / "episodes.jsonl"
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        while process.poll() is None and not (episodes.exists() and episodes.stat().st_size):
            time.sleep(0.02)
        children = psutil.Process(process.pid).children(recursive=True)
        while process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the whole group
            time.sleep(gap)
        _, err = process.communicate()
    # Python's last steps restore the system's own handling of the signal.
    assert process.returncode in (130, -signal.SIGINT)
    assert err.count("stopped; run the same command again to continue") == 1, err
    assert err.rstrip().endswith("to continue"), err
    assert children, "Java ran"
    assert psutil.wait_procs(children, timeout=60)[1] == []
    before = episodes.read_text()

    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)

    assert episodes.read_text().startswith(before)
    keys = [json.loads(line)["key"] for line in episodes.read_text().splitlines()]
    assert len(keys) == len({tuple(key) for key in keys}) == load_run(tmp_path).episodes == 2


STUCK = """
import time
import subgoal.cli
from subgoal.interrupts import INTERRUPTS

INTERRUPTS.install()
try:
    print("ready", flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    print("cleaning", flush=True)
    time.sleep(60)
"""


def test_the_second_ctrl_c_ends_what_hangs_and_shows_the_cursor_again() -> None:
    screen, terminal = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", STUCK], cwd=ROOT, stdout=subprocess.PIPE, stderr=terminal, text=True
    ) as process:
        os.close(terminal)
        assert process.stdout is not None
        for expected in ("ready", "cleaning"):
            assert process.stdout.readline().strip() == expected
            process.send_signal(signal.SIGINT)
        assert process.wait(timeout=50) == 130
    shown = os.read(screen, 1000).decode()
    os.close(screen)
    assert shown.splitlines() == ["\x1b[?25h", "stopped; run the same command again to continue"]


def test_a_background_job_of_a_shell_ignores_ctrl_c() -> None:
    code = (
        "import os, signal; signal.signal(signal.SIGINT, signal.SIG_IGN); "
        "from subgoal.interrupts import INTERRUPTS; "
        "INTERRUPTS.install(); os.kill(os.getpid(), signal.SIGINT); "
        "INTERRUPTS.end_at_once(); os.kill(os.getpid(), signal.SIGINT); print('done')"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")


def test_ctrl_c_after_the_command_is_one_line() -> None:
    """What runs at Python's exit, such as the end of Java, is not interrupted with a traceback."""
    code = (
        "import atexit, os, signal, sys; from subgoal.cli import main; "
        "atexit.register(os.kill, os.getpid(), signal.SIGINT); sys.argv[1:] = ['--version']; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 130
    assert done.stderr == "stopped; run the same command again to continue\n"
