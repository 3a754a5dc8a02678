"""`Settings`: the models of the demo and its limits."""

import os
from dataclasses import dataclass
from pathlib import Path

from dataset_builder.common.errors import UsageError

_RELEASE = Path(__file__).resolve().parents[1] / "release"


@dataclass(frozen=True)
class Settings:
    """Models and limits of the demo.

    Attributes:
        controller, executor: folders or Hub ids of the pair that plays unless a visitor names another.
        flat: a model without sub-goals for the comparison; None for no comparison.
        dataset: folder or Hub id of the expert paths; without it they are searched in the simulator (slow).
        tool_agent: an agent with tools, which has a page of its own; None for no such page.
        tool_cot: answers the same questions by chain of thought; None for the model of `tool_agent`.
        tool_base: base of `tool_agent` and `tool_cot`, if not the one that the adapter names.
        tool_passages: what that agent searches: a file, a folder, a Hub id, or the address of a server.
        max_episodes: most episodes open, and most questions being answered, at the same time.
        idle_seconds: an episode without a move for this long is closed.
        max_wait_seconds: how long a visitor waits for a free slot.

    Example:

    ```python
    Settings("release/controller", "release/executor", max_episodes=10)
    ```
    """

    controller: str
    executor: str
    flat: str | None = None
    dataset: str | None = None
    tool_agent: str | None = None
    tool_cot: str | None = None
    tool_base: str | None = None
    tool_passages: str | None = None
    max_episodes: int = 40
    idle_seconds: float = 600.0
    max_wait_seconds: float = 20.0


def find_settings(
    controller: str | None = None,
    executor: str | None = None,
    flat: str | None = None,
    tool_agent: str | None = None,
    tool_cot: str | None = None,
    tool_base: str | None = None,
    tool_passages: str | None = None,
) -> Settings:
    """Settings from the arguments, else from the environment, else from the `release` folder.

    The environment variables are `SUBGOAL_CONTROLLER`, `SUBGOAL_EXECUTOR`, `SUBGOAL_FLAT`, `SUBGOAL_DATASET`,
    `SUBGOAL_TOOL_AGENT`, `SUBGOAL_TOOL_COT`, `SUBGOAL_TOOL_BASE`, `SUBGOAL_TOOL_PASSAGES` and
    `SUBGOAL_MAX_EPISODES`.

    Args:
        controller, executor, flat (`str`, *optional*): see `Settings`.
        tool_agent, tool_cot, tool_base, tool_passages (`str`, *optional*): see `Settings`.

    Raises:
        UsageError: if only one model of the pair is given, or none is and there is no release; or a model
            or passages for an agent with tools that is not there.
    """
    if bool(controller) != bool(executor):
        missing = "executor" if controller else "controller"
        raise UsageError(f"A pair needs both models: add --{missing} ID.")
    tool_agent = tool_agent or os.environ.get("SUBGOAL_TOOL_AGENT") or released("tool-agent")
    tool_cot = tool_cot or os.environ.get("SUBGOAL_TOOL_COT")
    tool_passages = tool_passages or os.environ.get("SUBGOAL_TOOL_PASSAGES")
    if tool_agent is None and (tool_cot or tool_passages):
        raise UsageError("There is no released agent with tools here: pass --tool-agent (Hub id or folder).")
    controller_id = controller or os.environ.get("SUBGOAL_CONTROLLER") or released("controller")
    executor_id = executor or os.environ.get("SUBGOAL_EXECUTOR") or released("executor")
    if not controller_id or not executor_id:
        missing = "executor" if controller_id else "controller"
        raise UsageError(
            f"There is no released {missing} here: pass --controller and --executor (Hub ids or folders)."
        )
    return Settings(
        controller_id,
        executor_id,
        # The released flat model is not a fair comparison for another pair.
        flat or os.environ.get("SUBGOAL_FLAT") or (None if controller else released("flat")),
        os.environ.get("SUBGOAL_DATASET") or released("dataset"),
        tool_agent,
        tool_cot,
        tool_base or os.environ.get("SUBGOAL_TOOL_BASE"),
        tool_passages or released("tool-agent/passages.jsonl"),
        max_episodes=_number("SUBGOAL_MAX_EPISODES", Settings.max_episodes),
    )


def released(part: str) -> str | None:
    """Path of a part of the release; None if it is not here.

    Args:
        part (`str`): `dataset`, the folder of a model, or a file.
    """
    path = _RELEASE / part
    markers = ("README.md",) if part == "dataset" else ("config.json", "adapter_config.json")
    return str(path) if path.is_file() or any((path / marker).is_file() for marker in markers) else None


def _number(name: str, default: int) -> int:
    text = os.environ.get(name)
    if not text:
        return default
    if not text.isdigit() or not int(text):
        raise UsageError(f"{name} is {text!r}: set it to a number above 0.")
    return int(text)
