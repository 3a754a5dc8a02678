"""Environments in which users of other tools met faults: the commands work in them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from eval_harness.results.records import load_run

ROOT = Path(__file__).parents[2]
ASCII = {
    "LC_ALL": "C",
    "PYTHONUTF8": "0",
    "PYTHONCOERCECLOCALE": "0",
    "PYTHONIOENCODING": "",
    "COLUMNS": "200",
}


@pytest.mark.parametrize(
    ("home", "options"),
    [
        pytest.param(None, (), id="no home"),
        # Without docstrings and assertions: Python compiles all libraries for that once.
        pytest.param("/proc/nowhere", ("-OO",), id="home cannot be written", marks=pytest.mark.slow),
    ],
)
def test_an_episode_is_played_in_a_poor_environment(
    home: str | None, options: tuple[str, ...], tmp_path: Path
) -> None:
    """No folder for temporary files, 24 open files, a link as --out, a protocol saved by an editor."""
    without = {name: value for name, value in os.environ.items() if name not in ("HOME", "HF_HOME")}
    environment = without | {"TMPDIR": str(tmp_path / "nowhere")} | ({"HOME": home} if home else {})
    (tmp_path / "link").symlink_to(tmp_path / "run")
    (tmp_path / "few.yaml").write_bytes("\ufeffdecision_limit: 2\r\n".encode())
    command = [sys.executable, *options, "-m", "subgoal", "eval", "run", "--agent", "random"]
    command += ["--tasks", "find-plant", "--max-variations", "1"]
    command += ["--protocol", str(tmp_path / "few.yaml"), "--out", str(tmp_path / "link")]
    done = subprocess.run(
        ["sh", "-c", 'ulimit -n 24 && exec "$@"', "sh", *command],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert load_run(tmp_path / "run").episodes == 1


def test_tables_are_ascii_where_the_output_is() -> None:
    command = [sys.executable, "-m", "subgoal", "corpus", "tasks"]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | ASCII, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.isascii()
    assert b"mendelian-genetics-unknown-plant" in done.stdout


def test_output_that_nobody_reads_to_its_end_is_no_error() -> None:
    command = ["sh", "-c", '"$0" -m subgoal corpus tasks | head -n 1', sys.executable]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout
    assert done.stderr == ""
