"""Plans: the solver's path as items that can be replaced or dropped one by one."""

import re
from dataclasses import dataclass

Plan = list[tuple[str, ...]]
"""Actions to play; each with alternatives that are tried in order if the simulator balks."""


_NAVIGATION = re.compile(r"(open door to|close door to|go to|teleport to) ")


_POLL = re.compile(r"(examine|use thermometer|look at|look in) |wait1?$")


MELTING_TASKS = {
    "measure-melting-point-known-substance",
    "measure-melting-point-unknown-substance",
}


@dataclass(frozen=True)
class Item:
    """A step of the path being tidied, with what the room looked like after it."""

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
