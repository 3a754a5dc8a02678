"""Boards: an episode as HTML. Whatever comes from the simulator, a model or a visitor is escaped here."""

from collections.abc import Iterable, Sequence
from html import escape
from itertools import groupby
from textwrap import dedent

from dataset_builder.simulator.tasks import get_task
from dataset_builder.trajectories.agent_state import room_of
from eval_harness.agents.expert_subgoals import SubgoalSpan
from space_app.session.play import RULES, STOPS, Play, Turn
from space_app.session.sessions import Session

_RECENT = 120  # turns that are shown; the download has all


def introduction(task: str, variation: int, description: str) -> str:
    """The task's text with where it stands among the 30."""
    chosen = get_task(task)
    split = chosen.split_of(variation)
    seen = "seen in training" if split == "train" else f"unseen, {split} split"
    facts = [
        chosen.topic,
        f"task {chosen.task_id}",
        f"variation {variation}",
        seen,
        f"{chosen.horizon} horizon",
    ]
    chips = "".join(f"<span class='sg-chip'>{escape(fact)}</span>" for fact in facts)
    return f"<div class='sg-task'><div class='sg-chips'>{chips}</div><p>{escape(description)}</p></div>"


def waiting(description: str, look: str) -> str:
    """The board before the first step."""
    plan = "<p class='sg-empty'>The controller names the first sub-goal as soon as you press Step or Run.</p>"
    talk = (
        "<p class='sg-empty'><b>Run</b> plays the episode, <b>Step</b> takes it slowly: actions, what the "
        "world answers, and points appear here, under the sub-goals they serve.</p>"
        "<p class='sg-empty'>At any moment replace the next sub-goal above, for one action or pinned, and "
        "the executor follows it. Or act yourself and hand back.</p>"
    )
    return _boards([_board("", plan, talk, _gauges(0, RULES.step_limit, [], []) + _world(look, ""))])


def boards(session: Session) -> str:
    """All episodes of a session, side by side if there are two."""
    several = len(session.plays) > 1
    return _boards([_of_play(play, several) for play in session.plays])


def _boards(found: Sequence[str]) -> str:
    return f"<div class='sg-boards n{len(found)}'>{''.join(found)}</div>"


def _of_play(play: Play, titled: bool) -> str:
    title = ""
    if titled:
        kind = "With sub-goals" if play.player.plans else "Flat: no sub-goals"
        title = f"<h3 class='sg-who'>{kind}</h3>"
    turns = play.turns
    side = _gauges(
        play.state.score_points,
        play.moves_left,
        [(turn.moves, max(0, turn.score)) for turn in turns],
        [turn.seconds for turn in turns if turn.by == "agent"],
    )
    return _board(title, _plan(play), _talk(play), side + _world(play.state.look, play.state.inventory))


def _board(title: str, plan: str, talk: str, side: str) -> str:
    return (
        f"<section class='sg-board'>{title}<div class='sg-columns'>"
        f"<div class='sg-panel sg-plan'><h4>Plan</h4>{plan}</div>"
        f"<div class='sg-panel sg-talk'><h4>What happens</h4><div class='sg-scroll' tabindex='0'>"
        f"<div>{talk}</div></div></div>"
        f"<div class='sg-side'>{side}</div></div></section>"
    )


def _plan(play: Play) -> str:
    """Sub-goals with their actions: done, current, and the one that is predicted."""
    if not play.player.plans:
        return "<p class='sg-empty'>From observation to action: no plan to read or to change.</p>"
    chapters = [(name, list(turns)) for name, turns in groupby(play.turns, key=lambda turn: turn.subgoal)]
    changes = not play.over and bool(play.coming)
    goes_on = changes and chapters and chapters[-1][0] == play.coming
    items = []
    for place, (name, turns) in enumerate(chapters):
        current = place == len(chapters) - 1 and (goes_on or not changes) and not play.over
        kind = "now" if current else "done"
        items.append(_item(kind, name, turns, any(turn.steered for turn in turns)))
    if changes and not goes_on:
        items.append(_item("next", play.coming, [], play.steered))
    if play.over:
        items.append(_end(play))
    pinned = "<p class='sg-pinned'>Pinned by you until you release it.</p>" if play.pinned else ""
    return f"<ol class='sg-steps'>{''.join(items)}</ol>{pinned}"


def _item(kind: str, name: str, turns: Sequence[Turn], steered: bool) -> str:
    word = {"done": "done", "now": "current", "next": "predicted"}[kind]
    if steered:
        word += ", yours"
    actions = "".join(
        f"<li class='{turn.by}'>{escape(turn.action)}{', you' if turn.by == 'visitor' else ''}</li>"
        for turn in turns
    )
    return (
        f"<li class='{kind}{' yours' if steered else ''}'><code>{escape(name or 'no sub-goal')}</code>"
        f"<span class='sg-tag'>{word}</span>{_count(turns)}<ul>{actions}</ul></li>"
    )


def _count(turns: Sequence[Turn]) -> str:
    """How many actions."""
    if not turns:
        return ""
    return f"<span class='sg-count'>{len(turns)} action{'s' if len(turns) > 1 else ''}</span>"


def _end(play: Play) -> str:
    reason = play.record().stop_reason
    good = play.state.score_points >= 100
    return f"<li class='end {'won' if good else 'lost'}'>{escape(STOPS.get(reason, reason))}</li>"


