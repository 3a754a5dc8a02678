"""Examples in docstrings are Python."""

import ast
import doctest
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("dataset_builder", "modeling", "eval_harness", "space_app", "subgoal", "benchmarks")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
_FENCE = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def _examples(module: Path) -> list[str]:
    """The fenced examples in the docstrings of a module."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = [node for node in ast.walk(tree) if isinstance(node, documented)]
    return [code for node in nodes for code in _FENCE.findall(ast.get_docstring(node) or "")]


def _statements(example: str) -> str:
    """An example without prompts and results."""
    if ">>>" not in example:
        return example
    return "".join(part.source for part in doctest.DocTestParser().get_examples(example))


@pytest.mark.parametrize("package", PACKAGES)
def test_examples_parse(package: str) -> None:
    modules = [module for module in MODULES if module.relative_to(ROOT).parts[0] == package]
    assert modules
    for module in modules:
        for example in _examples(module):
            try:
                ast.parse(_statements(example))
            except (SyntaxError, ValueError) as error:
                pytest.fail(f"{module.relative_to(ROOT)}: {error}\n{example}")


def test_examples_are_found() -> None:
    assert sum(len(_examples(module)) for module in MODULES) > 100
