"""A process that is forked is one of its own, and no library of the Hub has been imported in it."""

import signal

from tests.warm import ROOT, WarmProcess, run_warm

PROGRAM = """
import os, sys
print(*sys.argv, os.environ["MINE"], os.getcwd(), "torch" in sys.modules)
print(sorted(name for name in sys.modules if name in ("huggingface_hub", "transformers", "datasets")))
from huggingface_hub.constants import ENDPOINT
print(ENDPOINT, file=sys.stderr)
print(sys.stdin.readline().strip())
sys.exit(3)
"""


def test_arguments_environment_streams_and_status_are_those_of_python() -> None:
    endpoint = "http://localhost:1"
    with WarmProcess("-c", PROGRAM, "a", "b c", env={"MINE": "set", "HF_ENDPOINT": endpoint}) as process:
        out, err = process.communicate("hello\n")
    assert out.splitlines() == [f"-c a b c set {ROOT} True", "[]", "hello"]
    assert (err, process.returncode) == (f"{endpoint}\n", 3)


def test_a_module_is_run_and_an_error_has_its_traceback() -> None:
    shown = run_warm("-m", "subgoal", "--help")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "Usage" in shown.stdout
    failed = run_warm("-c", "raise ValueError('this one')")
    assert failed.returncode == 1
    assert "ValueError: this one" in failed.stderr


def test_input_that_nobody_reads_hides_no_error() -> None:
    failed = run_warm("-c", "raise ValueError('this one')", text="x" * 1_000_000)
    assert failed.returncode == 1
    assert "ValueError: this one" in failed.stderr


def test_it_can_be_killed_and_interrupted() -> None:
    waits = "import time; print('here', flush=True); time.sleep(600)"
    for number, status in ((signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 1)):
        with WarmProcess("-c", waits) as process:
            assert process.stdout.readline() == "here\n"
            assert process.poll() is None
            process.send_signal(number)
            assert process.wait() == status
            process.kill()  # once more does nothing
