"""The folder of a training: its plan, its record, and whether a run may resume it."""

import errno
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from dataset_builder.common.errors import UsageError
from dataset_builder.common.files import write_atomically
from dataset_builder.common.folder_lock import LOCK_FILES
from modeling.recipes.recipe import Recipe

RECORD = "training.json"
CHECKPOINTS = "checkpoints"
PLAN = "plan.json"
LOGS = "runs"
"""Folder of the TensorBoard logs."""
CURVE = "curve.png"
"""Plot of the loss curve."""
# Keys of a recipe that may change when a training is resumed.
_FREE = ("report_to", "threads")
# Messages of Python and safetensors, then of torch.save.
_FULL_DISK = ("No space left on device", "PytorchStreamWriter failed writing", "inline_container.cc")


@dataclass(frozen=True)
class TrainingResult:
    """The result of a training, and the content of `training.json`.

    Attributes:
        role: role of the checkpoint.
        recipe: key of the recipe → value used.
        dataset: `source` (Hub id or name of the folder), `revision`, `fingerprint`, `state_text_version`,
            and `examples` by split.
        base: `Checkpoint.describe()` of the checkpoint that was fine-tuned; None for training from scratch.
        parameters: number of weights.
        steps: optimizer steps.
        epochs: passes over the training split.
        best_step: step of the checkpoint kept.
        metrics: `validation_loss` (without held-out tasks), `exact_match` (share of targets, None if not
            counted) and `decisions` (decision accuracy, None if the split has none).
        shortened: split → share of its rows that lost history to fit.
        left_out: training rows excluded because their target is too long.
        wall_seconds: training time over all runs.
        weights: `sha256:…` of the weights.
        versions: package → version, of the packages that can change the weights.
        decisions_by_task: task → decision accuracy on validation (see
            `modeling.training.evaluation.decision_accuracy`).
        exact_match_by_task: task → share of its targets, and examples counted.
        curve: losses over steps: `loss`, `validation_loss`, `decisions` → lists `step` and `value` (see
            `modeling.training.evaluation.loss_curve`).
        example: an `input` of the validation split and the `answer` to it; for a causal model also the
            `prompt` that it reads.
        processes: how many trained together; a step has as many times the recipe's examples.
        hardware: what it ran on, in words.
        held_out_tasks: tasks that were not trained on.

    Example:

    ```python
    result = read_record(Path("release/executor"))
    result.metrics["exact_match"], result.wall_seconds / 3600
    ```
    """

    role: str
    recipe: dict[str, Any]
    dataset: dict[str, Any]
    base: dict[str, Any] | None
    parameters: int
    steps: int
    epochs: float
    best_step: int
    metrics: dict[str, float | None]
    shortened: dict[str, float]
    left_out: int
    wall_seconds: float
    weights: str
    versions: dict[str, str]
    exact_match_by_task: dict[str, dict[str, float]] = field(default_factory=dict)
    decisions_by_task: dict[str, dict[str, float]] = field(default_factory=dict)
    curve: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    example: dict[str, str] = field(default_factory=dict)
    processes: int = 1
    hardware: str = ""
    held_out_tasks: list[str] = field(default_factory=list)

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> "TrainingResult":
        """Build from the content of `training.json`; unknown keys are ignored."""
        return cls(**{name: record[name] for name in cls.__dataclass_fields__ if name in record})


def read_record(folder: Path) -> TrainingResult:
    """The record of a finished training.

    Raises:
        UsageError: if the folder holds none.
    """
    path = folder / RECORD
    if not path.is_file():
        remedy = (
            "run the same `subgoal train` again to resume it"
            if (folder / PLAN).is_file()
            else "name the --out of a `subgoal train`"
        )
        raise UsageError(f"{folder} holds no finished training (no {RECORD}): {remedy}.")
    try:
        return TrainingResult.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise UsageError(f"{path} is not a training record: {error}.") from error


def open_folder(folder: Path, plan: dict[str, Any]) -> TrainingResult | None:
    """Create the folder of a training, or check that it holds the same training.

    Args:
        folder (`Path`): folder of the checkpoint.
        plan (`dict`): `role`, `recipe`, and `fingerprint` of the dataset.

    Returns:
        `TrainingResult` or `None`: the result if the training has finished.

    Raises:
        UsageError: if the folder holds another training or other files.
    """
    stored_plan = folder / PLAN
    if (folder / RECORD).is_file():
        result = read_record(folder)
        earlier = {"role": result.role, "recipe": result.recipe, "fingerprint": result.dataset["fingerprint"]}
        _check_same(folder, earlier, plan)
        return result
    if stored_plan.is_file():
        _check_same(folder, json.loads(stored_plan.read_text(encoding="utf-8")), plan)
        return None
    if folder.is_dir() and any(path.name not in LOCK_FILES for path in folder.iterdir()):
        raise UsageError(f"{folder} holds something else: choose another --out.")
    folder.mkdir(parents=True, exist_ok=True)
    _write_json(stored_plan, plan)
    return None


def close_folder(folder: Path, result: TrainingResult) -> None:
    """Write the record, then remove the files that only resuming needs.

    In this order: a kill in between leaves a finished training, not a lost one.
    """
    _write_json(folder / RECORD, asdict(result))
    shutil.rmtree(folder / CHECKPOINTS, ignore_errors=True)
    (folder / PLAN).unlink(missing_ok=True)


@contextmanager
def full_disk_named(folder: Path) -> Iterator[None]:
    """Turn the errors that libraries raise when the disk is full into one `OSError` with ENOSPC."""
    try:
        yield
    except Exception as error:
        text = str(error)
        if any(words in text for words in _FULL_DISK):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder)) from error
        raise


def _check_same(folder: Path, earlier: dict[str, Any], plan: dict[str, Any]) -> None:
    """Raise `UsageError` if a folder holds the training of another plan."""
    differs = ["role"] if earlier["role"] != plan["role"] else []
    differs += ["dataset"] if earlier["fingerprint"] != plan["fingerprint"] else []
    # A run of an earlier version of the package had the defaults of keys that were added since.
    values = Recipe(name="").model_dump(mode="json") | earlier["recipe"]
    differs += [key for key, value in plan["recipe"].items() if key not in _FREE and values.get(key) != value]
    if differs:
        raise UsageError(
            f"{folder} holds a training that differs in {', '.join(differs)}: choose another --out."
        )


def _write_json(path: Path, record: dict[str, Any]) -> None:
    write_atomically(path, json.dumps(record, indent=2, ensure_ascii=False) + "\n")
