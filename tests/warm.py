"""Python programs in processes of their own, forked where torch has been imported already.

To import torch, transformers and datasets takes a process up to eleven seconds of CPU. Here a server imports
what reads no variable that these tests set, and forks. `huggingface_hub`, `transformers` and `datasets` each
process imports itself, with its own environment.

Such a process ends without finalising the interpreter and has the hash seed of the server. Tests of either,
and of Ctrl-C, start Python by `subprocess`.
"""

import contextlib
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import types
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, Self

ROOT = Path(__file__).parents[1]

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    [
        "torch",
        "torch._dynamo",
        "torch.distributed.fsdp",
        "torch.distributed.tensor",
        "torch.export",
        "aiohttp",
        "dill",
        "httpx",
        "jinja2",
        "multiprocess",
        "pandas",
        "pyarrow.parquet",
        "pydantic",
        "requests",
        "rich.progress",
        "safetensors.torch",
        "tokenizers",
        "typer",
        "xxhash",
    ]
)


class WarmProcess:
    """As `subprocess.Popen([sys.executable, *arguments], text=True)` with three pipes.

    Args:
        arguments (`Sequence[str]`): `-c PROGRAM …` or `-m MODULE …`.
        env (`Mapping[str, str]`, *optional*): the environment; that of this process by default.
        cwd (`Path`, *optional*): working directory; the repository by default.
    """

    def __init__(
        self, *arguments: str | Path, env: Mapping[str, str] | None = None, cwd: Path = ROOT
    ) -> None:
        pipes = [_CONTEXT.Pipe(duplex=False) for _ in range(3)]
        theirs = [end[number > 0] for number, end in enumerate(pipes)]
        ours = [end[number == 0] for number, end in enumerate(pipes)]
        child = (list(map(str, arguments)), dict(os.environ if env is None else env), str(cwd), theirs)
        self._process = _CONTEXT.Process(target=_run, args=child, daemon=True)
        self._process.start()
        for end in theirs:
            end.close()
        self.stdin: IO[str] = os.fdopen(os.dup(ours[0].fileno()), "w")
        self.stdout: IO[str] = os.fdopen(os.dup(ours[1].fileno()))
        self.stderr: IO[str] = os.fdopen(os.dup(ours[2].fileno()))
        for end in ours:
            end.close()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self.returncode

    def wait(self) -> int:
        self._process.join()
        assert self.returncode is not None
        return self.returncode

    def communicate(self, text: str = "") -> tuple[str, str]:
        """Everything that it writes from now on, to stdout and stderr, when it has ended."""
        with ThreadPoolExecutor(2) as pool:
            out, err = pool.submit(self.stdout.read), pool.submit(self.stderr.read)
            try:
                with contextlib.suppress(BrokenPipeError), self.stdin:  # it may end without reading
                    self.stdin.write(text)
                self.wait()
            except BaseException:  # such as a test's time limit: the readers wait for its end
                self.kill()
                raise
            return out.result(), err.result()

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        for stream in (self.stdin, self.stdout, self.stderr):
            with contextlib.suppress(BrokenPipeError):
                stream.close()
        self.wait()


def run_warm(
    *arguments: str | Path, env: Mapping[str, str] | None = None, cwd: Path = ROOT, text: str = ""
) -> "subprocess.CompletedProcess[str]":
    """As `subprocess.run([sys.executable, *arguments], capture_output=True, text=True)`.

    Args:
        arguments (`Sequence[str]`): `-c PROGRAM …` or `-m MODULE …`.
        env (`Mapping[str, str]`, *optional*): the environment; that of this process by default.
        cwd (`Path`, *optional*): working directory; the repository by default.
        text (`str`, *optional*): what it reads from stdin.
    """
    with WarmProcess(*arguments, env=env, cwd=cwd) as process:
        out, err = process.communicate(text)
        return subprocess.CompletedProcess(arguments, process.wait(), out, err)


def _run(arguments: Sequence[str], env: Mapping[str, str], cwd: str, pipes: Sequence[Connection]) -> None:
    """In the new process: what Python does with its arguments."""
    for number, pipe in enumerate(pipes):
        os.dup2(pipe.fileno(), number)
        pipe.close()
    sys.stdin = os.fdopen(0, closefd=False)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    sys.path[:0] = [path for path in env.get("PYTHONPATH", "").split(os.pathsep) if path]
    kind, program, *rest = arguments
    sys.argv = [kind, *rest]
    if kind == "-m":
        runpy.run_module(program, run_name="__main__", alter_sys=True)
    else:
        main = sys.modules["__main__"] = types.ModuleType("__main__")
        exec(compile(program, "<string>", "exec"), vars(main))
