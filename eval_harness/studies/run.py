"""Running a study: each of its cells is trained, played and recorded once."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dataset_builder.common.errors import UsageError
from dataset_builder.common.folder_lock import folder_lock
from dataset_builder.common.jsonl_store import JsonlStore
from dataset_builder.hub.ids import public_name
from dataset_builder.simulator.simulator import Simulator
from eval_harness.agents.options import AgentOptions
from eval_harness.agents.registry import make_agent
from eval_harness.rollout.run import run_protocol
from eval_harness.studies.study import Cell, Study, Training
from modeling.recipes.recipe import Recipe
from modeling.training.train import train

if TYPE_CHECKING:
    from rich.console import Console

_FREE = {"about", "name", "threads", "report_to"}
"""Keys of a recipe that do not change what is trained."""


@dataclass(frozen=True)
class StudyFolder:
    """The files of a study.

    Attributes:
        root: the `--out` folder.

    Example:

    ```python
    folder = run_study(load_study("heldout", "heldout-tiny"), "release/dataset", "runs/heldout")
    for record in folder.cells:
        print(record["key"])
    ```
    """

    root: Path

    @property
    def cells(self) -> JsonlStore:
        """The finished cells, read from disk."""
        return JsonlStore(self.root / "cells.jsonl")

    @property
    def report(self) -> Path:
        return self.root / "report.md"

    def model(self, training: Training) -> Path:
        return self.root / "models" / training.name

    def run(self, cell: Cell) -> Path:
        return self.root / "runs" / cell.name


def run_study(
    study: Study,
    dataset: str,
    out: str | Path,
    *,
    cells: Sequence[Cell] | None = None,
    console: "Console | None" = None,
) -> StudyFolder:
    """Run the cells that are not finished. After an interruption, the same call resumes the study.

    Several processes, on one machine or on machines that share the folder, may run different cells at the
    same time. If two of them need the same training, the second waits for the first.

    Args:
        study (`Study`): the study.
        dataset (`str`): folder of a corpus or Hub id.
        out (`str` or `Path`): folder of the study.
        cells (`Sequence[Cell]`, *optional*): run only these of its cells.
        console (`Console`, *optional*): shows the progress; by default nothing is printed.

    Raises:
        UsageError: if the folder holds cells of another study.
    """
    folder = StudyFolder(Path(out))
    selected = study.cells() if cells is None else list(cells)
    plans = {cell.name: _plan(study, cell, dataset) for cell in study.cells()}
    for record in folder.cells:  # also cells of other machines: the report compares all of them
        _check_same(folder, study, record, plans)
    with contextlib.ExitStack() as stack:
        simulator: Simulator | None = None
        for number, cell in enumerate(selected, 1):
            if (cell.name,) in folder.cells:
                continue
            _say(console, f"cell {number}/{len(selected)}: {cell.name}")
            for training in (cell.controller, cell.executor):
                _train(training, dataset, folder, console)
            simulator = simulator or stack.enter_context(Simulator())
            with folder_lock(folder.run(cell), wait=True):
                if (cell.name,) not in folder.cells:  # another process may have finished it
                    _play(study, cell, folder, simulator, shown=console is not None)
                    folder.cells.append((cell.name,), {"plan": plans[cell.name]})
    return folder


def _train(training: Training, dataset: str, folder: StudyFolder, console: "Console | None") -> None:
    with folder_lock(folder.model(training), wait=True):
        train(training.role, training.recipe, dataset, folder.model(training), console=console)


def _play(study: Study, cell: Cell, folder: StudyFolder, simulator: Simulator, shown: bool) -> None:
    options = AgentOptions(
        controller=str(folder.model(cell.controller)),
        executor=str(folder.model(cell.executor)),
        simulator=simulator,
    )
    run_protocol(
        make_agent("hierarchical", options),
        study.rules(),
        folder.run(cell),
        simulator=simulator,
        tasks=study.tasks,
        max_variations=study.max_variations,
        seed=study.seed,
        progress=shown,
    )


def _plan(study: Study, cell: Cell, dataset: str) -> dict[str, Any]:
    """Everything that a cell's scores depend on."""
    rules = study.rules()
    return {
        "dataset": public_name(dataset),
        "controller": _recipe_values(cell.controller.recipe.model_dump(mode="json")),
        "executor": _recipe_values(cell.executor.recipe.model_dump(mode="json")),
        "protocol": rules.hash,
        "units": [list(unit) for unit in rules.units(study.tasks, study.max_variations, study.seed)],
    }


def _recipe_values(recorded: dict[str, Any]) -> dict[str, Any]:
    """A recipe's values, with defaults for keys that the record lacks."""
    values = Recipe.model_validate({"name": ""} | recorded).model_dump(mode="json")
    return {key: value for key, value in values.items() if key not in _FREE}


def _check_same(
    folder: StudyFolder, study: Study, record: dict[str, Any], plans: dict[str, dict[str, Any]]
) -> None:
    name = record["key"][0] if record["key"] else ""
    if name not in plans:
        raise UsageError(
            f"{folder.root} holds a cell {name} that study {study.name} does not have: use the study file "
            "that has it, or another --out."
        )
    plan = plans[name]
    try:
        recorded = record["plan"]
        recorded = recorded | {role: _recipe_values(recorded[role]) for role in ("controller", "executor")}
    except (KeyError, TypeError, ValueError, UsageError) as error:
        raise UsageError(
            f"{folder.cells.path}: the line of cell {name} does not say what it was done with: remove the "
            "line (what is trained and played stays), or use another --out."
        ) from error
    differs = [key for key in plan if not isinstance(plan[key], dict) and recorded.get(key) != plan[key]]
    for role in ("controller", "executor"):
        differs += [f"{role} {key}" for key, value in plan[role].items() if recorded[role].get(key) != value]
    if differs:
        raise UsageError(
            f"{folder.root} holds a cell {name} that differs in {', '.join(differs)}: use another --out."
        )


def _say(console: "Console | None", line: str) -> None:
    if console is not None:
        console.print(line, highlight=False, markup=False, soft_wrap=True)
