"""The teacher's answers as text: rendered for examples, parsed from whatever a model returned."""

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from dataset_builder.common.errors import SubgoalError
from dataset_builder.llm.reasoning import json_values
from dataset_builder.trajectories.subgoals import SubGoal, SubGoalSyntaxError


class AnswerError(SubgoalError):
    """An answer cannot be used; the message tells the teacher why.

    Example:

    ```python
    >>> parse_answer("I would first open the door.")
    Traceback (most recent call last):
        ...
    dataset_builder.annotation.teacher.answers.AnswerError: it names no sub-goals in the form asked for.
    ```
    """


class Answered(NamedTuple):
    """A sub-goal of an answer with the actions that fulfil it.

    Example:

    ```python
    >>> (part,) = parse_answer('1- navigate_to(kitchen): {"open door to kitchen", "go to kitchen"}')
    >>> print(part.subgoal, part.actions)
    navigate_to(kitchen) ['open door to kitchen', 'go to kitchen']
    ```
    """

    subgoal: SubGoal
    actions: list[str]


class _Strict(BaseModel):
    # Strict schemas must say so. Validation still accepts extra keys, as JSON mode may return them.
    model_config = ConfigDict(json_schema_extra={"additionalProperties": False})


class _Segment(_Strict):
    subgoal: str
    actions: list[str]


class _Answer(_Strict):
    segments: list[_Segment]


ANSWER_SCHEMA = _Answer.model_json_schema()
"""JSON schema of an answer, for servers that enforce one."""


def render(pairs: Iterable[tuple[str, Sequence[str]]], form: str) -> str:
    """Sub-goals with their actions as an answer in this form.

    Args:
        pairs (`Iterable[tuple[str, Sequence[str]]]`): sub-goal and its actions, in the order of the path.
        form (`str`): one of `dataset_builder.llm.request_format.FORMS`.

    Example:

    ```python
    >>> render([("navigate_to(kitchen)", ["open door to kitchen", "go to kitchen"])], "functional")
    '1- navigate_to(kitchen): {"open door to kitchen", "go to kitchen"}'
    ```
    """
    if form != "functional":
        return json.dumps({"segments": [{"subgoal": name, "actions": list(run)} for name, run in pairs]})
    lines = []
    for number, (name, run) in enumerate(pairs, 1):
        quoted = ", ".join(f'"{action}"' for action in run)
        lines.append(f"{number}- {name}: {{{quoted}}}")
    return "\n".join(lines)


def parse_answer(text: str) -> list[Answered]:
    """Parse an answer in either form, also within a code fence or prose.

    Args:
        text (`str`): the answer without the model's reasoning.

    Raises:
        AnswerError: if it has no sub-goals, or one of the wrong form.
    """
    value = _json_answer(text)
    if value is not None:
        try:
            answer = _Answer.model_validate({"segments": value} if isinstance(value, list) else value)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise AnswerError(f"the JSON does not fit the form at {where}: {first['msg']}.") from error
        pairs = [(segment.subgoal, segment.actions) for segment in answer.segments]
    else:
        pairs = _functional(text)
    if not pairs:
        broken = value is None and text.startswith(("{", "[", "```"))
        raise AnswerError("it is broken JSON." if broken else "it names no sub-goals in the form asked for.")
    return [Answered(_subgoal(name), actions) for name, actions in pairs]


def is_json(text: str) -> bool:
    """Whether an answer holds the JSON that was asked for."""
    return _json_answer(text) is not None


def first_paragraph(text: str) -> str:
    """The first paragraph of a thought, without the label before it."""
    paragraph = text.split("\n\n", 1)[0]
    return " ".join(re.sub(r"^\W*thought\W*:\W*", "", paragraph, flags=re.IGNORECASE).split())


def _json_answer(text: str) -> Any:
    """The last complete JSON value of an answer: models write drafts before it. None if there is none."""
    values, broken_first = json_values(text)
    answers = [value for value in values if _has_segments(value)]
    if answers:
        return answers[-1]
    # Without `segments` it may be a part of a value that is cut off: that is not an answer.
    return values[-1] if values and not broken_first else None


def _has_segments(value: Any) -> bool:
    """Whether this is an answer, rather than a part of one or an example of something else."""
    if isinstance(value, dict):
        return "segments" in value
    return all(isinstance(part, dict) and "subgoal" in part for part in value)


# All patterns take linear time: a model can fill its context with one character.
_HEAD = re.compile(
    r"^[ \t>*#-]*+(?:\d+[ \t]*[-.):]+[ \t]*)?+[*`]*+([A-Za-z]\w*\([^()\n]*\))[*`]*[ \t]*[:=-]+>?",
    re.MULTILINE,
)
_DOUBLY_QUOTED = re.compile(r'"([^"\n]+)"')
# An apostrophe within a word does not end the text.
_QUOTED = re.compile(r"'(.{1,200}?)'(?=[^\S\n]*+(?:[,}\]\n]|$))")


def _functional(text: str) -> list[tuple[str, list[str]]]:
    heads = list(_HEAD.finditer(text))
    ends = [*(head.start() for head in heads[1:]), len(text)]
    return [(head[1], _actions(text[head.end() : end])) for head, end in zip(heads, ends, strict=False)]


def _actions(body: str) -> list[str]:
    """The actions of a numbered line: quoted, else separated by commas or line breaks."""
    quoted = _DOUBLY_QUOTED.findall(body) or _QUOTED.findall(body)
    parts = quoted or re.split(r"[,\n]", body.strip().strip("{}[]"))
    cleaned = (re.sub(r"^\s*(?:[-*]|\d+[.)])\s+", "", part).strip(" \t`") for part in parts)
    return [part for part in cleaned if part]


def _subgoal(text: str) -> SubGoal:
    """Read a sub-goal; `NavigateTo('kitchen')` counts as `navigate_to(kitchen)`."""
    text = text.encode("utf-8", "replace").decode()  # JSON can spell lone surrogates
    name, bracket, inner = text.strip().partition("(")
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip()).lower()
    closed = inner.endswith(")")
    arguments = ", ".join(part.strip(" '\"`") for part in inner.removesuffix(")").split(","))
    try:
        return SubGoal.parse(f"{name}{bracket}{arguments}{')' if closed else ''}")
    except SubGoalSyntaxError as error:
        raise AnswerError(str(error)) from error
