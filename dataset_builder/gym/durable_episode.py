"""`DurableEpisode`: an episode that continues when its Java process died."""

from collections.abc import Callable
from typing import TypeVar

from dataset_builder.common.errors import SimulatorDied
from dataset_builder.simulator.retry import retrying
from dataset_builder.simulator.simulator import Episode

T = TypeVar("T")


class DurableEpisode:
    """Runs work on an `Episode`, and repeats all of it in a new Java process if the process died.

    The same actions on the same variation give the same world, so that the episode continues as if nothing
    had happened.

    Args:
        episode (`Episode`): the episode that plays.

    Example:

    ```python
    game = DurableEpisode(simulator.episode())
    game.begin(lambda episode: episode.load("boil", 0))
    result = game.run(lambda episode: episode.step("open cupboard"))
    ```
    """

    def __init__(self, episode: Episode) -> None:
        self.episode = episode
        self._history: list[Callable[[Episode], object]] = []

    def begin(self, load: Callable[[Episode], T]) -> T:
        """Forget the previous episode, and run the work that loads a variation."""
        self._history = []
        return self.run(load)

    def run(self, work: Callable[[Episode], T]) -> T:
        """The result of `work`.

        Raises:
            SimulatorDied: if the process died again and again.
        """
        try:
            result = work(self.episode)
        except SimulatorDied:
            result = retrying(lambda: self._repeat_then(work))
        self._history.append(work)
        return result

    def _repeat_then(self, work: Callable[[Episode], T]) -> T:
        for earlier in self._history:
            earlier(self.episode)
        return work(self.episode)
