"""The Java process: where it comes from, and that it never outlives its use."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from dataset_builder.common.errors import MachineError, SimulatorDied, UsageError
from dataset_builder.simulator.jvm import JAR
from dataset_builder.simulator.simulator import Simulator

ROOT = Path(__file__).parents[3]
PLAY = """
import sys
from dataset_builder.simulator.simulator import Simulator
with Simulator(worlds=1) as simulator:
    episode = simulator.episode()
    episode.load("find-animal", 0)
    print(simulator.pid, flush=True)
    {then}
"""


def gone(pid: int) -> bool:
    """True as soon as the process has ended, False after half a minute."""
    for _ in range(300):
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.1)
    return False


@contextmanager
def playing(then: str, **environment: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A Python process of its own that plays, and the id of its Java process."""
    with subprocess.Popen(
        [sys.executable, "-c", PLAY.format(then=then)],
        cwd=ROOT,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            pytest.fail(process.communicate()[1])
        yield process, int(line)


def test_users_java_is_neither_needed_nor_touched(tmp_path: Path) -> None:
    then = "import os; print(os.environ['PATH'], os.environ['JAVA_HOME'], episode.step('wait1').moves)"
    with playing(then, PATH=str(tmp_path), JAVA_HOME="/nonexistent") as (process, java):
        out, err = process.communicate()
    assert (process.returncode, err) == (0, "")
    assert out.split() == [str(tmp_path), "/nonexistent", "2"]
    assert gone(java)


def test_an_exception_inside_with_ends_java_silently() -> None:
    with playing("raise ValueError('mine')") as (process, java):
        _, err = process.communicate()
    assert process.returncode == 1
    assert err.count("Traceback") == 1
    assert err.rstrip().endswith("ValueError: mine")
    assert gone(java)


def test_a_program_that_forgets_to_close_leaves_nothing_behind() -> None:
    with playing("simulator.__class__.__exit__ = lambda *_: None") as (process, java):
        _, err = process.communicate()
    assert (process.returncode, err) == (0, "")
    assert gone(java)


def test_ctrl_c_ends_java() -> None:
    with playing("while True: episode.step('look around')") as (process, java):
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the whole group
        _, err = process.communicate()
    assert process.returncode != 0
    assert err.rstrip().endswith("KeyboardInterrupt")
    assert gone(java)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_java_ends_when_python_is_killed(number: signal.Signals) -> None:
    with playing("while True: episode.step('look around')") as (process, java):
        process.send_signal(number)
        process.communicate()
    assert gone(java)


def test_java_does_not_write_where_the_user_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with Simulator(worlds=1) as simulator:
        simulator.episode().load("find-animal", 0)
    assert list(tmp_path.iterdir()) == []


def test_a_killed_java_is_reported_and_loading_starts_another() -> None:
    with Simulator(worlds=1) as simulator:
        one, other = simulator.episode(), simulator.episode()
        one.load("find-animal", 0)
        other.load("find-animal", 1)
        first = simulator.pid
        assert first is not None
        assert simulator.starts == 1
        psutil.Process(first).kill()
        assert gone(first)
        for call in (lambda: one.step("look around"), one.valid_actions, lambda: other.step("wait1")):
            with pytest.raises(SimulatorDied, match="loading an episode starts a new one"):
                call()
        look = one.load("find-animal", 0)
        assert look == one.look()
        assert one.step("wait1").moves == 2
        assert simulator.starts == 2
        assert simulator.pid != first
        other.load("find-animal", 1)
        assert simulator.starts == 2
        other.close()
    assert gone(first)


def test_a_closed_simulator_refuses_and_closing_twice_is_fine() -> None:
    simulator = Simulator(worlds=1)
    episode = simulator.episode()
    simulator.close()
    simulator.close()
    with pytest.raises(UsageError, match="closed"):
        episode.load("find-animal", 0)
    assert simulator.pid is None


def test_too_little_memory_is_reported_in_one_line() -> None:
    with Simulator(worlds=1, max_heap="90000g") as simulator:
        with pytest.raises(MachineError, match="did not start with 90000g of memory") as caught:
            simulator.episode().load("find-animal", 0)
        assert "\n" not in str(caught.value)
        assert simulator.pid is None


@pytest.mark.parametrize(
    ("variable", "option", "reason"),
    [
        ("_JAVA_OPTIONS", "-XX:+UseG1GC", "Multiple garbage collectors selected"),
        ("JDK_JAVA_OPTIONS", "-Xbogus", "Unrecognized option: -Xbogus"),
    ],
)
def test_the_error_of_a_failed_java_start_contains_javas_message(
    variable: str, option: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JAVA_TOOL_OPTIONS", raising=False)
    monkeypatch.setenv(variable, option)
    with Simulator(worlds=1) as simulator, pytest.raises(MachineError) as caught:
        simulator.episode().load("find-animal", 0)
    assert f"({reason}): unset {variable}, free some memory" in str(caught.value)


def test_java_finds_its_classes_below_an_umlaut_in_locale_c(tmp_path: Path) -> None:
    (tmp_path / "jürgen").mkdir()
    (tmp_path / "jürgen" / "scienceworld").symlink_to(JAR.parent)
    path = os.pathsep.join([str(tmp_path / "jürgen"), os.environ.get("PYTHONPATH", "")])
    then = "import os; print(os.environ['LC_ALL'], episode.step('wait1').moves)"
    with playing(then, PYTHONPATH=path, LC_ALL="C") as (process, _):
        out, err = process.communicate()
    assert (process.returncode, err) == (0, "")
    assert out.split() == ["C", "2"]
