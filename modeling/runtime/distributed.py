"""Several processes of one training (`torchrun`, `accelerate launch`): the first decides and writes."""

import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

T = TypeVar("T")


def world_size() -> int:
    """Number of processes that train together, 1 without a launcher."""
    return int(os.environ.get("WORLD_SIZE", "1")) if "RANK" in os.environ else 1


def is_first() -> bool:
    """Whether this process reports and writes."""
    return world_size() == 1 or os.environ["RANK"] == "0"


def from_first(value: T) -> T:
    """The first process's value, in every process."""
    if world_size() == 1:
        return value
    from accelerate.utils import broadcast_object_list

    _join()
    box = [value]
    broadcast_object_list(box)
    return box[0]


def on_first(work: Callable[[], T]) -> T:
    """Do something in the first process alone; every process gets its result.

    Raises:
        SystemExit: in the other processes, if it failed in the first, which raises the error.
    """
    if world_size() == 1:
        return work()
    outcome: tuple[Any, ...] = ()
    if is_first():
        try:
            outcome = (work(),)
        except BaseException:
            from_first(outcome)
            raise
    outcome = from_first(outcome)
    if not outcome:
        raise SystemExit(1)
    return outcome[0]


def first_then_others(work: Callable[[], T]) -> T:
    """Do the same everywhere, once the first process has left in a cache what the others need.

    Raises:
        SystemExit: in the other processes, if it failed in the first, which raises the error.
    """
    if world_size() == 1:
        return work()
    done: list[T] = []
    on_first(lambda: done.append(work()))
    return done[0] if done else work()


def leave() -> None:
    """Part from the other processes at the end."""
    if world_size() > 1:
        from accelerate import PartialState

        together = PartialState()
        together.wait_for_everyone()  # who leaves first would take the connection with it
        together.destroy_process_group()


def _join() -> None:
    """Meet the other processes. Without a GPU over gloo, which has to be asked for."""
    import torch
    from accelerate import PartialState

    # The others wait while the first decodes what is held out, or downloads.
    PartialState(cpu=not torch.cuda.is_available(), timeout=timedelta(hours=2))
