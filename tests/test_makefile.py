"""The Makefile: what its targets install (nothing is run: `make -n`), and their environment."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="needs make")


def installed_by(target: str, venv: Path) -> list[str]:
    """What `pip install -e` would get for a target, in order.

    `make test` calls make again, which would install nothing: without the dry run all is there by then.
    """
    command = ["make", "--dry-run", target, f"VENV={venv}"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return list(dict.fromkeys(re.findall(r'pip install .* -e "(.+)"', printed)))


@needs_make
@pytest.mark.parametrize("target", ["quickstart", "dataset", "train-flat"])
def test_the_main_targets_install_no_extras(target: str, tmp_path: Path) -> None:
    assert installed_by(target, tmp_path / "venv") == ["."]


@needs_make
@pytest.mark.parametrize("target", ["install", "test", "lint", "types", "format", "bench"])
def test_work_on_the_project_adds_the_extra_dev(target: str, tmp_path: Path) -> None:
    assert installed_by(target, tmp_path / "venv") == [".", ".[dev]"]


@needs_make
def test_what_is_installed_is_not_installed_again(tmp_path: Path) -> None:
    (tmp_path / ".installed").touch()
    assert installed_by("quickstart", tmp_path) == []
    assert installed_by("test", tmp_path) == [".[dev]"]
    (tmp_path / ".installed-dev").touch()
    assert installed_by("test", tmp_path) == []


@needs_make
def test_compiled_modules_are_kept_whatever_the_environment_says() -> None:
    """Packages are installed without them."""
    shown = subprocess.run(
        ["make", "-f", "-", "show"],
        input="include Makefile\nshow: ; @env\n",
        cwd=ROOT,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "PATH=" in shown
    assert "PYTHONDONTWRITEBYTECODE" not in shown


def test_the_smoke_tests_exist() -> None:
    smoke = re.findall(r"tests/[\w/.]+", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert len(smoke) > 10
    assert [path for path in smoke if not (ROOT / path).exists()] == []
