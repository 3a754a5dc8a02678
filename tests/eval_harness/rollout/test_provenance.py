"""What a run says about the machine and the packages it was made with."""

import os
import sys
from importlib.metadata import version
from types import ModuleType
from typing import Any

from eval_harness.rollout.provenance import hardware, versions


def test_packages_that_can_change_a_score_are_recorded() -> None:
    found = versions()
    for package in ("scienceworld", "torch", "ctranslate2"):
        assert found[package] == version(package)


def test_threads_of_what_is_in_use_are_recorded(monkeypatch: Any) -> None:
    monkeypatch.delitem(sys.modules, "ctranslate2", raising=False)
    assert "ctranslate2_threads" not in hardware()
    monkeypatch.setitem(sys.modules, "ctranslate2", ModuleType("ctranslate2"))
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert hardware()["ctranslate2_threads"] == os.cpu_count()
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert hardware()["ctranslate2_threads"] == 3
