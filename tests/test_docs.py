"""What the documents name exists: commands with their options, files, imports, make targets, links."""

import ast
import importlib
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from subgoal.cli import app

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
FOLDERS = ("dataset_builder", "modeling", "eval_harness", "space_app", "subgoal", "benchmarks", "tests")
PATH = re.compile(rf"(?<![\w./-])(?:{'|'.join(FOLDERS)}|docs|release)/[\w./-]+")
PLACEHOLDER = re.compile(r"…|\.\.\.|\[.*?\]|[A-Z]+…")

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def fences(page: Path, language: str) -> list[str]:
    """The code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)


def commands(page: Path) -> list[tuple[str, bool]]:
    """Every `subgoal …`, and whether it is written out in full (in a code block, not within a sentence)."""
    blocks = "\n".join(fences(page, "bash")).replace("\\\n", " ")
    full = [line.partition("#")[0] for line in blocks.splitlines()]
    prose = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    inline = re.findall(r"`([^`]+)`", prose)
    found = [(text, True) for text in full] + [(" ".join(text.split()), False) for text in inline]
    return [(text, complete) for text, complete in found if re.match(r"subgoal [a-z-]", text)]


def resolve(arguments: list[str]) -> tuple[Any, list[str]]:
    """The command that the first arguments name, and the arguments after them."""
    command: Any = typer.main.get_command(app)
    while hasattr(command, "commands") and arguments and arguments != ["--help"]:
        assert arguments[0] in command.commands, f"no command {arguments[0]!r}"
        command, arguments = command.commands[arguments[0]], arguments[1:]
    return command, arguments


@every_page
def test_commands_and_their_options_exist(page: Path) -> None:
    for text, complete in commands(page):
        abridged = not complete or PLACEHOLDER.search(text)
        command, arguments = resolve(shlex.split(PLACEHOLDER.sub("", text) if abridged else text)[1:])
        options = {name for option in command.params for name in (*option.opts, *option.secondary_opts)}
        options.add("--help")
        unknown = [name for name in arguments if name.startswith("--") and name.split("=")[0] not in options]
        assert not unknown, f"{text}: no option {unknown}"
        if not abridged:
            # Parses types and required options; a context does not run the command.
            command.make_context(text, list(arguments))


@every_page
def test_files_exist(page: Path) -> None:
    for name in PATH.findall(page.read_text()):
        assert (ROOT / name.rstrip("./")).exists(), name
    for link in re.findall(r"\]\(([^)#\s]+)\)", page.read_text()):
        assert link.startswith("https://") or (page.parent / link).exists(), link


def test_the_tree_of_contributing_is_the_tree() -> None:
    tree = (ROOT / "CONTRIBUTING.md").read_text().partition("## The tree")[2].split("```\n")[1]
    listed, package = set(), ""
    for line in tree.splitlines():
        name = line.split()[0]
        package = name if not line.startswith(" ") else package
        listed.add(Path(name if name == package else package + name))
    assert [folder for folder in listed if not (ROOT / folder).is_dir()] == []
    packages = {path.parent.relative_to(ROOT) for top in FOLDERS[:4] for path in (ROOT / top).glob("*/*.py")}
    assert packages - listed == set()


def test_the_tour_names_functions_of_their_files() -> None:
    tour = re.findall(r"\| `([\w/]+\.py)`: `(\w+)` \|", (ROOT / "CONTRIBUTING.md").read_text())
    assert len(tour) == 4
    for file, name in tour:
        assert f"def {name}(" in (ROOT / file).read_text()


@every_page
def test_make_targets_exist(page: Path) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    named = re.findall(r"(?:^|`)make ([a-z-]+)", page.read_text(), re.MULTILINE)
    assert set(named) <= set(targets)


@every_page
def test_python_examples_import_what_exists(page: Path) -> None:
    for block in fences(page, "python"):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] in FOLDERS:
                module = importlib.import_module(str(node.module))
                assert [alias.name for alias in node.names if not hasattr(module, alias.name)] == []


@every_page
def test_named_modules_exist(page: Path) -> None:
    """`python -m module`, and dotted names of modules, classes and functions."""
    for name in re.findall(rf"\b(?:{'|'.join(FOLDERS)})(?:\.\w+)+", page.read_text()):
        *parents, last = name.split(".")
        if last in ("py", "md", "yaml"):
            continue
        if (ROOT / Path(*parents, f"{last}.py")).exists() or (ROOT / Path(*parents, last)).is_dir():
            continue
        assert hasattr(importlib.import_module(".".join(parents)), last), name


def test_the_tests_that_the_reports_name_exist() -> None:
    files = list((ROOT / "tests").rglob("test_*.py"))
    functions = {name for path in files for name in re.findall(r"def (test_\w+)", path.read_text())}
    named = set(re.findall(r"\btest_\w+(?:\.py)?", (ROOT / "tests/reports.md").read_text()))
    assert named - functions - {path.name for path in files} == set()
