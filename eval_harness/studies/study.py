"""Studies: sweeps of trainings and runs that answer one question, each described by a YAML file.

A `heldout` study holds out one topic at a time. A `sizes` study varies the size of the controller while the
executor keeps its size, and vice versa. A study is a list of cells; a cell is two trainings and one run.
"""

import re
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from dataset_builder.common.config_files import config_file, first_fault, read_mapping
from dataset_builder.common.errors import UsageError
from dataset_builder.simulator.tasks import TASKS, get_task
from eval_harness.protocols.protocol import Protocol, load_protocol
from modeling.recipes.recipe import Recipe, load_recipe

STUDIES = Path(__file__).parent
ALL_TASKS = "nothing"
"""Name of the reference cell of a `heldout` study, whose models are trained on all tasks."""

TOPICS = tuple(dict.fromkeys(task.topic for task in TASKS.values()))
_NAME = re.compile(r"[A-Za-z0-9._-]+")
Role = Literal["controller", "executor"]


@dataclass(frozen=True)
class Training:
    """A checkpoint that a study needs; several cells may share it.

    Attributes:
        name: name of the checkpoint folder.
        role: `controller` or `executor`.
        recipe: recipe for this role.

    Example:

    ```python
    >>> training = load_study("heldout", "heldout-tiny").cells()[0].controller
    >>> training.role, training.recipe.name
    ('controller', 'scratch-tiny')
    ```
    """

    name: str
    role: Role
    recipe: Recipe


@dataclass(frozen=True)
class Cell:
    """One row of a study's report.

    Attributes:
        name: the held-out topic, or `CONTROLLER+EXECUTOR` with their sizes; also the name of its run folder.
        controller, executor: the trainings of the pair that plays.
        held_out: tasks that the study excludes from both trainings.

    Example:

    ```python
    >>> cell = load_study("sizes", "sizes-tiny").cells()[0]
    >>> cell.name
    'small+small'
    ```
    """

    name: str
    controller: Training
    executor: Training
    held_out: tuple[str, ...] = ()


def _without_seed(values: dict[str, Any]) -> dict[str, Any]:
    if "seed" in values:
        raise ValueError("the seed is the same in all cells: set the study's own key seed")
    return values


class Study(BaseModel):
    """The keys that both kinds of study share.

    Attributes:
        name: title of its reports.
        about: description in one line.
        recipe: name of a recipe, or a YAML file.
        changes: key of the recipe → value that overrides it in all cells.
        protocol: name of the protocol of the runs, or a YAML file.
        tasks: play only these of the protocol's tasks; None means all.
        max_variations: play at most this number of variations per task.
        seed: seed of the trainings and the runs.

    Example:

    ```python
    class Seeds(Study):
        kind: Literal["sizes"] = "sizes"

        def cells(self):
            controller = self.training("controller", "controller", self.recipe)
            return [Cell("pair", controller, self.training("executor", "executor", self.recipe))]
    ```
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["heldout", "sizes"]
    name: str
    about: str = ""
    recipe: str
    changes: dict[str, Any] = {}
    protocol: str = "mini"
    tasks: tuple[str, ...] | None = None
    max_variations: int | None = Field(default=None, gt=0)
    seed: int = Field(default=0, ge=0)

    @field_validator("changes")
    @classmethod
    def _no_seed(cls, changes: dict[str, Any]) -> dict[str, Any]:
        return _without_seed(changes)

    @abstractmethod
    def cells(self) -> list[Cell]:
        """The cells, in the order in which they are run.

        Raises:
            UsageError: for an unknown recipe, key, value or task.
        """

    def choose(self, names: str | None) -> list[Cell]:
        """The cells with these comma-separated names; all by default.

        Raises:
            UsageError: if one of them is unknown.
        """
        cells = {cell.name: cell for cell in self.cells()}
        if names is None:
            return list(cells.values())
        wanted = [name.strip() for name in names.split(",") if name.strip()]
        for name in wanted:
            if name not in cells:
                raise UsageError(f"Study {self.name} has no cell {name!r}: use {', '.join(cells)}.")
        if not wanted:
            raise UsageError(f"--cells is empty: use {', '.join(cells)}.")
        return [cells[name] for name in wanted]

    def rules(self) -> Protocol:
        """The protocol; raises `UsageError` if it does not have the study's tasks."""
        rules = load_protocol(self.protocol)
        rules.units(self.tasks, self.max_variations, self.seed)
        return rules

    def training(self, name: str, role: Role, recipe: str, *changes: Mapping[str, Any]) -> Training:
        """A training with a recipe, overridden by the study's changes and then by these changes."""
        result = load_recipe(recipe).for_role(role)
        for values in (self.changes, *changes, {"seed": self.seed}):
            # Values of a role may override single entries of `architecture`.
            result = result.with_values(roles={role: dict(values)}).for_role(role)
        return Training(name, role, result)


