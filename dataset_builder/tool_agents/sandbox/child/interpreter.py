"""Runs code of a model in a namespace of its own, and gives what it printed, answered or raised.

What is refused here is refused so that a model reads a short message. The isolation is the kernel's.
"""

import ast
import builtins
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from dataset_builder.tool_agents.sandbox.channel import Channel, Message
from dataset_builder.tool_agents.sandbox.plain_values import plain, writable

_MAX_ERROR = 300
_NAMED_MODULES = 8
"""Modules that the message about a refused import names."""

_HIDDEN = (
    "breakpoint",
    "copyright",
    "credits",
    "exit",
    "help",
    "input",
    "license",
    "open",
    "quit",
)
_ATTRIBUTES = frozenset(
    f"__{name}__"
    for name in (
        "doc",
        "enter",
        "exit",
        "getitem",
        "init",
        "iter",
        "len",
        "name",
        "new",
        "next",
        "repr",
        "str",
    )
)
"""Attributes with two underscores that code may name."""


class _FinalAnswer(BaseException):
    """Ends the code: `final_answer` was called. Not an `Exception`, which code may catch."""

    def __init__(self, answer: object) -> None:
        self.answer = answer


class _Output:
    """Standard output of the code, of which the beginning is kept."""

    encoding = "utf-8"

    def __init__(self, length: int) -> None:
        self._left = length
        self._parts: list[str] = []

    def write(self, text: str) -> int:
        if self._left > 0:
            self._parts.append(text[: self._left])
            self._left -= len(text)
        return len(text)

    def flush(self) -> None:
        pass

    def text(self) -> str:
        return writable("".join(self._parts))


class Interpreter:
    """The state of one session.

    Args:
        modules (`Sequence[str]`): modules that code may import.
        tools (`Sequence[str]`): names of functions that the parent runs.
        max_output (`int`): characters of output and of the final answer.
        memory_mb (`int`): the limit of memory, for the message.

    Example:

    ```python
    interpreter = Interpreter(modules=["math"], tools=["search"], max_output=10_000, memory_mb=256)
    message = interpreter.run("final_answer(2**10)", channel)
    print(message["answer"], message["error"])  # 1024 None
    ```
    """

    def __init__(self, modules: Sequence[str], tools: Sequence[str], max_output: int, memory_mb: int) -> None:
        self._modules = modules
        self._max_output = max_output
        self._memory_mb = memory_mb
        self._channel: Channel | None = None
        functions = {name: self._tool(name) for name in tools}
        self._variables = {
            "__name__": "__main__",
            "__builtins__": self._builtins(),
            **functions,
            "final_answer": _final_answer,
        }

    def run(self, code: str, channel: Channel) -> Message:
        """Runs code and keeps its variables.

        Args:
            code (`str`): Python.
            channel (`Channel`): to the parent, which runs the tools.

        Returns:
            `dict`: `output`, `answer` and `error`, the last two None if there is none.
        """
        self._channel = channel
        output = _Output(self._max_output)
        sys.stdout, sys.stderr = output, _Output(0)
        result: Message = {}
        try:
            try:
                exec(compile(_checked(code), "<code>", "exec"), self._variables)
            except _FinalAnswer as final:
                result["answer"] = self._plain_answer(final.answer)
        except MemoryError:
            result["error"] = f"MemoryError: more than {self._memory_mb} MB"
        except BaseException as error:
            result["error"] = _one_line(error)
        return {"output": output.text(), "answer": None, "error": None, **result}

    def _builtins(self) -> dict[str, Any]:
        names = {name: value for name, value in vars(builtins).items() if name not in _HIDDEN}
        return names | {"__import__": self._import} | {name: _refused(name) for name in ("open", "input")}

    def _import(self, name: str, *arguments: Any, **keywords: Any) -> Any:
        if name.partition(".")[0] not in self._modules:
            more = ", …" if len(self._modules) > _NAMED_MODULES else ""
            raise ImportError(
                f"{name} is not allowed; use: {', '.join(self._modules[:_NAMED_MODULES])}{more}"
            )
        return builtins.__import__(name, *arguments, **keywords)

    def _tool(self, name: str) -> Callable[..., str]:
        def tool(*arguments: Any, **keywords: Any) -> str:
            assert self._channel is not None
            self._channel.send({"tool": name, "arguments": arguments, "keywords": keywords})
            reply, _ = self._channel.receive()
            if "error" in reply:
                raise RuntimeError(reply["error"])
            return reply["value"]

        tool.__name__ = tool.__qualname__ = name
        return tool

    def _plain_answer(self, answer: object) -> Any:
        value = plain(answer)
        if len(str(value)) > self._max_output:
            raise ValueError(f"the final answer has more than {self._max_output} characters")
        return "None" if value is None else value


def _checked(code: str) -> ast.Module:
    """The parsed code, in which no attribute is named that leads into the interpreter."""
    tree = ast.parse(code, "<code>")
    for node in ast.walk(tree):
        name = node.attr if isinstance(node, ast.Attribute) else ""
        if name.startswith("__") and name.endswith("__") and name not in _ATTRIBUTES:
            raise AttributeError(f"{name} is not allowed")
    return tree


def _final_answer(answer: object) -> NoReturn:
    raise _FinalAnswer(answer)


def _refused(name: str) -> Callable[..., NoReturn]:
    def refuse(*arguments: object, **keywords: object) -> NoReturn:
        raise PermissionError(f"{name} is not allowed")

    return refuse


def _one_line(error: BaseException) -> str:
    name = type(error).__name__
    try:
        text = writable(" ".join(str(error).split()))
    except BaseException:  # an exception of the code, whose text cannot be had
        text = ""
    return f"{name}: {text}"[:_MAX_ERROR] if text else name
