"""Examples in docstrings are Python, and those with prompts show what they print.

An example whose lines begin with `>>>` is run. Examples that need Java, a server or a trained model are
written without prompts, and are only parsed.
"""

import ast
import doctest
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("dataset_builder", "modeling", "eval_harness", "space_app", "subgoal", "benchmarks")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
HEAVY = {"gradio", "torch", "transformers"}
"""Libraries that take seconds to import: modules that load them are not imported for their examples."""

_FENCE = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^Examples?:$", re.MULTILINE)
_PROMPT = ">>>"


@cache
def _tree(module: Path) -> ast.Module:
    return ast.parse(module.read_text(encoding="utf-8"))


def _examples(module: Path) -> list[tuple[str, int, str]]:
    """The fenced examples in the docstrings of a module: name of what is documented, its line, the code."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = [node for node in ast.walk(_tree(module)) if isinstance(node, documented)]
    return [
        (getattr(node, "name", "module"), getattr(node, "lineno", 1), code)
        for node in nodes
        for code in _FENCE.findall(ast.get_docstring(node) or "")
    ]


def _statements(example: str) -> str:
    """An example without prompts and results."""
    if _PROMPT not in example:
        return example
    return "".join(part.source for part in doctest.DocTestParser().get_examples(example))


def _name(module: Path) -> str:
    parts = module.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _loaded_by(body: list[ast.stmt]) -> Iterator[str]:
    """Modules that statements import when they are run; those in functions are imported later, if at all."""
    for node in body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            yield from _loaded_by(node.orelse)
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _loaded_by(
                [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt)]
            )


def _is_heavy(module: Path) -> bool:
    """Whether importing a module loads one of the libraries in `HEAVY`."""
    by_name = {_name(path): path for path in MODULES}
    seen, waiting = set(), [_name(module)]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        if name.partition(".")[0] in HEAVY:
            return True
        if name in by_name:
            waiting += [*_loaded_by(_tree(by_name[name]).body), name.rpartition(".")[0]]
    return False


PROMPTED = [
    module
    for module in MODULES
    if any(_PROMPT in code for *_, code in _examples(module)) and not _is_heavy(module)
]


@pytest.mark.parametrize("package", PACKAGES)
def test_examples_parse(package: str) -> None:
    modules = [module for module in MODULES if module.relative_to(ROOT).parts[0] == package]
    assert modules
    for module in modules:
        for _, _, example in _examples(module):
            try:
                ast.parse(_statements(example))
            except (SyntaxError, ValueError) as error:
                pytest.fail(f"{module.relative_to(ROOT)}: {error}\n{example}")


@pytest.mark.parametrize("module", PROMPTED, ids=_name)
def test_examples_print_what_they_show(module: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    parser, runner = doctest.DocTestParser(), doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    names = vars(import_module(_name(module)))
    reports: list[str] = []
    for name, line, code in _examples(module):
        if _PROMPT in code:
            example = parser.get_doctest(code, dict(names), name, str(module.relative_to(ROOT)), line)
            runner.run(example, out=reports.append)
    assert not reports, "".join(reports)


@pytest.mark.parametrize("package", [package for package in PACKAGES if package != "benchmarks"])
def test_public_classes_have_an_example(package: str) -> None:
    classes = {
        f"{_name(module)}.{node.name}": ast.get_docstring(node) or ""
        for module in MODULES
        if module.relative_to(ROOT).parts[0] == package
        for node in _tree(module).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    }
    without = [name for name, docstring in classes.items() if not _HEADING.search(docstring)]
    assert not without, f"{', '.join(without)}: add an Example to the docstring, or make the class private"


def test_examples_are_found() -> None:
    assert sum(len(_examples(module)) for module in MODULES) > 100
    assert len(PROMPTED) > 20
