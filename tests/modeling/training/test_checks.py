"""What cannot work is refused before a training starts."""

from pathlib import Path
from typing import Any

import pytest

from dataset_builder.common.errors import UsageError
from modeling.recipes.recipe import Recipe
from modeling.training.train import train


@pytest.mark.parametrize(
    ("values", "library"),
    [
        ({"lora": {}}, "peft"),
        ({"report_to": "trackio"}, "trackio"),
        ({"report_to": "tensorboard"}, "tensorboard"),
    ],
)
def test_a_missing_library_is_reported_before_anything_starts(
    dataset: Path,
    recipe: Recipe,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    values: dict[str, Any],
    library: str,
) -> None:
    monkeypatch.setattr("modeling.training.checks.find_spec", lambda name: None)
    with pytest.raises(
        UsageError, match=f"needs {library}, which is not installed: run `pip install"
    ) as caught:
        train("executor", recipe.with_values(**values), dataset, tmp_path / "out")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()
