"""Playing many episodes in threads of this process."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from dataset_builder.engines.local import WorkerThreads
from dataset_builder.simulator.simulator import Episode, Simulator

T = TypeVar("T")


def play_all(
    play: Callable[[Episode, T], None], units: Sequence[T], workers: int, advance: Callable[[], None]
) -> None:
    """Call a function for each unit, with an episode without a step limit; no units start no Java process.

    Args:
        play (`Callable`): plays a unit and stores the result; called in several threads.
        units (`Sequence`): the units.
        workers (`int`): number of threads, each with its own world.
        advance (`Callable`): called after each unit.

    Raises the errors of `play`.

    Example:

    ```python
    play_all(lambda episode, key: print(episode.load(*key)), [("boil", 0), ("melt", 0)], 2, lambda: None)
    ```
    """
    if not units:
        return
    with Simulator(worlds=workers) as simulator:

        def work(unit: T) -> None:
            episode = simulator.episode(step_limit=None)
            try:
                play(episode, unit)
            finally:
                episode.close()

        with WorkerThreads(work, units, workers) as threads:
            for _, future in threads:
                future.result()
                advance()
