"""Legs of animals."""

import pytest

from dataset_builder.common.errors import UsageError
from dataset_builder.tool_agents.solutions.legs import legs_of


def test_only_the_animals_asked_for_are_counted() -> None:
    assert legs_of(["cat", "bee", "spider", "starfish"]) == {"cat": 4, "bee": 6, "spider": 8, "starfish": 5}
    assert legs_of([]) == {}


def test_without_reasoning_gym_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dataset_builder.common.extras.find_spec", lambda package: None)
    with pytest.raises(UsageError, match=r"^The program teacher needs reasoning-gym, .*\[tools\]"):
        legs_of(["cat"])
