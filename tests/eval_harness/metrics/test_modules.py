"""The metrics as `evaluate` loads them: from their folders, without a network."""

import ast
import sys
from pathlib import Path

import pytest
import yaml

FOLDER = Path(__file__).parents[3] / "eval_harness" / "metrics"
MODULES = ("scienceworld_score", "subgoal_match")


@pytest.mark.parametrize("module", MODULES)
def test_a_folder_is_whole(module: str) -> None:
    """What a module's loader takes along is what its file imports from beside it."""
    files = {path.name for path in (FOLDER / module).iterdir() if path.is_file()}
    assert {f"{module}.py", "README.md", "app.py", "requirements.txt"} <= files
    tree = ast.parse((FOLDER / module / f"{module}.py").read_text())
    beside = {node.module for node in tree.body if isinstance(node, ast.ImportFrom) and node.level == 1}
    assert beside
    for name in beside:
        imports = [node for node in ast.walk(ast.parse((FOLDER / module / f"{name}.py").read_text()))]
        roots = {n.module.split(".")[0] for n in imports if isinstance(n, ast.ImportFrom) and n.module}
        roots |= {alias.name.split(".")[0] for n in imports if isinstance(n, ast.Import) for alias in n.names}
        assert roots <= sys.stdlib_module_names


@pytest.mark.parametrize("module", MODULES)
def test_a_card_has_the_parts_of_a_metric_card(module: str) -> None:
    _, head, body = (FOLDER / module / "README.md").read_text().split("---\n", 2)
    metadata = yaml.safe_load(head)
    assert metadata["sdk"] == "gradio"
    assert {"evaluate", "metric"} <= set(metadata["tags"])
    heads = [line.lstrip("# ") for line in body.splitlines() if line.startswith("##")]
    wanted = [
        "Metric description",
        "How to use",
        "Inputs",
        "Output values",
        "Examples",
        "Limitations",
        "Citation",
    ]
    assert [head for head in heads if head in wanted] == wanted
