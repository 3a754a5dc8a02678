"""`Settings`: what the demo plays with and how much of it at a time."""

import os
from dataclasses import dataclass
from pathlib import Path

from dataset_builder.common.errors import UsageError

_RELEASE = Path(__file__).resolve().parents[1] / "release"


@dataclass(frozen=True)
class Settings:
    """What the demo needs to know.

    Attributes:
        controller, executor: the pair that plays unless a visitor names another; folders or Hub ids.
        flat: model without sub-goals for the comparison; None: no comparison.
        dataset: expert paths, folder or Hub id; None: they are searched in the simulator, which is slow.
        max_episodes: how many may be open at the same time.
        idle_seconds: after so long without a move an episode ends.
        patience: seconds that a visitor waits for a place when all are taken.
    """

    controller: str
    executor: str
    flat: str | None = None
    dataset: str | None = None
    max_episodes: int = 40
    idle_seconds: float = 600.0
    patience: float = 20.0


def chosen_settings(
    controller: str | None = None, executor: str | None = None, flat: str | None = None
) -> Settings:
    """Settings from a command line, else from the environment, else from the `release` folder.

    The environment's names: `SUBGOAL_CONTROLLER`, `SUBGOAL_EXECUTOR`, `SUBGOAL_FLAT`, `SUBGOAL_DATASET`,
    `SUBGOAL_MAX_EPISODES`.

    Raises:
        UsageError: if no pair is given and there is no release, or one of the pair is missing.
    """
    if bool(controller) != bool(executor):
        missing = "executor" if controller else "controller"
        raise UsageError(f"A pair needs both models: add --{missing} ID.")
    names = {
        "controller": controller or os.environ.get("SUBGOAL_CONTROLLER") or _released("controller"),
        "executor": executor or os.environ.get("SUBGOAL_EXECUTOR") or _released("executor"),
    }
    for role, name in names.items():
        if name is None:
            raise UsageError(
                f"There is no released {role} here: give --controller and --executor, Hub ids or folders."
            )
    return Settings(
        str(names["controller"]),
        str(names["executor"]),
        flat or os.environ.get("SUBGOAL_FLAT") or (None if controller else _released("flat")),
        os.environ.get("SUBGOAL_DATASET") or _released("dataset"),
        max_episodes=_number("SUBGOAL_MAX_EPISODES", Settings.max_episodes),
    )


def _released(part: str) -> str | None:
    folder = _RELEASE / part
    marker = "README.md" if part == "dataset" else "config.json"
    return str(folder) if (folder / marker).is_file() else None


def _number(name: str, default: int) -> int:
    text = os.environ.get(name)
    if not text:
        return default
    if not text.isdigit() or not int(text):
        raise UsageError(f"{name} is {text!r}: set it to a number above 0.")
    return int(text)
