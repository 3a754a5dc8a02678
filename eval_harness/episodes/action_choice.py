"""From an agent's ranked candidates to one action that the simulator accepts."""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from dataset_builder.simulator.simulator import Episode, StepResult

NOTHING = "look around"
"""The action played when no candidate is accepted and a guess could lose the episode; it costs no move."""

_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class PlayedAction:
    """The action that was played.

    Attributes:
        action: its text.
        result: the simulator's answer.
        rejected: candidates that the simulator rejected, in the order they were tried.
        last_resort: whether all candidates were rejected and the harness chose the action.

    Example:

    ```python
    played = play_first_accepted(episode, ["go to kitchen", "open door to kitchen"])
    played.action, played.rejected  # "open door to kitchen", ("go to kitchen",)
    ```
    """

    action: str
    result: StepResult
    rejected: tuple[str, ...] = ()
    last_resort: bool = False


def is_focus(action: str) -> bool:
    """Whether the action focuses on something: the one kind that can lose an episode."""
    return action.lower().startswith("focus")


def play_first_accepted(episode: Episode, candidates: Iterable[str]) -> PlayedAction:
    """Play the first candidate that the simulator accepts.

    A rejected candidate costs no move. A rejected `focus on …` is never followed by another focus:
    the second choice is usually the wrong thing, and a wrong focus loses the episode. When all are
    rejected, the valid action nearest in words to the first candidate is played (never a focus), or
    `look around` if the first candidate was a focus. While the simulator waits for a number
    ("Ambiguous request"), it takes any other text for a cancellation, which costs a move.

    Args:
        episode (`Episode`): a loaded episode.
        candidates (`Iterable[str]`): texts, best first; it is read lazily, up to the first accepted one.

    Raises:
        SimulatorDied: if the Java process ended.
    """
    first = ""
    rejected: list[str] = []
    for action in map(str.strip, candidates):
        # A second focus after a rejected one is usually on the wrong thing, and that loses the episode.
        if not action or action in rejected or (is_focus(action) and any(map(is_focus, rejected))):
            continue
        first = first or action
        result = episode.step(action)
        if result.accepted:
            return PlayedAction(action, result, tuple(rejected))
        rejected.append(action)
    if first and not is_focus(first):
        action = nearest_action(first, episode.valid_actions())
        result = episode.step(action)
        if result.accepted:
            return PlayedAction(action, result, tuple(rejected), last_resort=True)
        rejected.append(action)
    return PlayedAction(NOTHING, episode.step(NOTHING), tuple(rejected), last_resort=True)


def nearest_action(text: str, actions: Iterable[str]) -> str:
    """The action that shares most words with the text, never a focus; ties are broken by spelling."""
    words = set(_WORD.findall(text.lower()))

    def shared(action: str) -> float:
        action_words = set(_WORD.findall(action))
        return len(words & action_words) / len(words | action_words)

    scored = [(shared(action), action) for action in actions if not is_focus(action)]
    best = max((score for score, _ in scored), default=0.0)
    if not best:
        return NOTHING
    ties = [action for score, action in scored if score == best]
    return max(ties, key=lambda action: difflib.SequenceMatcher(None, text, action).ratio())
