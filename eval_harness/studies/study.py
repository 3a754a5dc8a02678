"""Studies: which pairs to train and play for one question, from one YAML file.

`heldout` leaves one topic out at a time; `sizes` varies the controller's and the executor's size, each
while the other keeps its own. A study is a list of cells; a cell is two trainings and one run.
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
KINDS = ("heldout", "sizes")
ALL_TASKS = "nothing"
"""Name of the cell of a `heldout` study that holds nothing out: what the others are compared with."""

TOPICS = tuple(dict.fromkeys(task.topic for task in TASKS.values()))
_NAME = re.compile(r"[A-Za-z0-9._-]+")
Role = Literal["controller", "executor"]


@dataclass(frozen=True)
class Training:
    """A checkpoint that a study needs; several cells may share it.

    Attributes:
        name: of its folder.
        role: `controller` or `executor`.
        recipe: of that role.
    """

    name: str
    role: Role
    recipe: Recipe


@dataclass(frozen=True)
class Cell:
    """One row of a study's report.

    Attributes:
        name: also of its run folder: the topic held out, or `CONTROLLER+EXECUTOR`, their sizes.
        controller, executor: who plays.
        held_out: tasks that neither was trained on because of the study.
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
    """What both kinds of study have in common.

    Attributes:
        name: how reports call it.
        about: one line for people.
        recipe: name of a recipe, or a YAML file.
        changes: values that replace the recipe's, in all cells.
        protocol: rules of the runs: a name, or a YAML file.
        tasks: play only these of the protocol's tasks; None: all of them.
        max_variations: play at most so many variations per task.
        seed: of the trainings and the runs.
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
        """The cells, in the order in which they are done.

        Raises:
            UsageError: for a recipe, a value or a task that there is none of.
        """

    def choose(self, names: str | None) -> list[Cell]:
        """The cells of a comma-separated list, or all.

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
            raise UsageError(f"--cells names none: use {', '.join(cells)}.")
        return [cells[name] for name in wanted]

    def rules(self) -> Protocol:
        """The protocol, checked to have the study's tasks."""
        rules = load_protocol(self.protocol)
        rules.units(self.tasks, self.max_variations, self.seed)
        return rules

    def training(self, name: str, role: Role, recipe: str, *changes: Mapping[str, Any]) -> Training:
        """A training by a recipe, with the study's changes and then these."""
        chosen = load_recipe(recipe).for_role(role)
        for values in (self.changes, *changes, {"seed": self.seed}):
            # As a role's values: single entries of `architecture` may change.
            chosen = chosen.with_values(roles={role: dict(values)}).for_role(role)
        return Training(name, role, chosen)


class HeldOut(Study):
    """Leave one topic out: neither model is trained on its tasks, and all tasks are played.

    Attributes:
        topics: which ones, each in a cell of its own; by default all topics that are played.
        reference: also a pair trained on everything.
    """

    kind: Literal["heldout"] = "heldout"
    topics: tuple[str, ...] | None = None
    reference: bool = True

    @field_validator("topics")
    @classmethod
    def _known(cls, topics: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if topics == ():
            raise ValueError("it names none: leave the key out for all topics")
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
            own = self.training(folder, role, self.recipe)
            changes = {"exclude_tasks": (*own.recipe.exclude_tasks, *tasks)}
            return self.training(folder, role, self.recipe, changes)

        return Cell(name, trained("controller"), trained("executor"), tasks)


class Sizes(Study):
    """Vary one model's size while the other keeps `middle`'s, or both at once.

    Attributes:
        sizes: name → values that replace the recipe's, such as `architecture` or `base`; `recipe` takes
            another recipe.
        middle: size of the model that is not varied.
        controller, executor: sizes that each is given; by default all.
        grid: play every controller with every executor.
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
                raise ValueError(f"{name!r} is no name for a size: use letters, digits, dots and dashes")
        return sizes

    def cells(self) -> list[Cell]:
        controllers, executors = (
            tuple(self.sizes) if chosen is None else chosen for chosen in (self.controller, self.executor)
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
            Cell(f"{one}+{other}", self._sized("controller", one), self._sized("executor", other))
            for one, other in dict.fromkeys(pairs)
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
    """Names of the studies of a kind that come with the package."""
    return sorted(path.stem for path in STUDIES.glob(f"{kind}*.yaml"))


def load_study(kind: str, name: str | Path) -> Study:
    """A study by name, or from a YAML file.

    Args:
        kind (`str`): one of `KINDS`: what the command asks for.
        name (`str` or `Path`): a name of `study_names(kind)`, or a file.

    Raises:
        UsageError: if there is none, or it is of the other kind, or a value cannot be used.
    """
    path = config_file(name, study_names(kind), f"No {kind} study") or STUDIES / f"{name}.yaml"
    values = read_mapping(path, "study")
    if values.get("kind", kind) != kind:
        raise UsageError(f"{path} is a study of kind {values['kind']!r}: `subgoal study {values['kind']}`.")
    try:
        study = _SCHEMAS[kind].model_validate({"name": path.stem, "kind": kind, **values})
    except ValidationError as error:
        raise UsageError(f"Study {path.stem}: {first_fault(error, _SCHEMAS[kind])}") from None
    study.cells()  # recipes, sizes and tasks are looked up before anything is trained
    return study
