"""Plans: the solver's path as items that can be replaced or dropped one by one."""

import re
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from dataset_builder.common.errors import SubgoalError

Plan = list[tuple[str, ...]]
"""Actions to play, in order; each a tuple of wordings that are tried in turn if the simulator rejects one.

For example `[("focus on tortoise egg", "focus on egg tortoise"), ("wait1",)]`.
"""


class Seen(NamedTuple):
    """What an action showed: the simulator's answer, and the room after it.

    Example:

    ```python
    action = next(experiment)
    while not episode.done:
        result = episode.step(action)
        action = experiment.send(Seen(result.observation, episode.look()))
    ```
    """

    observation: str
    look: str


Experiment = Generator[str, Seen, None]
"""An expert that reads what it sees: yields an action and receives what it showed."""


def in_order(actions: Iterable[str]) -> Experiment:
    """An expert that plays these actions, whatever they show."""
    for action in actions:
        _ = yield action


_NAVIGATION = re.compile(r"(open door to|close door to|go to|teleport to) ")
_POLL = re.compile(r"(examine|use thermometer|look at|look in) |wait1?$")


class ReplayFailed(SubgoalError):
    """A replay did not reach the full score; the message says why.

    Example:

    ```python
    try:
        replay.play(plan)
    except ReplayFailed as error:
        print(error)
    ```
    """


ANSWER = "0"
"""What an expert answers when the simulator asks which object is meant."""

MELTING_TASKS = {
    "measure-melting-point-known-substance",
    "measure-melting-point-unknown-substance",
}


@dataclass(frozen=True)
class Item:
    """A step of the path that is simplified, with the room and the inventory before and after it.

    Attributes:
        action: the text sent to the simulator.
        observation: the simulator's answer.
        look, inventory: the room and what was carried before the action.
        look_after, inventory_after: the same after it.
        reward: the score that it brought, as a fraction of the full score.
        ticks: moves that it used.

    Example:

    ```python
    >>> item = Item("wait1", "You decide to wait for 1 iterations.", "", "", "", "", reward=0.0, ticks=1)
    >>> item.is_poll, item.is_navigation
    (True, False)
    ```
    """

    action: str
    observation: str
    look: str
    inventory: str
    look_after: str
    inventory_after: str
    reward: float
    ticks: int

    @property
    def is_navigation(self) -> bool:
        return bool(_NAVIGATION.match(self.action))

    @property
    def is_poll(self) -> bool:
        return bool(_POLL.match(self.action))
