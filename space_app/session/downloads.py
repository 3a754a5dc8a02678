"""An episode to take home: JSON in the harness's form, and Markdown to read."""

import json
from collections.abc import Iterator
from itertools import groupby

from dataset_builder.simulator.tasks import get_task
from space_app.session.play import STOPS, Play, Turn


def json_text(play: Play) -> str:
    """The episode as `subgoal eval replay FILE` reads it."""
    return json.dumps(play.record().to_dict(), ensure_ascii=False, indent=1) + "\n"


def markdown(play: Play) -> str:
    """The episode as a document: the plan, and under each sub-goal what was done for it."""
    task = get_task(play.unit.task)
    state = play.state
    head = [
        f"# {task.name}, variation {play.unit.variation}",
        "",
        f"Task {task.task_id}, {task.split_of(play.unit.variation)} split, seed {play.unit.seed}. "
        f"Played by {' + '.join(play.player.names)}.",
        "",
        *(f"> {line}" for line in state.description.splitlines()),
        "",
        f"Score **{max(0, state.score_points)}** after {state.moves} moves. "
        f"{STOPS.get(play.record().stop_reason, 'Not finished.')}",
    ]
    return "\n".join([*head, *_chapters(play.turns)]) + "\n"


def _chapters(turns: list[Turn]) -> Iterator[str]:
    number = 0
    for subgoal, group in groupby(turns, key=lambda turn: turn.subgoal):
        yield ""
        yield f"## {subgoal or 'Actions'}"
        yield ""
        for turn in group:
            number += 1
            who = " (visitor)" if turn.by == "visitor" else ""
            answer = " ".join(turn.observation.split())
            yield f"{number}. `{turn.action}`{who}: {answer} Score {turn.score}."
