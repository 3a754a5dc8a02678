"""Decisions: steps at which a model names one of several alternatives that the task's text offers.

Most steps of an episode follow from what is in sight. At a decision (which box, which inclined plane?) two
answers are equally likely for a model that ignores the evidence, and the wrong one loses the episode.
Only one step in ten to forty is a decision, so the mean loss and exact match over all steps hardly show them.
"""

import re

_BOX = re.compile(r"\b[a-z]+ box\b")
_PLANES = re.compile(r"two inclined planes \((.+?), (.+?)\)")
_ANSWER = re.compile(r"(?:focus_on|place)\((.+)\)|(?:focus on|move .+ to) (.+)")
_TASK_ENDS = re.compile(r" \| room: | </s> ")
_GOAL = re.compile(r" \| goal: (.*?)(?= \| readings: |$)|The current subtask is (.*?)(?=Action history: )")


DECIDING_TASKS = (
    "use-thermometer",
    "measure-melting-point-known-substance",
    "measure-melting-point-unknown-substance",
    "test-conductivity",
    "test-conductivity-of-unknown-substances",
    "inclined-plane-determine-angle",
    "inclined-plane-friction-named-surfaces",
    "inclined-plane-friction-unnamed-surfaces",
    "mendelian-genetics-known-plant",
    "mendelian-genetics-unknown-plant",
)
"""Tasks whose texts offer alternatives."""

_ANSWERED = re.compile(r"focus on (?:inclined plane .+|[a-z]+ box)|move .+ to [a-z]+ box")


def decides(task: str, action: str) -> bool:
    """Whether an action of this task decides for an alternative, right or wrong.

    Args:
        task (`str`): simulator name.
        action (`str`): text of the action.
    """
    return task in DECIDING_TASKS and _ANSWERED.fullmatch(action) is not None


def alternatives(task: str) -> tuple[str, ...]:
    """The alternatives in a task's text: boxes or inclined planes; empty if there are fewer than two.

    Args:
        task (`str`): the task's text.
    """
    planes = _PLANES.search(task)
    if planes:
        return tuple(
            f"inclined plane {name}" if len(name) == 1 else f"inclined plane with a {name} surface"
            for name in planes.groups()
        )
    boxes = tuple(dict.fromkeys(_BOX.findall(task)))
    return boxes if len(boxes) > 1 else ()


def decided_for(task: str, answer: str) -> str | None:
    """The alternative that an answer decides for, None if it decides for none.

    To focus on an alternative or to place something in it decides; to slide a block down a plane does not.

    Args:
        task (`str`): the task's text.
        answer (`str`): a sub-goal or an action.
    """
    match = _ANSWER.fullmatch(answer)
    if match is None:
        return None
    named = match[1].split(", ") if match[1] else [match[2]]
    offered = alternatives(task)
    if answer.startswith(("move ", "place(")) and offered and offered[0].startswith("inclined plane"):
        return None
    return next((name for name in offered if name in named), None)


def is_decision(text: str, target: str) -> bool:
    """Whether the target of an example decides, and does not only repeat the current sub-goal.

    Args:
        text (`str`): a model's input, composed by `model_input`.
        target (`str`): its sub-goal or action.
    """
    if decided_for(task_of(text), target) is None:
        return False
    goal = _GOAL.search(text)
    return goal is None or target != (goal[1] or goal[2])


def task_of(text: str) -> str:
    """The task's text in a model's input."""
    return _TASK_ENDS.split(text, maxsplit=1)[0]
