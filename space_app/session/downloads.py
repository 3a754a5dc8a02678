"""An episode as a file: JSON for `subgoal eval replay`, and Markdown to read."""

import json
from collections.abc import Iterator

from dataset_builder.simulator.tasks import get_task
from space_app.session.episode import STOP_REASONS, DemoEpisode, Turn, segments


def to_json(episode: DemoEpisode) -> str:
    """The episode as `subgoal eval replay FILE` reads it."""
    return json.dumps(episode.record().to_dict(), ensure_ascii=False, indent=1) + "\n"


def to_markdown(episode: DemoEpisode) -> str:
    """The episode as a document: the plan, with the actions under each sub-goal."""
    task, variation, seed = episode.key
    spec, state = get_task(task), episode.state
    head = [
        f"# {task}, variation {variation}",
        "",
        f"Task {spec.task_id}, {spec.split_of(variation)} split, seed {seed}. "
        f"Played by {' + '.join(episode.agent.names)}.",
        "",
        *(f"> {line}" for line in state.description.splitlines()),
        "",
        f"Score **{max(0, state.score_points)}** after {state.moves} moves. "
        f"{STOP_REASONS.get(episode.record().stop_reason, 'Not finished.')}",
    ]
    return "\n".join([*head, *_sections(episode.turns)]) + "\n"


def _sections(turns: list[Turn]) -> Iterator[str]:
    number = 0
    for subgoal, run in segments(turns):
        yield f"\n## {subgoal or 'Actions'}\n"
        for turn in run:
            number += 1
            by = " (visitor)" if turn.by == "visitor" else ""
            observation = " ".join(turn.observation.split())
            yield f"{number}. `{turn.action}`{by}: {observation} Score {turn.score}."