def _talk(play: Play) -> str:
    """The transcript as a dialogue, a line between sub-goals."""
    parts = []
    first = max(0, len(play.turns) - _RECENT)
    if first:
        parts.append(f"<p class='sg-empty'>{first} earlier actions are in the download.</p>")
    before, score = None, play.turns[first - 1].score if first else 0
    for number, turn in enumerate(play.turns[first:], first + 1):
        if turn.subgoal and turn.subgoal != before:
            parts.append(f"<div class='sg-goal'><span>{escape(turn.subgoal)}</span></div>")
        parts.append(_dialogue(number, turn, turn.score - score))
        before, score = turn.subgoal, turn.score
    if not parts:
        parts.append(f"<div class='sg-turn'><div class='sg-says'>{_text(play.state.look)}</div></div>")
    return "".join(parts)


def _dialogue(number: int, turn: Turn, gain: int) -> str:
    marks = ""
    if gain:
        marks += f"<span class='sg-points {'up' if gain > 0 else 'down'}'>{gain:+d}</span>"
    if turn.by == "visitor":
        marks += "<span class='sg-tag'>you</span>"
    if turn.last_resort:
        marks += "<span class='sg-tag'>nearest valid action</span>"
    rejected = ""
    if turn.rejected:
        texts = "".join(f"<li>{escape(text)}</li>" for text in turn.rejected)
        rejected = (
            f"<details><summary>{len(turn.rejected)} rejected first</summary><ul>{texts}</ul></details>"
        )
    return (
        f"<div class='sg-turn'><div class='sg-does {turn.by}'><span class='sg-number'>{number}</span>"
        f"<b>{escape(turn.action)}</b>{marks}{rejected}</div>"
        f"<div class='sg-says'>{_text(turn.observation)}</div></div>"
    )


def _gauges(score: int, left: int, points: Sequence[tuple[int, int]], seconds: Sequence[float]) -> str:
    mean = _seconds(sum(seconds) / len(seconds)) if seconds else "&ndash;"
    last = f" (last {_seconds(seconds[-1])})" if seconds else ""
    return (
        "<div class='sg-panel sg-gauges'>"
        f"<div><span class='sg-big' id='sg-score'>{max(0, score)}</span><small>score of 100</small></div>"
        f"<div><span class='sg-big'>{left}</span><small>moves left</small></div>"
        f"<div><span class='sg-big'>{mean}</span><small>models per step{last}</small></div>"
        f"{_curve(points)}</div>"
    )


def _seconds(value: float) -> str:
    return f"{value:.1f} s" if value >= 1 else f"{1000 * value:.0f} ms"


def _curve(points: Sequence[tuple[int, int]]) -> str:
    """Score over moves, as steps."""
    path, height = ["M0 100"], 100
    for moves, score in points:
        path.append(f"H{min(moves, RULES.step_limit)} V{100 - score}")
        height = 100 - score
    end = min(points[-1][0], RULES.step_limit) if points else 0
    line = " ".join(path)
    grid = "".join(f"<path class='grid' d='M0 {y}H100'/>" for y in (0, 25, 50, 75, 100))
    return (
        "<figure class='sg-curve'><svg viewBox='0 -3 100 106' preserveAspectRatio='none' role='img' "
        f"aria-label='Score over moves: {100 - height} after {end} moves'>{grid}"
        f"<path class='area' d='{line} V100 Z'/><path class='line' d='{line}'/></svg>"
        f"<figcaption><span>0</span><span>score over moves</span><span>{RULES.step_limit}</span></figcaption>"
        "</figure>"
    )


def _world(look: str, inventory: str) -> str:
    room = room_of(look) or "somewhere"
    carried = dedent(inventory.partition("\n")[2]) or "nothing yet"
    return (
        f"<div class='sg-panel sg-world'><h4>Inventory</h4><div class='sg-look'>{_text(carried)}</div>"
        f"<h4>Room <em>{escape(room)}</em></h4><div class='sg-look'>{_text(look)}</div></div>"
    )


def _text(text: str) -> str:
    """Escaped, its lines and indents kept by the style sheet."""
    return escape(text.strip().replace("\t", "  "))


def comparison(play: Play | None, stretches: Iterable[SubgoalSpan]) -> str:
    """The expert's path beside the agent's, as two plans."""
    expert = [(stretch.subgoal, [step.action for step in stretch.steps]) for stretch in stretches]
    columns = [("Expert", expert)]
    if play is not None and play.turns:
        own = [
            (name, [turn.action for turn in turns])
            for name, turns in groupby(play.turns, key=lambda turn: turn.subgoal)
        ]
        columns.insert(0, ("Agent", own))
    common = {name for name, _ in columns[0][1]} & {name for name, _ in expert}
    body = "".join(
        _column(title, chapters, common if len(columns) > 1 else set()) for title, chapters in columns
    )
    told = "<p class='sg-empty'>✓ marks the sub-goals that both have.</p>" if len(columns) > 1 else ""
    return f"{told}<div class='sg-compare'>{body}</div>"


def _column(title: str, chapters: Sequence[tuple[str, Sequence[str]]], common: set[str]) -> str:
    count = sum(len(actions) for _, actions in chapters)
    items = "".join(
        f"<li class='{'done' if name in common else 'other'}'><code>{escape(name or 'no sub-goal')}</code>"
        f"<ul>{''.join(f'<li>{escape(action)}</li>' for action in actions)}</ul></li>"
        for name, actions in chapters
    )
    return (
        f"<div class='sg-panel sg-plan'><h4>{title} <em>{len(chapters)} sub-goals, {count} actions</em></h4>"
        f"<ol class='sg-steps'>{items}</ol></div>"
    )


def notice(text: str) -> str:
    """A message above the board; nothing for an empty text."""
    return f"<div class='sg-notice' role='status'>{escape(text)}</div>" if text else ""
