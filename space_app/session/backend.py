"""`DemoBackend`: what page and API both play on: one simulator, the models, the sessions."""

import threading
from functools import lru_cache

from dataset_builder.common.errors import SimulatorDied, UsageError
from dataset_builder.simulator.simulator import Simulator
from dataset_builder.simulator.tasks import Task, get_task
from space_app.session.play import RULES, Play
from space_app.session.players import Pairs, Players
from space_app.session.sessions import Session, Sessions
from space_app.settings import Settings

BOTH = "side by side"
HIGHEST_SEED = 2**31 - 1


class DemoBackend:
    """The server's side of the demo, made once.

    Args:
        settings (`Settings`): models and limits.
        pairs (`Players`, *optional*): who plays; by default the models of the settings, loaded here.

    Raises:
        UsageError: if a model cannot be loaded or does not fit.
        SubgoalError: if the Hub cannot be reached.
    """

    def __init__(self, settings: Settings, pairs: Players | None = None) -> None:
        self.settings = settings
        self.pairs: Players = pairs or Pairs.loaded(settings)
        self.simulator = Simulator()
        self.sessions = Sessions(settings.max_episodes, settings.idle_seconds, settings.patience)
        self._reading = threading.Lock()
        self._reader = self.simulator.episode(step_limit=None)
        self.introduction = lru_cache(maxsize=2048)(self._introduction)
        """`introduction(task, variation)`: the task's text and the first look; opens no episode."""

    @property
    def kinds(self) -> list[str]:
        """What a visitor can choose from: the agents, and both side by side."""
        kinds = list(self.pairs.kinds)
        return [*kinds, BOTH] if len(kinds) > 1 else kinds

    def start(
        self,
        task: str,
        variation: int,
        seed: int = 0,
        kind: str = "hierarchical",
        controller: str = "",
        executor: str = "",
    ) -> Session:
        """Open a session with an episode at its beginning.

        Raises:
            UsageError: for an unknown task, variation, agent or model.
            SubgoalError: if all places are taken, or the Hub cannot be reached.
        """
        chosen = checked(task, variation)
        if not all(isinstance(name, str) for name in (kind, controller, executor)):
            raise UsageError("Agent and models are named by text: leave them out to play with what is here.")
        if not isinstance(seed, int) or not 0 <= seed <= HIGHEST_SEED:
            raise UsageError(f"A seed is a whole number, 0 to {HIGHEST_SEED}.")
        pair = self.pairs.named(controller, executor)
        if kind == BOTH and BOTH in self.kinds:
            players = [pair, self.pairs.own("flat")]
        else:
            players = [pair if kind == "hierarchical" else self.pairs.own(kind)]
        plays: list[Play] = []

        def begin() -> list[Play]:
            try:
                for player in players:
                    plays.append(Play(self.simulator, player, chosen.name, int(variation), seed))
            except BaseException:
                for play in plays:
                    play.close()
                raise
            return plays

        return self.sessions.open(begin)

    def _introduction(self, task: str, variation: int) -> tuple[str, str]:
        chosen = checked(task, variation)
        with self._reading:
            for attempt in (1, 2):
                try:
                    look = self._reader.load(chosen.name, variation, RULES.simplifications)
                    return self._reader.task_description(), look
                except SimulatorDied:
                    if attempt == 2:
                        raise
        raise AssertionError("unreachable")

    def close(self) -> None:
        """End all sessions and the Java process."""
        self.sessions.close_all()
        self._reader.close()
        self.simulator.close()


def checked(task: object, variation: object) -> Task:
    """The task, if it has this variation.

    Raises:
        UsageError: if there is no such task or variation.
    """
    if not isinstance(task, str) or len(task) > 100 or not task.isprintable():
        raise UsageError("There is no such task: choose one of the list.")
    chosen = get_task(task)
    if not isinstance(variation, int) or isinstance(variation, bool):
        raise UsageError(f"A variation is a whole number, 0 to {chosen.n_variations - 1}.")
    chosen.check_variation(variation)
    return chosen
