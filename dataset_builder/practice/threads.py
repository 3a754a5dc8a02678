"""Playing many episodes in threads of this process, and what becomes of one that fails."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from dataset_builder.common.errors import SimulatorDied
from dataset_builder.engines.local import WorkerThreads
from dataset_builder.expert.plan import ReplayFailed
from dataset_builder.practice.perturbed_replay import Practice
from dataset_builder.simulator.retry import GIVEN_UP, retrying
from dataset_builder.simulator.simulator import Episode, Simulator

T = TypeVar("T")


def attempt(play: Callable[[], Practice]) -> Practice | str:
    """The replay that a function plays, or the reason why there is none.

    Args:
        play (`Callable`): loads an episode and replays a path; called again if the Java process died.
    """
    try:
        return retrying(play)
    except SimulatorDied:
        return GIVEN_UP
    except ReplayFailed as error:
        return str(error)


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
