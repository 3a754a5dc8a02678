"""The root of the command line: quick, complete, and with one line for every error of the user's."""

import errno
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer

import subgoal.cli as cli
from dataset_builder.common.errors import SimulatorDied, SubgoalError, UsageError

ROOT = Path(__file__).parents[2]
HEAVY = ("torch", "transformers", "datasets", "accelerate", "py4j", "numpy", "pandas", "gradio", "openai")


def subgoal(*arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the real command."""
    return subprocess.run(
        [sys.executable, "-m", "subgoal", *arguments],
        cwd=ROOT,
        env=os.environ | {"COLUMNS": "200", "TERM": "dumb"} | (environment or {}),
        capture_output=True,
        text=True,
        check=False,
    )


def status_of(*arguments: str) -> int:
    """Exit status of `main` in this process."""
    with pytest.raises(SystemExit) as leaving:
        cli.main(arguments)
    code = leaving.value.code
    return code if isinstance(code, int) else 0


def test_importing_the_command_line_imports_nothing_heavy() -> None:
    code = f"import sys, subgoal.cli; print([name for name in {HEAVY} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_help_lists_every_group() -> None:
    run = subgoal("--help")
    assert run.returncode == 0
    for name in ("quickstart", "corpus", "train", "eval", "tools"):
        assert re.search(rf"^\W*{name}\b", run.stdout, re.MULTILINE), name


@pytest.mark.parametrize(
    ("group", "commands"),
    [
        ("corpus", ["collect", "annotate", "build", "stats", "agreement", "push"]),
        ("train", ["--recipe", "--dataset", "--out"]),
        ("eval", ["run", "report", "agents", "protocols"]),
        ("quickstart", ["--out", "--tasks", "--seed"]),
    ],
)
def test_help_of_a_group_lists_its_commands(
    group: str, commands: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert status_of(group, "--help") == 0
    shown = capsys.readouterr().out
    assert [command for command in commands if command not in shown] == []


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("--version") == 0
    assert re.fullmatch(r"subgoal (\d+\.\d+\.\d+|\(not installed.*\))\n", capsys.readouterr().out)


@pytest.mark.parametrize(
    "arguments", [("boil-water",), ("--colour",), ("eval", "run"), ("corpus", "collect")]
)
def test_wrong_usage_exits_with_2(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of(*arguments) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_an_unknown_task_is_a_usage_error() -> None:
    run = subgoal("quickstart", "--tasks", "boyl")
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr == "error: Unknown task 'boyl'. Did you mean boil?\n"


# --- errors raised by a command --------------------------------------------------------------------


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> list[BaseException]:
    """`subgoal fail` raises what is put into this list."""
    errors: list[BaseException] = []
    group = typer.Typer(cls=cli.Root, pretty_exceptions_enable=False)
    deeper = typer.Typer()

    @deeper.command()
    def fail(out: Path = Path()) -> None:
        raise errors[0]

    @deeper.command()
    def other() -> None: ...

    group.add_typer(deeper, name="group")
    monkeypatch.setattr(cli, "app", group)
    return errors


def full_disk() -> OSError:
    """What writing to a full disk raises, taken from the real thing."""
    try:
        with open("/dev/full", "w") as file:
            file.write("x")
    except OSError as error:
        return error
    raise AssertionError("/dev/full took a character")


def wrapped(cause: BaseException) -> Exception:
    """As datasets reports an error of the file system."""
    error = RuntimeError("An error occurred while generating the dataset")
    error.__cause__ = cause
    return error


FULL = "error: The disk of /runs/x is full: free some space and run the same command again"


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (SubgoalError("no luck: try again"), 1, "error: no luck: try again"),
        (SimulatorDied("it died"), 1, "error: it died"),
        (UsageError("no such thing"), 2, "error: no such thing"),
        (KeyboardInterrupt(), 130, "stopped; run the same command again to continue"),
        (full_disk(), 1, FULL),
        (wrapped(full_disk()), 1, FULL),
        (ValueError("Error while serializing: No space left on device (os error 28)"), 1, FULL),
        (
            OSError(errno.ENOSPC, "No space left on device", "/big/file"),
            1,
            "error: The disk of /big/file is full",
        ),
        (
            PermissionError(errno.EACCES, "Permission denied", "/root/x"),
            1,
            "error: Cannot use /root/x (Permission",
        ),
        (OSError(errno.EROFS, "Read-only file system", "/mnt/x"), 1, "error: Cannot use /mnt/x (Read-only"),
        (
            NotADirectoryError(errno.ENOTDIR, "Not a directory", "/a/b"),
            1,
            "error: Cannot use /a/b (Not a dir",
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else None,
)
def test_errors_that_a_user_can_fix_are_one_line(
    failing: list[BaseException],
    error: BaseException,
    status: int,
    line: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failing.append(error)
    arguments = ("group", "fail", "--out", "/runs/x")
    monkeypatch.setattr(sys, "argv", ["subgoal", *arguments])
    assert status_of(*arguments) == status
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith(line)
    assert shown.err.count("\n") == 1


@pytest.mark.parametrize(
    "error", [ValueError("a bug"), FileNotFoundError(errno.ENOENT, "No such file or directory", "/a")]
)
def test_internal_errors_keep_their_traceback(failing: list[BaseException], error: Exception) -> None:
    failing.append(error)
    with pytest.raises(type(error)) as caught:
        cli.main(["group", "fail"])
    assert caught.value is error


@pytest.mark.parametrize(
    ("variable", "error"),
    [
        ("HF_HOME", FileNotFoundError(errno.ENOENT, "No such file or directory", "/proc/cache")),
        ("HF_HOME", OSError(errno.EROFS, "Read-only file system", "/proc/cache/hub/models--a--b")),
        ("HF_DATASETS_CACHE", PermissionError(errno.EACCES, "Permission denied", "/proc/cache/parquet")),
    ],
)
def test_a_cache_that_cannot_be_written_is_one_line_with_the_remedy(
    failing: list[BaseException],
    variable: str,
    error: OSError,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(variable, "/proc/cache")
    failing.append(error)
    assert status_of("group", "fail") == 1
    line = capsys.readouterr().err
    assert line.startswith(
        f"error: The cache of the Hugging Face libraries cannot be written: {error.filename}"
    )
    assert line.endswith("set HF_HOME to a folder that can be.\n")


def test_a_full_disk_of_the_cache_is_not_that_of_the_output(
    failing: list[BaseException], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HOME", "/cache")
    failing.append(OSError(errno.ENOSPC, "No space left on device", "/cache/hub"))
    assert status_of("group", "fail", "--out", "/runs/x") == 1
    assert capsys.readouterr().err == (
        "error: The disk of the cache of the Hugging Face libraries is full: /cache/hub: free some space, or "
        "set HF_HOME to a folder on another disk.\n"
    )


def test_output_folder_is_found_in_both_spellings() -> None:
    assert cli._output_folder(["subgoal", "eval", "run", "--out=/a b"]) == "/a b"
    assert cli._output_folder(["subgoal", "eval", "run", "--out", "/a", "--seed", "1"]) == "/a"
    assert cli._output_folder(["subgoal", "quickstart", "--out"]) == "the output folder"


def test_an_output_folder_that_is_a_file_is_one_line(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("mine")
    run = subgoal("quickstart", "--tasks", "find-animal", "--out", str(taken / "deeper"))
    assert run.returncode == 2
    assert (
        run.stderr
        == f"error: Cannot write to the folder {taken / 'deeper'} (Not a directory): use another --out.\n"
    )
    assert run.stderr.count("\n") == 1
    assert taken.read_text() == "mine"


def test_ctrl_c_stops_with_130_and_no_traceback(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "subgoal",
        "corpus",
        "collect",
        "--out",
        str(tmp_path),
        "--tasks",
        "find-animal",
    ]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        while process.poll() is None and not list(tmp_path.iterdir()):  # until it is at work
            time.sleep(0.1)
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate()
    assert process.returncode == 130
    assert err.strip().endswith("stopped; run the same command again to continue")
    assert "Traceback" not in err
