"""Packages import what they export on first use."""

import subprocess
import sys

import pytest

import dataset_builder
from dataset_builder.common.lazy import lazy_exports


def test_names_are_imported_on_first_use() -> None:
    names, get = lazy_exports("dataset_builder", {"simulator.tasks": ["TASKS", "get_task"]})
    assert names == ["TASKS", "get_task"]
    assert get("get_task")("1-1") is dataset_builder.TASKS["boil"]
    with pytest.raises(AttributeError, match="module 'dataset_builder' has no attribute 'Tasks'"):
        get("Tasks")


def test_importing_the_packages_loads_nothing_heavy() -> None:
    heavy = ("torch", "transformers", "datasets", "gradio", "openai", "py4j")
    imports = "import sys, dataset_builder, modeling, eval_harness"
    code = f"{imports}; print([module for module in {heavy} if module in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"
