"""The texts of tasks that practice must not ask: those that only other splits have."""

from threading import Lock

from dataset_builder.simulator.simulator import Episode
from dataset_builder.simulator.tasks import SPLITS, get_task


class HeldOutTexts:
    """Task → the texts of its validation and test variations that no train variation has.

    A relabelled path with such a text would teach the answer of a held-out question. Texts are read from the
    simulator once per task; threads share them.

    Example:

    ```python
    with Simulator() as simulator:
        texts = HeldOutTexts().of(simulator.episode(), "power-component")
    ```
    """

    def __init__(self) -> None:
        self._texts: dict[str, frozenset[str]] = {}
        self._lock = Lock()

    def of(self, episode: Episode, task: str) -> frozenset[str]:
        """The texts of a task; loads its variations in the episode the first time.

        Args:
            episode (`Episode`): where to load; its variation changes.
            task (`str`): simulator name of the task.

        Raises:
            SimulatorDied: if the Java process ended.
        """
        with self._lock:
            if task not in self._texts:
                texts = {split: _texts(episode, task, split) for split in SPLITS}
                train = texts.pop("train")
                self._texts[task] = frozenset().union(*texts.values()) - train
            return self._texts[task]


def _texts(episode: Episode, task: str, split: str) -> set[str]:
    texts = set()
    for variation in get_task(task).variations(split):
        episode.load(task, variation)
        texts.add(episode.task_description())
    return texts
