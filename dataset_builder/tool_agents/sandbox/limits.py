"""What code of a model may use, and what running it gives."""

from dataclasses import dataclass
from typing import Any

DEFAULT_MODULES = (
    "math",
    "statistics",
    "itertools",
    "fractions",
    "decimal",
    "collections",
    "functools",
    "random",
    "re",
    "datetime",
    "calendar",
    "cmath",
    "string",
    "operator",
    "heapq",
    "bisect",
    "numbers",
    "typing",
    "time",
    "unicodedata",
    "json",
    "copy",
    "dataclasses",
    "enum",
)
"""Modules that code may import unless others are named. They need neither files nor sockets."""

MAX_CODE = 100_000
"""Characters of code; longer code is not run."""


@dataclass(frozen=True)
class Limits:
    """Limits of one execution. Exceeding one ends that execution, nothing else.

    Args:
        wall_seconds (`float`, *optional*, defaults to 5): time until a process is killed, without that of
            tools.
        cpu_seconds (`int`, *optional*, defaults to 5): CPU time until the kernel kills a process.
        memory_mb (`int`, *optional*, defaults to 256): address space beyond that of the idle interpreter.
        processes (`int`, *optional*, defaults to 24): processes of one session, candidates included.
        open_files (`int`, *optional*, defaults to 64): open files of one process. No file can be written.
        max_output (`int`, *optional*, defaults to 10000): characters of output; the rest is dropped. A longer
            final answer is an error.
        tool_calls (`int`, *optional*, defaults to 20): calls of tools in one execution.

    Example:

    ```python
    with Sandbox(Limits(wall_seconds=1, memory_mb=128)) as sandbox, sandbox.open() as session:
        print(session.run("while True: pass").error)  # killed: more than 1 s
    ```
    """

    wall_seconds: float = 5.0
    cpu_seconds: int = 5
    memory_mb: int = 256
    processes: int = 24
    open_files: int = 64
    max_output: int = 10_000
    tool_calls: int = 20


@dataclass(frozen=True)
class Execution:
    """The result of running one piece of code.

    Attributes:
        output (`str`): what the code printed, cut at `Limits.max_output`.
        answer (`Any`, *optional*): the argument of `final_answer`: numbers, texts, booleans, and lists and
            dictionaries of them; anything else as text. None if `final_answer` was not called.
        error (`str`, *optional*): one line, such as "ZeroDivisionError: division by zero" or
            "killed: more than 5 s". None if the code ran to its end or called `final_answer`.
        searches (`int`): calls of tools.

    Example:

    ```python
    with Sandbox() as sandbox, sandbox.open() as session:
        execution = session.run("print(1)\\nfinal_answer(2**10)")
    print(execution.output, execution.answer, execution.error)
    ```
    """

    output: str
    answer: Any | None
    error: str | None
    searches: int


ISOLATION_LAYERS = (
    "network namespace",
    "mount namespace",
    "unprivileged user",
    "process namespace",
    "Landlock",
    "seccomp",
    "memory limit",
)
"""Layers of isolation that depend on the system. The other limits hold everywhere."""


@dataclass(frozen=True)
class Isolation:
    """The layers of isolation that are in effect.

    Attributes:
        on (`tuple[str, ...]`): layers that the kernel has allowed.
        off (`tuple[str, ...]`): the others.

    Example:

    ```python
    >>> print(Isolation(on=("seccomp", "Landlock"), off=("process namespace",)))
    on: seccomp, Landlock; off: process namespace
    ```
    """

    on: tuple[str, ...]
    off: tuple[str, ...]

    def __str__(self) -> str:
        return f"on: {', '.join(self.on) or 'none'}; off: {', '.join(self.off) or 'none'}"
