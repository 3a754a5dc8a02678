"""Compares mathematical answers in a process of its own: `python maths_worker.py SECONDS`.

Reads `["reference", "answer"]` per line and writes `true` or `false` per line. An answer such as
`9**9**9**9` keeps sympy busy for ever, and the time-outs of math-verify need the main thread of a process;
so the parent kills this process when it is late. It imports nothing of the project.
"""

import ast
import json
import operator
import re
import resource
import signal
import sys
from collections.abc import Callable
from typing import Any

MEMORY_BYTES = 3 << 30
_NAMES = ("pi", "E", "I", "oo")
_FUNCTIONS = re.findall(r"\w+", "sqrt exp log sin cos tan asin acos atan factorial binomial Rational Abs")
_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}


def same_value(reference: str, answer: str) -> bool:
    """Whether two mathematical expressions, in LaTeX or as Python writes them, have the same value."""
    from math_verify import verify

    return bool(verify(_parsed(reference), _parsed(answer), timeout_seconds=None))


def _parsed(text: str) -> list[Any]:
    """What math-verify reads in a text; and the text as a Python expression, where it is one."""
    from math_verify import parse

    marked = text if "$" in text or "\\boxed" in text or "\\(" in text else f"${text}$"
    parsed = [_with_imaginary_unit(value) for value in parse(marked, parsing_timeout=None)]
    try:
        tree = ast.parse(text.strip().replace("^", "**"), mode="eval").body
        parsed.insert(0, _expression(tree))
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        pass
    return parsed


def _with_imaginary_unit(value: Any) -> Any:
    """In LaTeX, the imaginary unit is a symbol as any other."""
    import sympy

    if not isinstance(value, sympy.Basic):
        return value
    units = [symbol for symbol in value.free_symbols if str(symbol) == "i"]
    return value.subs({symbol: sympy.I for symbol in units})


def _expression(node: ast.AST) -> Any:
    """A sympy expression of a syntax tree; nothing of it is evaluated as code, as `sympify` would do.

    Raises:
        ValueError: for anything but numbers, symbols, arithmetic and well-known functions.
    """
    import sympy

    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return sympy.sympify(value)
        case ast.Name(id=name) if name in _NAMES:
            return getattr(sympy, name)
        case ast.Name(id=name) if len(name) == 1:
            return sympy.I if name == "i" else sympy.Symbol(name)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_expression(left), _expression(right))
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_expression(operand))
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in _FUNCTIONS:
            return getattr(sympy, name)(*map(_expression, arguments))
        case ast.Tuple(elts=items) | ast.List(elts=items):
            return sympy.Tuple(*map(_expression, items))
        case ast.Set(elts=items):
            return sympy.FiniteSet(*map(_expression, items))
    raise ValueError("not a plain expression")


def main() -> None:
    seconds = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which closes the pipe
    for line in sys.stdin:
        # Also without a parent to kill it, this process ends.
        signal.alarm(2 * seconds)
        reference, answer = json.loads(line)
        try:
            same = same_value(reference, answer)
        except Exception:  # sympy raises any kind of error on odd input: the answer is not verified then
            same = False
        signal.alarm(0)
        print(json.dumps(same), flush=True)


if __name__ == "__main__":
    main()
