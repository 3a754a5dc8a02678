"""The interpreter of a session, in this process: messages for a model, output, answers, tools."""

import sys
from collections.abc import Iterator
from typing import Any

import pytest

from dataset_builder.tool_agents.sandbox.channel import Channel, Message, channel_of, channel_pair
from dataset_builder.tool_agents.sandbox.child.interpreter import Interpreter


@pytest.fixture
def ends(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Channel, Channel]]:
    """The parent's end of a channel, and that of the interpreter, which takes over standard output."""
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, getattr(sys, name))
    here, descriptor = channel_pair(10_000, timeout=1.0)
    there = channel_of(descriptor)
    yield here, there
    here.close()
    there.close()


def _interpreter(
    modules: tuple[str, ...] = ("math",), tools: tuple[str, ...] = (), max_output: int = 100
) -> Interpreter:
    return Interpreter(modules, tools, max_output, memory_mb=64)


def _run(ends: tuple[Channel, Channel], code: str, **values: Any) -> Message:
    return _interpreter(**values).run(code, ends[1])


def test_output_answer_and_error_are_apart(ends: tuple[Channel, Channel]) -> None:
    assert _run(ends, "print(1)\nfinal_answer((2, 3))\nprint(4)") == {
        "output": "1\n",
        "answer": [2, 3],
        "error": None,
    }
    assert _run(ends, "print(1)\n1 / 0") == {
        "output": "1\n",
        "answer": None,
        "error": "ZeroDivisionError: division by zero",
    }


def test_variables_are_kept_and_an_error_keeps_those_before_it(ends: tuple[Channel, Channel]) -> None:
    interpreter = _interpreter()
    interpreter.run("x = 1\ny = z", ends[1])
    assert interpreter.run("print(x, __name__)", ends[1])["output"] == "1 __main__\n"


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("open('/etc/passwd')", "PermissionError: open is not allowed"),
        ("input()", "PermissionError: input is not allowed"),
        ("exit()", "NameError: name 'exit' is not defined"),
        ("().__class__", "AttributeError: __class__ is not allowed"),
        ("import os", "ImportError: os is not allowed; use: math"),
        ("import math.os", "ModuleNotFoundError: No module named 'math.os'; 'math' is not a package"),
        ("import os.path as math", "ImportError: os.path is not allowed; use: math"),
        ("x =", "SyntaxError: invalid syntax (<code>, line 1)"),
        ("raise ValueError('a\\n  b')", "ValueError: a b"),
        ("raise ValueError", "ValueError"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("raise MemoryError", "MemoryError: more than 64 MB"),
        ("'\\ud800' + 1", 'TypeError: can only concatenate str (not "int") to str'),
    ],
)
def test_what_is_refused_is_one_short_line(ends: tuple[Channel, Channel], code: str, error: str) -> None:
    assert _run(ends, code)["error"] == error


def test_a_refused_import_names_the_first_modules_only(ends: tuple[Channel, Channel]) -> None:
    modules = [f"m{number}" for number in range(9)]
    error = Interpreter(modules, (), 100, 64).run("import os", ends[1])["error"]
    assert error == "ImportError: os is not allowed; use: m0, m1, m2, m3, m4, m5, m6, m7, …"


def test_an_exception_whose_text_cannot_be_had_has_a_name(ends: tuple[Channel, Channel]) -> None:
    code = "class Odd(Exception):\n    def __str__(self):\n        raise KeyError(1)\nraise Odd"
    assert _run(ends, code)["error"] == "Odd"
    assert len(_run(ends, "raise ValueError('x' * 10_000)")["error"]) == 300


def test_the_attributes_that_classes_need_may_be_named(ends: tuple[Channel, Channel]) -> None:
    code = (
        "class Point:\n    def __init__(self, x):\n        self.x = x\n    def __repr__(self):\n"
        "        return f'<{self.x}>'\nprint(Point(3), Point.__name__)"
    )
    assert _run(ends, code) == {"output": "<3> Point\n", "answer": None, "error": None}


def test_the_beginning_of_a_long_output_is_kept(ends: tuple[Channel, Channel]) -> None:
    assert _run(ends, "for n in range(50): print('ab', end='')", max_output=5)["output"] == "ababa"
    assert _run(ends, "print('\\ud800')")["output"] == "?\n"
    assert _run(ends, "import sys\nsys.stderr.write('x')", modules=("sys",))["output"] == ""


def test_a_long_answer_is_an_error_and_none_is_a_text(ends: tuple[Channel, Channel]) -> None:
    done = _run(ends, "final_answer('x' * 101)")
    assert (done["answer"], done["error"]) == (
        None,
        "ValueError: the final answer has more than 100 characters",
    )
    assert _run(ends, "final_answer(None)")["answer"] == "None"


def test_the_parent_answers_a_tool(ends: tuple[Channel, Channel]) -> None:
    here, _ = ends
    here.send({"value": "[1] Oslo"})
    here.send({"error": "an empty query"})
    interpreter = _interpreter(tools=("search",))
    done = interpreter.run("print(search('Oslo', top=2))\nsearch('')", ends[1])
    assert (done["output"], done["error"]) == ("[1] Oslo\n", "RuntimeError: an empty query")
    assert here.read() == [
        {"tool": "search", "arguments": ["Oslo"], "keywords": {"top": 2}},
        {"tool": "search", "arguments": [""], "keywords": {}},
    ]
