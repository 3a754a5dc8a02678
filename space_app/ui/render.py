"""Episodes and answered questions as HTML.

The templates escape all text of the simulator, the models and the visitors.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from html import escape
from textwrap import dedent
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined

from dataset_builder.simulator.look import room_of
from dataset_builder.simulator.tasks import get_task
from eval_harness.agents.expert_subgoals import SubgoalSpan
from space_app.session.episode import RULES, STOP_REASONS, DemoEpisode, Turn, segments
from space_app.session.sessions import Session
from space_app.session.tools import Progress

_MAX_TURNS = 120
"""Turns that the page shows: each step sends the whole board again. The download has all turns."""


class PlanItem(NamedTuple):
    """A sub-goal of the plan.

    Attributes:
        status: `done`, `now` or `next`.
        subgoal: its text.
        turns: the actions played for it.
        steered: whether the visitor set it.

    Example:

    ```python
    PlanItem("next", "navigate_to(kitchen)", [], steered=True)
    ```
    """

    status: str
    subgoal: str
    turns: Sequence[Turn]
    steered: bool


def render_introduction(task: str, variation: int, description: str) -> str:
    """The task description with topic, id, split and horizon of the task."""
    spec = get_task(task)
    split = spec.split_of(variation)
    seen = "seen in training" if split == "train" else f"unseen, {split} split"
    facts = [
        spec.topic,
        f"task {spec.task_id}",
        f"variation {variation}",
        seen,
        f"{spec.horizon} horizon",
    ]
    return _render("introduction.html", facts=facts, description=description)


def render_waiting(look: str) -> str:
    """The board before the first step."""
    return _boards([_render("waiting.html", **_side(0, RULES.step_limit, [], look, ""))])


def render_session(session: Session) -> str:
    """All episodes of a session, side by side if there are two."""
    titled = len(session.episodes) > 1
    return _boards([_board(episode, titled) for episode in session.episodes])


def _boards(boards: Sequence[str]) -> str:
    return f"<div class='sg-boards n{len(boards)}'>{''.join(boards)}</div>"


def _board(episode: DemoEpisode, titled: bool) -> str:
    state, turns = episode.state, episode.turns
    hidden = max(0, len(turns) - _MAX_TURNS)
    scores = [0, *(turn.score for turn in turns)]
    dialogue = [(i + 1, turns[i], scores[i + 1] - scores[i]) for i in range(hidden, len(turns))]
    reason = episode.record().stop_reason
    return _render(
        "episode.html",
        titled=titled,
        has_plan=episode.agent.has_plan,
        plan=_plan(episode),
        pinned=episode.pinned,
        over=episode.over,
        stop_reason=STOP_REASONS.get(reason, reason),
        hidden=hidden,
        dialogue=dialogue,
        **_side(state.score_points, episode.moves_left, turns, state.look, state.inventory),
    )


def _side(score: int, moves_left: int, turns: Sequence[Turn], look: str, inventory: str) -> dict[str, Any]:
    """The content of the right column of a board."""
    seconds = [turn.model_seconds for turn in turns if turn.by == "agent"]
    return {
        "score": max(0, score),
        "won": score >= 100,
        "moves_left": moves_left,
        "mean_seconds": _format_seconds(sum(seconds) / len(seconds)) if seconds else "\N{EN DASH}",
        "last_seconds": _format_seconds(seconds[-1]) if seconds else "",
        "curve": _curve(turns),
        "moves": min(turns[-1].moves, RULES.step_limit) if turns else 0,
        "step_limit": RULES.step_limit,
        "look": look,
        "room": room_of(look) or "somewhere",
        # The first line only says that an inventory follows.
        "inventory": dedent(inventory.partition("\n")[2]) or "nothing yet",
    }


def _plan(episode: DemoEpisode) -> list[PlanItem]:
    """The sub-goals so far, and the next one where it differs from the last."""
    played = segments(episode.turns)
    has_next = not episode.over and bool(episode.next_subgoal)
    continues = has_next and bool(played) and played[-1][0] == episode.next_subgoal
    items = [
        PlanItem("done", subgoal, turns, any(turn.steered for turn in turns)) for subgoal, turns in played
    ]
    if items and not episode.over and (continues or not has_next):
        items[-1] = items[-1]._replace(status="now")
    if has_next and not continues:
        items.append(PlanItem("next", episode.next_subgoal, [], episode.steered))
    return items


def _format_seconds(value: float) -> str:
    return f"{value:.1f} s" if value >= 1 else f"{1000 * value:.0f} ms"


def _curve(turns: Sequence[Turn]) -> str:
    """Score over moves as an SVG path of steps; x is 0 to 100 moves, y is 100 minus the score."""
    steps = [f"H{min(turn.moves, RULES.step_limit)} V{100 - max(0, turn.score)}" for turn in turns]
    return " ".join(["M0 100", *steps])


def render_comparison(episode: DemoEpisode | None, expert: Iterable[SubgoalSpan]) -> str:
    """The agent's plan (if an episode has begun) and the expert's, in two columns."""
    columns = [("Expert", [(span.subgoal, [step.action for step in span.steps]) for span in expert])]
    if episode is not None and episode.turns:
        played = [(subgoal, [turn.action for turn in run]) for subgoal, run in segments(episode.turns)]
        columns.insert(0, ("Agent", played))
    names = [{subgoal for subgoal, _ in column} for _, column in columns]
    common = set.intersection(*names) if len(names) > 1 else set()
    return _render("comparison.html", columns=columns, common=common)


def render_progress(
    progress: Progress, agent: str, cot: str, reference: str = "", working: bool = False
) -> str:
    """A question, the agent's steps with tools, and the chain of thought beside them.

    Args:
        progress (`Progress`): what has come so far.
        agent, cot (`str`): names of the models.
        reference (`str`, *optional*): the right answer, if it is known.
        working (`bool`, *optional*, defaults to `False`): whether more is to come.
    """
    return _render(
        "question.html", progress=progress, agent=agent, cot=cot, reference=reference, working=working
    )


def render_notice(text: str) -> str:
    """A message above the board; an empty text gives no HTML."""
    return f"<div class='sg-notice' role='status'>{escape(text)}</div>" if text else ""


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("space_app.ui"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["seconds"] = _format_seconds
    # The style sheet keeps line breaks and indents of the simulator's text.
    environment.filters["plain"] = lambda text: text.strip().replace("\t", "  ")
    return environment


def _render(template: str, **values: Any) -> str:
    return _templates().get_template(template).render(values)
