"""Decision accuracy: alternatives are compared, not texts."""

from typing import Any

import pytest
from datasets import Dataset

from modeling.training.evaluation import decision_accuracy as module
from modeling.training.evaluation.decision_accuracy import decision_accuracy

TASK = "task: If it is hot, place it in the red box. If not, place it in the blue box. | room: kitchen"


class _Model:
    def eval(self) -> "_Model":
        return self


def test_alternatives_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        ("place(ice, red box)", "place(ice, red box, kitchen)", "ice"),
        ("place(ice, red box)", "place(ice, blue box)", "ice"),
        ("place(ice, red box)", "measure_temperature(ice)", "ice"),
        ("place(tin, blue box)", "move tin to blue box", "tin"),
    ]
    table = Dataset.from_dict(
        {"input": [TASK] * 4, "target": [row[0] for row in rows], "task": [row[2] for row in rows]}
    )
    answers = [row[1] for row in rows]
    monkeypatch.setattr(module, "decode", lambda *_: answers)
    model: Any = _Model()
    fitter: Any = None
    found = decision_accuracy(model, fitter, table, range(4), 48)
    assert found is not None
    assert found.share == 0.5
    assert found.by_task == {
        "ice": {"share": 0.3333, "undecided": 0.3333, "examples": 3},
        "tin": {"share": 1.0, "undecided": 0.0, "examples": 1},
    }
    assert decision_accuracy(model, fitter, table, [], 48) is None
