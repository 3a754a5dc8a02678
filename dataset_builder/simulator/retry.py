"""Repeating work after the Java process died."""

from collections.abc import Callable
from typing import TypeVar

from dataset_builder.common.errors import SimulatorDied

T = TypeVar("T")

MAX_JVM_RESTARTS = 3
"""Java processes that may die on one variation before it is abandoned."""

GIVEN_UP = f"the Java process died {MAX_JVM_RESTARTS} times"
"""The reason in the record of such a variation."""


def retrying(
    work: Callable[[], T], attempts: int = MAX_JVM_RESTARTS, revive: Callable[[], object] | None = None
) -> T:
    """The result of `work`, which is called again if the Java process died.

    Args:
        work (`Callable`): loads an episode, which starts a new process, and plays it.
        attempts (`int`, *optional*, defaults to 3): the maximum number of calls.
        revive (`Callable`, *optional*): called between two attempts.

    Raises:
        SimulatorDied: if the process died in the last attempt too.
    """
    for _ in range(attempts - 1):
        try:
            return work()
        except SimulatorDied:
            if revive is not None:
                revive()
    return work()
