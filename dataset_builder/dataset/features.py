"""Columns of the dataset's configurations: their types, and a description of each for the card."""

from typing import Any, NamedTuple

import datasets

from dataset_builder.trajectories.model_input import ROLES

CONFIGS = ("trajectories", "exemplars", *ROLES)
"""Names of the dataset's configurations, the default first."""

UNSIMPLIFIED = "-unsimplified"
"""Ending of the configurations made from a corpus without simplifications."""

UNSIMPLIFIED_CONFIGS = tuple(f"{name}{UNSIMPLIFIED}" for name in ("trajectories", *ROLES))
"""Further configurations, with the same columns, if the dataset was built with such a corpus."""


class Column(NamedTuple):
    """A column's type and description.

    Example:

    ```python
    >>> columns("controller")["step"].meaning
    'index of the step within the path, from 0'
    ```
    """

    feature: Any
    meaning: str


_TEXT = datasets.Value("string")
_TEXTS = datasets.List(_TEXT)
_NUMBER = datasets.Value("int32")
_NUMBERS = datasets.List(_NUMBER)

_WHICH = {
    "task": Column(_TEXT, "ScienceWorld's name of the task, such as `boil`"),
    "task_id": Column(_TEXT, "its number in the papers, `1-1` to `10-2`"),
    "variation": Column(_NUMBER, "ScienceWorld's variation of the task; the split follows from it"),
}
_TRAJECTORY = {
    **_WHICH,
    "description": Column(_TEXT, "the task as the simulator words it"),
    "simplifications": Column(_TEXT, "ScienceWorld's simplifications that the episode was loaded with"),
    "look": Column(_TEXTS, "per step: the room, before the action"),
    "inventory": Column(_TEXTS, "per step: what is carried, before the action"),
    "action": Column(_TEXTS, "per step: the action, in the simulator's words"),
    "observation": Column(_TEXTS, "per step: the simulator's answer"),
    "score": Column(datasets.List(datasets.Value("float32")), "per step: score after the action, 0 to 1"),
    "moves": Column(_NUMBERS, "per step: moves used so far; waiting takes several"),
    "subgoal": Column(_TEXTS, "per step: the sub-goal that the action serves, `name(argument, …)`"),
    "segment": Column(_NUMBERS, "per step: index of the sub-goal within the path, from 0"),
    "annotator": Column(_TEXT, "who named the sub-goals"),
    "path": Column(_TEXT, "`tidied`, or `simulator` for the solver's own path"),
    "scienceworld_version": Column(_TEXT, "version of the `scienceworld` package that played it"),
}
_EXAMPLE = {
    "input": Column(_TEXT, "what the model reads: the state as text"),
    "target": Column(_TEXT, "what it should answer: a sub-goal (`controller`) or an action"),
    **_WHICH,
    "step": Column(_NUMBER, "index of the step within the path, from 0"),
    "state_text_version": Column(_TEXT, "version of the input's form"),
}


def columns(config: str) -> dict[str, Column]:
    """The columns of a configuration, by name and in order."""
    return _EXAMPLE if config.removesuffix(UNSIMPLIFIED) in ROLES else _TRAJECTORY


def features(config: str) -> datasets.Features:
    """The typed features of a configuration."""
    return datasets.Features({name: column.feature for name, column in columns(config).items()})
