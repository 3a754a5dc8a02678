"""The teacher's prompts: the templates in `prompts/`, filled in with a trajectory and examples.

The guidelines come from the README of the exemplars, so that the teacher, the rules and authors of
exemplars follow the same text.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from string import Template

from dataset_builder.annotation.teacher.answers import render
from dataset_builder.llm.request_format import Message
from dataset_builder.trajectories.subgoals import Segment
from dataset_builder.trajectories.trajectory import Trajectory

Example = tuple[Trajectory, Sequence[Segment]]
ExampleSource = Callable[[str], Sequence[Example]]
"""Task name → annotated paths of the task, such as `dataset_builder.annotation.exemplars.exemplars`."""

FIXED_TASK = "boil"
"""The task of the first example in every prompt, as in the paper."""

_MAX_OBSERVATION_CHARS = 160  # characters of an observation: a look into a room says little about the plan
_FOLDER = Path(__file__).parent / "prompts"
_GUIDE = Path(__file__).parents[1] / "exemplar_data" / "README.md"


def choose_examples(trajectory: Trajectory, count: int, source: ExampleSource) -> list[Example]:
    """The fixed example, then those of the same task; never the same variation.

    Args:
        trajectory (`Trajectory`): to be annotated.
        count (`int`): maximum number.
        source (`ExampleSource`): the annotated trajectories.
    """
    if count < 1:
        return []

    def of_task(task: str) -> list[Example]:
        excluded = (trajectory.task, trajectory.variation)
        return [pair for pair in source(task) if (pair[0].task, pair[0].variation) != excluded]

    examples = of_task(FIXED_TASK)[:1]
    examples += [pair for pair in of_task(trajectory.task) if pair not in examples]
    return examples[:count]


def annotation_messages(
    trajectory: Trajectory, examples: Iterable[Example], form: str, thought: str | None = None
) -> list[Message]:
    """The request for a whole annotation.

    Args:
        trajectory (`Trajectory`): to be annotated.
        examples (`Iterable[Example]`): earlier turns of the conversation.
        form (`str`): form of the answer, one of `dataset_builder.llm.request_format.FORMS`.
        thought (`str`, *optional*): the teacher's first thought about the task.
    """
    messages = [_message("system", _fill("system", **_guide(), form=_form_text(form)))]
    for example, segments in examples:
        answer = render(subgoal_runs(example, segments), form)
        messages += [_message("user", path_text(example)), _message("assistant", answer)]
    request = path_text(trajectory)
    if thought:
        request += "\n" + _fill("first_thought", thought=thought)
    return [*messages, _message("user", request)]


def thought_messages(trajectory: Trajectory) -> list[Message]:
    """The request for a first thought: the task without the trajectory (arXiv 2505.17612)."""
    return [_message("user", _fill("thought", description=_one_line(trajectory.description)))]


def missing_messages(answer: str, trajectory: Trajectory, missing: Iterable[int]) -> list[Message]:
    """The follow-up to an answer that lacks these steps."""
    steps = _steps(trajectory, missing)
    return [_message("assistant", answer), _message("user", _fill("missing", steps=steps))]


def faulty_messages(answer: str, reason: str, form: str) -> list[Message]:
    """The follow-up to an answer that cannot be used at all."""
    request = _fill("faulty", reason=reason, form=_form_text(form))
    return [_message("assistant", answer or "(empty)"), _message("user", request)]


def subgoal_runs(trajectory: Trajectory, segments: Iterable[Segment]) -> list[tuple[str, list[str]]]:
    """Per segment, the sub-goal as text and its actions."""
    return [(str(part.subgoal), trajectory.actions[part.start : part.stop]) for part in segments]


def path_text(trajectory: Trajectory) -> str:
    """Task, first room, and the numbered actions with their observations."""
    first = trajectory.steps[0]
    return _fill(
        "path",
        description=_one_line(trajectory.description),
        start=_one_line(first.look.partition(".")[0]) + ".",
        steps=_steps(trajectory, range(len(trajectory.steps))),
    )


def _steps(trajectory: Trajectory, indices: Iterable[int]) -> str:
    lines = []
    for index in indices:
        step = trajectory.steps[index]
        seen = _one_line(step.observation)
        if len(seen) > _MAX_OBSERVATION_CHARS:
            seen = seen[:_MAX_OBSERVATION_CHARS].rsplit(" ", 1)[0] + " ..."
        lines.append(f"{index + 1}. {step.action} -> {seen}")
    return "\n".join(lines)


def _form_text(form: str) -> str:
    return _text("functional" if form == "functional" else "json")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _message(role: str, content: str) -> Message:
    return {"role": role, "content": content}


def _fill(name: str, **values: str) -> str:
    return Template(_text(name)).substitute(values)


def vocabulary() -> str:
    """The table of sub-goals with their meanings."""
    return _guide()["vocabulary"]


@cache
def _guide() -> dict[str, str]:
    """Sections of the exemplars' README: `vocabulary` and `judgement`."""
    sections = re.split(r"^## (.+)\n", _GUIDE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    text = dict(zip(sections[1::2], sections[2::2], strict=True))
    paragraphs = text["How to judge"].strip().split("\n\n")
    rules = [paragraph for paragraph in paragraphs if paragraph.startswith("- ")]
    return {"vocabulary": text["The vocabulary"].strip(), "judgement": "\n".join(rules)}


@cache
def _text(name: str) -> str:
    return (_FOLDER / f"{name}.txt").read_text(encoding="utf-8").strip()
