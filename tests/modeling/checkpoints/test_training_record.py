"""The folder of a training: its plan, its record, and errors of the disk."""

import json
from pathlib import Path

import pytest

from dataset_builder.common.errors import UsageError
from modeling.checkpoints.training_record import full_disk_named, open_folder, read_record
from modeling.recipes.recipe import Recipe

RELEASE = Path(__file__).parents[3] / "release"


@pytest.mark.parametrize("role", ["controller", "executor", "flat"])
def test_released_records_are_read(role: str) -> None:
    record = read_record(RELEASE / role)
    assert record.role == role
    assert record.curve["validation_loss"]["step"]


def test_a_full_disk_has_one_name(tmp_path: Path) -> None:
    for error in (
        OSError(28, "No space left on device"),
        RuntimeError(
            "[enforce fail at inline_container.cc:862] . PytorchStreamWriter failed writing file data/1"
        ),
        RuntimeError("Error while serializing: I/O error: No space left on device (os error 28)"),
    ):
        with pytest.raises(OSError, match="No space left") as caught, full_disk_named(tmp_path):
            raise error
        assert (caught.value.errno, caught.value.filename) == (28, str(tmp_path))
    with pytest.raises(RuntimeError, match="else"), full_disk_named(tmp_path):
        raise RuntimeError("something else")


def test_keys_that_were_added_later_count_as_their_defaults(
    checkpoints: dict[str, Path], dataset: Path, recipe: Recipe, tmp_path: Path
) -> None:
    plan = recipe.for_role("flat").model_dump(mode="json")
    for key in ("lora", "patience", "report_to"):
        del plan[key]
    fingerprint = read_record(checkpoints["flat"]).dataset["fingerprint"]
    earlier = {"role": "flat", "recipe": plan, "fingerprint": fingerprint}
    now = earlier | {"recipe": recipe.for_role("flat").model_dump(mode="json")}
    (tmp_path / "plan.json").write_text(json.dumps(earlier))
    assert open_folder(tmp_path, now) is None
    now["recipe"] |= {"report_to": "tensorboard", "threads": 7}
    assert open_folder(tmp_path, now) is None
    now["recipe"] |= {"patience": 3}
    with pytest.raises(UsageError, match="differs in patience"):
        open_folder(tmp_path, now)