class HeldOut(Study):
    """Hold out one topic per cell: neither model is trained on its tasks, and all tasks are played.

    Attributes:
        topics: topics to hold out, one per cell; by default all topics that are played.
        reference: whether to add a cell whose models are trained on all tasks.

    Example:

    ```python
    >>> study = HeldOut(name="biology", recipe="scratch-tiny", topics=("Biology",), reference=False)
    >>> study.cells()[0].name, study.cells()[0].held_out[0]
    ('biology', 'grow-plant')
    ```
    """

    kind: Literal["heldout"] = "heldout"
    topics: tuple[str, ...] | None = None
    reference: bool = True

    @field_validator("topics")
    @classmethod
    def _known(cls, topics: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if topics == ():
            raise ValueError("the list is empty: remove the key to hold out every topic in turn")
        for topic in topics or ():
            if topic not in TOPICS:
                raise ValueError(f"unknown topic {topic!r}: use {', '.join(TOPICS)}")
        return topics

    def cells(self) -> list[Cell]:
        played = {unit.task for unit in self.rules().units(self.tasks, self.max_variations)}
        topics = self.topics or tuple(t for t in TOPICS if any(get_task(name).topic == t for name in played))
        cells = [self._cell(ALL_TASKS, ())] if self.reference else []
        return cells + [
            self._cell(topic.lower(), tuple(task.name for task in TASKS.values() if task.topic == topic))
            for topic in topics
        ]

    def _cell(self, name: str, tasks: tuple[str, ...]) -> Cell:
        def trained(role: Role) -> Training:
            folder = f"{role}-without-{name}" if tasks else f"{role}-on-all"
            base = self.training(folder, role, self.recipe)
            changes = {"exclude_tasks": (*base.recipe.exclude_tasks, *tasks)}
            return self.training(folder, role, self.recipe, changes)

        return Cell(name, trained("controller"), trained("executor"), tasks)


class Sizes(Study):
    """Vary the size of one model while the other has the size `middle`, or vary both (`grid`).

    Attributes:
        sizes: name → values that override the recipe, such as `architecture` or `base`; the key `recipe`
            names another recipe.
        middle: size of the model that is not varied.
        controller, executor: sizes of the controller and of the executor; by default all.
        grid: whether to play every controller with every executor.

    Example:

    ```python
    >>> sizes = {"small": {}, "wide": {"architecture": {"d_model": 256}}}
    >>> study = Sizes(name="width", recipe="scratch-tiny", sizes=sizes, middle="small")
    >>> [cell.name for cell in study.cells()]
    ['small+small', 'wide+small', 'small+wide']
    ```
    """

    kind: Literal["sizes"] = "sizes"
    sizes: dict[str, dict[str, Any]] = Field(min_length=1)
    middle: str
    controller: tuple[str, ...] | None = None
    executor: tuple[str, ...] | None = None
    grid: bool = False

    @field_validator("sizes")
    @classmethod
    def _good_names(cls, sizes: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        for name, values in sizes.items():
            _without_seed(values)
            if not _NAME.fullmatch(name):  # it becomes part of folders' names
                raise ValueError(
                    f"{name!r} is not a valid name of a size: use letters, digits, dots and dashes"
                )
        return sizes

    def cells(self) -> list[Cell]:
        controllers, executors = (
            tuple(self.sizes) if names is None else names for names in (self.controller, self.executor)
        )
        for name in (self.middle, *controllers, *executors):
            if name not in self.sizes:
                raise UsageError(f"Study {self.name}: no size {name!r}: use {', '.join(self.sizes)}.")
        if self.grid:
            pairs = [(controller, executor) for controller in controllers for executor in executors]
        else:
            pairs = [(controller, self.middle) for controller in controllers]
            pairs += [(self.middle, executor) for executor in executors]
        return [
            Cell(
                f"{controller}+{executor}",
                self._sized("controller", controller),
                self._sized("executor", executor),
            )
            for controller, executor in dict.fromkeys(pairs)
        ]

    def _sized(self, role: Role, size: str) -> Training:
        values = dict(self.sizes[size])
        recipe = values.pop("recipe", self.recipe)
        if not isinstance(recipe, str):
            raise UsageError(
                f"Study {self.name}: sizes.{size}.recipe is {recipe!r}: name a recipe or a file."
            )
        return self.training(f"{role}-{size}", role, recipe, values)


_SCHEMAS: dict[str, type[HeldOut] | type[Sizes]] = {"heldout": HeldOut, "sizes": Sizes}


def study_names(kind: str) -> list[str]:
    """Names of the built-in studies of a kind."""
    return sorted(path.stem for path in STUDIES.glob(f"{kind}*.yaml"))


def load_study(kind: str, name: str | Path) -> Study:
    """A study by name, or from a YAML file.

    Args:
        kind (`str`): `"heldout"` or `"sizes"`.
        name (`str` or `Path`): a name of `study_names(kind)`, or a file.

    Raises:
        UsageError: if the study does not exist, is of the other kind, or has an invalid value.
    """
    path = config_file(name, study_names(kind), f"No {kind} study") or STUDIES / f"{name}.yaml"
    values = read_mapping(path, "study")
    if values.get("kind", kind) != kind:
        raise UsageError(f"{path} is a study of kind {values['kind']!r}: `subgoal study {values['kind']}`.")
    try:
        study = _SCHEMAS[kind].model_validate({"name": path.stem, "kind": kind, **values})
    except ValidationError as error:
        raise UsageError(f"Study {path.stem}: {first_fault(error, _SCHEMAS[kind])}") from None
    study.cells()  # unknown recipes, sizes and tasks are reported before any training
    return study
