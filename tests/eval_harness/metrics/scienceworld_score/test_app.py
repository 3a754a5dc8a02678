import importlib.util
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import evaluate
import gradio
import pytest

APP = Path(__file__).parents[4] / "eval_harness" / "metrics" / "scienceworld_score" / "app.py"


def test_the_page_passes_its_texts_to_the_metric(monkeypatch: Any) -> None:
    calls: list[dict[str, Any]] = []

    def compute(**arguments: Any) -> dict[str, float]:
        calls.append(arguments)
        if len(calls) > 1:
            raise ValueError("bad input")
        return {"figure": 1.0}

    monkeypatch.setattr(evaluate, "load", lambda *_: SimpleNamespace(compute=compute))
    spec = importlib.util.spec_from_file_location("app", APP)
    assert spec is not None
    assert spec.loader is not None
    app = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(app)
    assert app.score('[["boil", [10, 50]]]', "zero") == {"figure": 1.0}
    assert len(calls[0]["predictions"]) == 1
    with pytest.raises(gradio.Error):
        app.score("{", "zero")
