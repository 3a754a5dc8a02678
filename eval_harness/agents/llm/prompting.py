"""Prompt templates in `prompts/`, the transcript of the game, and parsers of answers."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from string import Template

from dataset_builder.trajectories.agent_state import AgentState
from modeling.prompts.target import bare_line
from modeling.prompts.template import TEMPLATES

MAX_ACTIONS_SHOWN = 40
"""Past actions in a request; earlier ones are omitted."""

_MAX_OBSERVATION_CHARS = 400  # characters of an observation
_MAX_EXAMPLE_ACTIONS = 60  # actions of the worked example
_FOLDER = Path(__file__).parent / "prompts"


def fill(prompt: str, **values: object) -> str:
    """A prompt template by its file's name, with its placeholders filled in (`$game`: the game's rules)."""
    return Template(_text(_FOLDER, prompt)).substitute({"game": _text(TEMPLATES, "game"), **values})


@cache
def _text(folder: Path, name: str) -> str:
    return (folder / f"{name}.txt").read_text(encoding="utf-8").strip()


def game_so_far(
    state: AgentState, thoughts: Mapping[int, str] | None = None, intended: Mapping[int, str] | None = None
) -> dict[str, str]:
    """`task`, `transcript` and `now` of a prompt.

    Args:
        state (`AgentState`): the game.
        thoughts (`Mapping`, *optional*): step → the thought before it.
        intended (`Mapping`, *optional*): step → the intended action. If another one was played, the
            simulator rejected it, and the transcript says so.
    """
    thoughts, intended = thoughts or {}, intended or {}
    first = max(0, state.step - MAX_ACTIONS_SHOWN)
    lines = [f"({first} earlier actions are left out.)"] if first else []
    for step, event in enumerate(state.history[first:], first):
        if thoughts.get(step):
            lines.append(f"Thought: {thoughts[step]}")
        if intended.get(step, event.action) != event.action:
            lines.append(f"({intended[step]!r} is no action of the game; this was done instead:)")
        points = f" (score {event.reward:+d})" if event.reward else ""
        lines += [f"Action: {event.action}", f"Observation: {one_line(event.observation)}{points}"]
    now = [
        f"You see: {one_line(state.look, 2000)}",
        f"You carry: {one_line(state.inventory)}",
        f"Score: {state.score_points} of 100. Moves: {state.moves}.",
    ]
    return {
        "task": one_line(state.description, 2000),
        "transcript": "\n".join(lines) or "(no action yet)",
        "now": "\n".join(now),
    }


@cache
def example(task: str, variation: int) -> str:
    """A solved episode of the same task and another variation, with its sub-goals as thoughts.

    Args:
        task (`str`): simulator name.
        variation (`int`): the variation being played.
    """
    from dataset_builder.annotation.exemplars import exemplars

    others = [pair for pair in exemplars(task) if pair[0].variation != variation]
    if not others:
        return "(none)"
    path, segments = min(others, key=lambda pair: len(pair[0].steps))
    lines = [f"Task: {one_line(path.description, 2000)}"]
    for segment in segments:
        lines.append(f"Thought: My next sub-goal is {segment.subgoal}.")
        for step in path.steps[segment.start : min(segment.stop, _MAX_EXAMPLE_ACTIONS)]:
            lines += [f"Action: {step.action}", f"Observation: {one_line(step.observation, 160)}"]
        if segment.stop >= _MAX_EXAMPLE_ACTIONS:
            break
    return "\n".join(lines)


def one_line(text: str, longest: int = _MAX_OBSERVATION_CHARS) -> str:
    """The text in one line, truncated if it is too long."""
    line = " ".join(text.split())
    return line if len(line) <= longest else line[:longest].rsplit(" ", 1)[0] + " ..."


def read_thought_and_action(text: str) -> tuple[str, str]:
    """Thought and action of an answer: the first line `Action: …`, or the only line of the answer.

    An answer without either is `("", "")`. What a model writes after its first action, such as the
    observation it expects, is ignored.
    """
    action = re.search(r"^[\s*_#]*Action[\s*_]*\d*[\s*_]*:[\s*_]*(.+)$", text, re.IGNORECASE | re.MULTILINE)
    if action:
        thought = re.sub(r"^[\s*_#]*Thought[\s*_]*\d*[\s*_]*:", "", text[: action.start()], flags=re.I)
        return one_line(thought.strip(" *_\n")), plain_action(action.group(1))
    lines = [line for line in text.splitlines() if line.strip(" *_#:").lower() not in ("", "action")]
    return ("", plain_action(lines[0])) if len(lines) == 1 else (one_line(" ".join(lines)), "")


def read_actions(text: str, most: int) -> list[str]:
    """The actions of a list, one per line, without numbers and markup."""
    lines = [plain_action(re.sub(r"^Action\s*\d*\s*:", "", line.strip())) for line in text.splitlines()]
    return list(filter(None, lines))[:most]


def plain_action(line: str) -> str:
    """An action without list marks, quotes and a full stop; `""` if it is too long to be one."""
    bare = bare_line(line)
    return bare.lower() if len(bare) <= 120 else ""
