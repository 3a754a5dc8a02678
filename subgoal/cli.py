"""The root of the command line: mounts the commands of the packages and prints their errors in one line.

Nothing heavy is imported here, so that `subgoal --help` answers at once.
"""

import errno
import os
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from dataset_builder.cli import app as corpus
from dataset_builder.common.errors import SubgoalError, causes
from dataset_builder.tool_agents.cli import app as tools
from eval_harness.cli.main import app as evaluation
from eval_harness.cli.study import app as study
from modeling.cli import models, train_command
from modeling.tool_agents.cli import train_tool_command
from space_app.cli import demo_command, space
from subgoal.interrupts import INTERRUPTED, INTERRUPTS, STOPPED
from subgoal.quickstart import quickstart_command
from subgoal.tools_quickstart import tools_quickstart_command

_FULL = {errno.ENOSPC, errno.EDQUOT}
_REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.EEXIST}


class Root(TyperGroup):
    """Prints errors that a user can remedy as one line on stderr and sets the exit status.

    All other errors are bugs and keep their traceback.

    Example:

    ```
    $ subgoal quickstart --tasks boyl
    error: Unknown task 'boyl'. Did you mean boil?
    ```
    """

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            INTERRUPTS.reported = True
            _leave(STOPPED, INTERRUPTED)
        except SubgoalError as error:
            _leave(f"error: {error}", error.exit_code)
        except Exception as error:
            line = explain_disk_error(error)
            if line is None:
                raise
            _leave(f"error: {line}", 1)


def explain_disk_error(error: BaseException) -> str | None:
    """One line with the remedy if a full disk or a refused write caused an error, else None.

    datasets wraps the `OSError` in its own error; safetensors writes from Rust and only quotes the message.
    """
    for cause in causes(error):
        if isinstance(cause, OSError):
            number, path, reason = cause.errno, cause.filename, cause.strerror
        else:
            number = errno.ENOSPC if "No space left on device" in str(cause) else None
            path, reason = None, None
        if number in _FULL and path and _is_of_hub_cache(path):
            return (
                f"The disk of the cache of the Hugging Face libraries is full: {path}: free some space, or "
                "set HF_HOME to a folder on another disk."
            )
        if number in _FULL:
            where = f"The disk of {path or _output_folder()} is full"
            return f"{where}: free some space and run the same command again: it resumes."
        # A cache that cannot be created below /proc or a missing mount fails with "No such file or
        # directory".
        if number in _REFUSED | {errno.ENOENT} and path and _is_of_hub_cache(path):
            return (
                f"The cache of the Hugging Face libraries cannot be written: {path} ({reason}): "
                "set HF_HOME to a folder that can be."
            )
        # Nothing can be created below /proc or a missing mount, and the system says that it does not exist.
        out = _output_folder()
        missing = number == errno.ENOENT and isinstance(path, str) and Path(path).is_relative_to(out)
        if number in _REFUSED or missing:
            where = f"Cannot use {path or _output_folder()} ({reason})"
            return f"{where}: name another path, or change its permissions."
    return None


def _is_of_hub_cache(path: str | bytes | int) -> bool:
    """Whether a path is in the cache of huggingface_hub and datasets, or is a folder above it."""
    default = os.path.join(os.environ.get("XDG_CACHE_HOME") or "~/.cache", "huggingface")
    folders = [os.environ.get(name) for name in ("HF_HUB_CACHE", "HF_DATASETS_CACHE")]
    caches = [
        Path(folder).expanduser() for folder in (os.environ.get("HF_HOME") or default, *folders) if folder
    ]
    where = Path(os.fsdecode(path)) if not isinstance(path, int) else Path()
    return any(where.is_relative_to(cache) or where in cache.parents for cache in caches)


def _output_folder(arguments: Sequence[str] | None = None) -> str:
    """The value of `--out` on the command line: the error of a full disk often has no file name."""
    arguments = sys.argv if arguments is None else arguments
    for index, argument in enumerate(arguments):
        if argument == "--out" and index + 1 < len(arguments):
            return arguments[index + 1]
        if argument.startswith("--out="):
            return argument.removeprefix("--out=")
    return "the output folder"


def _leave(line: str, status: int) -> NoReturn:
    typer.echo(line, err=True)
    raise typer.Exit(status)


def _version(wanted: bool) -> None:
    if wanted:
        try:
            typer.echo(f"subgoal {version('subgoal-distillation')}")
        except PackageNotFoundError:
            typer.echo("subgoal (not installed: run `pip install -e .`)")
        raise typer.Exit


app = typer.Typer(
    name="subgoal",
    cls=Root,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    # In rich's own markup `[ray]` would be a style, and vanish from the help; this holds for all commands.
    rich_markup_mode="markdown",
)


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Small models that play ScienceWorld with sub-goals: dataset, training, evaluation, demo."""


app.command("quickstart")(quickstart_command)
app.add_typer(corpus, name="corpus")
app.command("train")(train_command)
app.add_typer(models, name="models")
app.add_typer(evaluation, name="eval")
app.add_typer(study, name="study")
tools.command("train")(train_tool_command)
tools.command("quickstart")(tools_quickstart_command)
app.add_typer(tools, name="tools")
app.command("demo")(demo_command)
app.add_typer(space, name="space")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit: 0 success, 1 failure, 2 wrong usage, 130 interrupted by the user.

    Args:
        arguments (`Sequence[str]`, *optional*, defaults to those of the process): the command. A caller that
            passes it keeps its own handling of Ctrl-C.
    """
    if arguments is not None:
        app(args=arguments, prog_name="subgoal")
        return
    INTERRUPTS.install()
    try:
        app(prog_name="subgoal")
    finally:
        INTERRUPTS.end_at_once()
