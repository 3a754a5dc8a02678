"""The mean of checkpoints, which plays and can be trained further."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from dataset_builder.common.errors import UsageError
from modeling.checkpoints.load import load_checkpoint
from modeling.recipes.recipe import Recipe
from modeling.training.average import average_checkpoints
from modeling.training.train import train

RELEASE = Path(__file__).parents[3] / "release"
WEIGHTS = "model.safetensors"


@pytest.fixture
def later(tmp_path: Path) -> Path:
    """A released controller with other weights."""
    folder = shutil.copytree(RELEASE / "controller", tmp_path / "later")
    changed = {name: tensor + 0.5 for name, tensor in load_file(folder / WEIGHTS).items()}
    save_file(changed, folder / WEIGHTS, metadata={"format": "pt"})
    return folder


def _configure(folder: Path, **values: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_the_mean_loads_as_a_checkpoint_without_a_record(later: Path, tmp_path: Path) -> None:
    released = str(RELEASE / "controller")
    folder = average_checkpoints([released, str(later)], tmp_path / "mean")
    before, mean = load_file(RELEASE / "controller" / WEIGHTS), load_file(folder / WEIGHTS)
    assert before.keys() == mean.keys()
    assert all(torch.allclose(mean[name], before[name] + 0.25, atol=1e-6) for name in before)
    assert not (folder / "training.json").exists()
    config = load_checkpoint(str(folder)).model.config
    assert (config.subgoal_role, config.state_text_version) == ("controller", "compact-2")


def test_it_is_a_base(later: Path, recipe: Recipe, dataset: Path, tmp_path: Path) -> None:
    folder = average_checkpoints([str(later), str(later)], tmp_path / "mean")
    _configure(folder, state_text_version="compact-1")  # that of the small dataset
    result = train("controller", recipe, dataset, tmp_path / "out", base=str(folder), max_steps=1)
    assert result.base
    assert result.base["revision"] == load_checkpoint(str(folder)).revision


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"subgoal_role": "executor"}, "another role"),
        ({"state_text_version": "compact-1"}, "another state text"),
    ],
)
def test_only_like_checkpoints_have_a_mean(
    later: Path, tmp_path: Path, values: dict[str, object], message: str
) -> None:
    _configure(later, **values)
    with pytest.raises(UsageError, match=message):
        average_checkpoints([str(RELEASE / "controller"), str(later)], tmp_path / "mean")
    assert not (tmp_path / "mean").exists()


def test_another_architecture_is_refused(checkpoints: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="another architecture than"):
        average_checkpoints([str(RELEASE / "executor"), str(checkpoints["executor"])], tmp_path / "mean")


def test_one_checkpoint_and_an_existing_folder_are_refused(later: Path) -> None:
    with pytest.raises(UsageError, match="two or more"):
        average_checkpoints([str(later)], later.parent / "mean")
    with pytest.raises(UsageError, match="exists: name a new folder"):
        average_checkpoints([str(later), str(later)], later)
