"""The entry point of the Space: the models that were pushed, unless the Space has variables."""

import os
import runpy
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from space_app.push import space_files

MODELS = {
    name: f"ns/{name.lower()}" for name in ("SUBGOAL_CONTROLLER", "SUBGOAL_EXECUTOR", "SUBGOAL_DATASET")
}


class _Backend:
    closed = False

    def close(self) -> None:
        self.closed = True


def test_the_demo_starts_with_the_pushed_models_unless_a_variable_names_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    backend = _Backend()
    launched: list[tuple[Any, dict[str, Any]]] = []

    def launch(settings: Any, **options: Any) -> tuple[None, _Backend]:
        launched.append((settings, options))
        assert not backend.closed
        return None, backend

    server = ModuleType("space_app.ui.server")
    monkeypatch.setattr(server, "launch", launch, raising=False)
    monkeypatch.setitem(sys.modules, "space_app.ui.server", server)
    for name in MODELS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "environ", os.environ | {"SUBGOAL_EXECUTOR": "ns/mine"})
    app = tmp_path / "app.py"
    app.write_bytes(space_files(MODELS)["app.py"])

    runpy.run_path(str(app), run_name="__main__")
    ((settings, options),) = launched
    assert (settings.controller, settings.executor) == ("ns/subgoal_controller", "ns/mine")
    assert options == {"quiet": True}
    assert backend.closed
