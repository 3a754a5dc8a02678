"""Several processes of one training (`torchrun`, `accelerate launch`): rank 0 decides and writes."""

import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

T = TypeVar("T")


def world_size() -> int:
    """Number of processes that train together, 1 without a launcher."""
    return int(os.environ.get("WORLD_SIZE", "1")) if "RANK" in os.environ else 1


def is_first() -> bool:
    """Whether this process is rank 0, which prints and writes."""
    return world_size() == 1 or os.environ["RANK"] == "0"


def from_first(value: T) -> T:
    """Broadcast: the value of rank 0, in every process."""
    if world_size() == 1:
        return value
    from accelerate.utils import broadcast_object_list

    _join()
    box = [value]
    broadcast_object_list(box)
    return box[0]


def on_first(work: Callable[[], T]) -> T:
    """Run a function in rank 0 only and return its result in every process.

    Raises:
        SystemExit: in the other processes, if the function failed in rank 0, which raises the error.

    Example:

    ```python
    tokenizer = on_first(lambda: train_tokenizer(texts))
    ```
    """
    if world_size() == 1:
        return work()
    outcome: tuple[Any, ...] = ()
    if is_first():
        try:
            outcome = (work(),)
        except BaseException:
            # The others wait for a broadcast: without one they would hang until the timeout.
            from_first(outcome)
            raise
    outcome = from_first(outcome)
    if not outcome:
        raise SystemExit(1)
    return outcome[0]


def first_then_others(work: Callable[[], T]) -> T:
    """Run a function in rank 0, then in the others, which then find its downloads in the cache.

    Raises:
        SystemExit: in the other processes, if the function failed in rank 0, which raises the error.
    """
    if world_size() == 1:
        return work()
    done: list[T] = []
    on_first(lambda: done.append(work()))
    return done[0] if done else work()


def leave() -> None:
    """Leave the process group at the end of a program."""
    if world_size() > 1:
        from accelerate import PartialState

        state = PartialState()
        # The process that leaves first closes the connection of the others.
        state.wait_for_everyone()
        state.destroy_process_group()


def _join() -> None:
    """Join the process group: NCCL on GPUs, gloo on CPUs, which must be requested explicitly."""
    import torch
    from accelerate import PartialState

    # The other processes wait while rank 0 downloads, or decodes the validation split.
    PartialState(cpu=not torch.cuda.is_available(), timeout=timedelta(hours=2))
