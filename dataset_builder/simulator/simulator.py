"""`Simulator`: one Java process with any number of independent episodes; thread-safe."""

import atexit
import os
import threading
import weakref
from dataclasses import dataclass
from typing import Any

from dataset_builder.common.errors import SimulatorError, SubgoalError, UsageError, clip
from dataset_builder.simulator.jvm import JavaProcess, World
from dataset_builder.simulator.look import AMBIGUOUS
from dataset_builder.simulator.tasks import MAX_EPISODE_STEPS, Task, get_task

SIMPLIFICATIONS = (
    "teleportAction",
    "openDoors",
    "openContainers",
    "selfWateringFlowerPots",
    "noElectricalAction",
)
UNKNOWN_ACTION = "No known action matches that input."
_NO_ANSWER = (
    "Unknown action.  Type 'help' for a list of actions, and 'objects' for a list of possible object "
    "referents. "
)
_META = ("help", "objects", "task")  # answered by the interface, not by the game
_SEPARATOR = "\x1f"  # between the fields of an answer of Java's


@dataclass(frozen=True)
class StepResult:
    """The result of one action.

    Attributes:
        observation: the simulator's answer.
        score: task score after the action, 0 to 100; negative if the episode is lost.
        done: whether the episode is completed, lost, or past the step limit.
        moves: moves used since the load. `wait1` counts 2, `wait` 11, a rejected action 0.
        accepted: False if the simulator did not know the action, which then had no effect.
        ambiguous: whether the simulator asks which object is meant; answer with a number, such as `0`.

    Example:

    ```python
    result = episode.step("open door to kitchen")
    print(result.observation, result.score, result.done)
    ```
    """

    observation: str
    score: int
    done: bool
    moves: int
    accepted: bool
    ambiguous: bool


def check_simplifications(simplifications: str) -> None:
    """Raise `UsageError` unless this is `easy`, empty, or comma-separated known labels."""
    for label in filter(None, simplifications.split(",")):
        if label != "easy" and label not in SIMPLIFICATIONS:
            raise UsageError(
                f"Unknown simplification {label!r}: use easy, or any of {', '.join(SIMPLIFICATIONS)}."
            )


def expand_simplifications(task: Task, simplifications: str) -> str:
    """The labels with `easy` replaced by its meaning in this task (source: AgentInterface.scala).

    Raises:
        UsageError: for an unknown label, or one that makes the task impossible.
    """
    check_simplifications(simplifications)
    labels = list(filter(None, simplifications.split(",")))
    electrical = "power-component" in task.name or "conductivity" in task.name
    if electrical and "noElectricalAction" in labels:
        raise UsageError(f"Task {task.name} needs electrical actions: drop noElectricalAction.")
    if "easy" in labels:
        easy = ["teleportAction", "openDoors", "selfWateringFlowerPots"]
        easy += [] if electrical else ["noElectricalAction"]
        labels = list(dict.fromkeys([*easy, *(label for label in labels if label != "easy")]))
    return ",".join(labels)


class Simulator:
    """One Java process with isolated worlds, which is restarted after it died.

    Args:
        worlds (`int`, *optional*, defaults to the number of cores): how many episodes can run in
            parallel. Further episodes take turns, with the same results.
        max_heap (`str`, *optional*, defaults to `"2g"`): Java's memory limit.

    Example:

    ```python
    with Simulator() as sim:
        episode = sim.episode()
        print(episode.load("boil", 0, simplifications="easy"))
        print(episode.step("teleport to kitchen").observation)
    ```
    """

    def __init__(self, worlds: int | None = None, max_heap: str = "2g") -> None:
        self._n_worlds = worlds or os.cpu_count() or 1
        self._max_heap = max_heap
        self._lock = threading.Lock()
        self._process: JavaProcess | None = None
        self._worlds: list[World] = []
        self._episodes: weakref.WeakSet[Episode] = weakref.WeakSet()
        self._closed = False
        self.starts = 0
        """How many Java processes this object has started."""
        atexit.register(self.close)

    def episode(self, step_limit: int | None = MAX_EPISODE_STEPS) -> "Episode":
        """A new episode; `step_limit` is `envStepLimit` of `ScienceWorldEnv` (None: no limit)."""
        return Episode(self, step_limit)

    @property
    def pid(self) -> int | None:
        """Process id of the Java process; None while no process runs."""
        return self._process.pid if self._process else None

    def _world_for(self, episode: "Episode") -> World:
        """The world with the fewest episodes, in a process that is started if none is alive."""
        with self._lock:
            if self._closed:
                raise UsageError("This Simulator is closed: make a new one.")
            if self._process is None or not self._process.alive():
                self._stop()
                self._process = JavaProcess(self._max_heap)
                self.starts += 1
            occupied = [active.world for active in self._episodes if active.world in self._worlds]
            # Worlds are created when they are needed, because each costs memory and a warm-up.
            if len(self._worlds) < self._n_worlds and len(occupied) >= len(self._worlds):
                self._worlds.append(World(self._process))
            self._episodes.add(episode)
            episode.world = min(self._worlds, key=occupied.count)
            return episode.world

    def _stop(self) -> None:
        for world in self._worlds:
            world.close()
        self._worlds = []
        if self._process is not None:
            self._process.stop()
            self._process = None

    def close(self) -> None:
        """End the Java process. Can be called twice; also called when Python exits."""
        with self._lock:
            self._closed = True
            self._stop()
        atexit.unregister(self.close)

    def __enter__(self) -> "Simulator":
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


class Episode:
    """One game, created by `Simulator.episode`. Only one thread at a time may use it.

    Example:

    ```python
    episode = simulator.episode()
    look = episode.load("boil", 0)
    while not episode.done:
        result = episode.step(choose_action(look))
        look = episode.look()
    ```
    """

    simplifications = ""

    def __init__(self, simulator: Simulator, step_limit: int | None) -> None:
        self.step_limit = step_limit
        self.world: World | None = None
        self._simulator = simulator
        self._game: Any = None
        self._look = ""
        self._inventory = ""
        self._description = ""
        self.task: Task | None = None
        self.variation = -1
        self.first_look = False
        self.score = 0
        self.moves = 0
        self.done = False

    def load(
        self,
        task: str,
        variation: int,
        simplifications: str = "easy",
        gold_path: bool = False,
        first_look: bool = False,
    ) -> str:
        """Start a variation from its beginning and return the first look.

        The state equals that after `ScienceWorldEnv.load` and `reset`, with `first_look` also the score.
        Loading twice gives the same world twice.

        Args:
            task (`str`): simulator name or paper id.
            variation (`int`): index over all splits.
            simplifications (`str`, *optional*, defaults to `"easy"`): comma-separated labels.
            gold_path (`bool`, *optional*, defaults to `False`): also let the simulator search for its
                own solution (0.1 to 10 s), which `gold_path()` then returns.
            first_look (`bool`, *optional*, defaults to `False`): play `look around`, as
                `ScienceWorldEnv.reset` does. It takes no time, but some tasks give points for the room in
                which the agent begins, and the simulator only counts them with an action.

        Raises:
            UsageError: for an unknown task, variation or simplification.
            SimulatorError: if the simulator answers with an error message.
            SimulatorDied: if the Java process ended meanwhile; calling again starts another.
        """
        requested = get_task(task)
        requested.check_variation(variation)
        self.simplifications = expand_simplifications(requested, simplifications)
        self.first_look = first_look
        self._attach()
        assert self.world is not None
        # The simulator accepts `easy` by itself, but not in a list.
        labels = "easy" if simplifications == "easy" else self.simplifications
        with self.world.lock, self.world.guard():
            answer = self._game.load(requested.name, variation, labels, self.simplifications, gold_path)
        error, _, texts = answer.partition(_SEPARATOR)
        if error:
            raise UsageError(f"The simulator cannot load {requested.name} {variation}: {error}")
        self.task, self.variation = requested, variation
        self.score, self.moves, self.done = 0, 0, False
        description, self._look, self._inventory = texts.rsplit(_SEPARATOR, 2)
        self._description = _checked(description)
        if first_look:
            self.step("look around")
        return self.look()

    def _attach(self) -> None:
        """Bind to a live process, at the first load and after the process died."""
        if self.world is not None and self.world.process.alive():
            return
        self._game = None
        world = self._simulator._world_for(self)
        try:
            self._game = world.new_game()
        except SubgoalError:
            self.world = None
            raise

    def _live(self) -> World:
        if self.world is None or self.task is None:
            raise UsageError("No variation is loaded: call Episode.load first.")
        return self.world

    def step(self, action: str) -> StepResult:
        """Send one action.

        Raises:
            SimulatorError: if the simulator answers with an error message.
            SimulatorDied: if the Java process ended; `load` starts another.
            UsageError: if no variation is loaded.
        """
        world = self._live()
        # py4j cannot send half a surrogate pair, which JSON from a server may contain: the call would fail
        # like one to a process that died.
        action = action.encode("utf-8", "replace").decode()
        with world.lock, world.guard():
            if action.strip().lower() in _META:
                return self._result(self._game.ask(action), self.done)
            answer = self._game.step(action)
        # An observation may quote the action, and so contain anything: the other fields are split off.
        observation, self._look, self._inventory, score, completed, moves = answer.rsplit(_SEPARATOR, 5)
        self.score = round(100 * float(score))
        self.moves = int(moves)
        over = self.step_limit is not None and self.moves > self.step_limit
        self.done = completed == "true" or over or self.score < 0
        return self._result(observation or _NO_ANSWER, self.done)

    def _result(self, observation: str, done: bool) -> StepResult:
        return StepResult(
            _checked(observation),
            self.score,
            done,
            self.moves,
            accepted=not observation.startswith(UNKNOWN_ACTION),
            ambiguous=observation.startswith(AMBIGUOUS),
        )

    def look(self) -> str:
        """The room as `look around` shows it; takes no time."""
        world = self._live()
        if not self._look:  # the simulator failed to describe the room with the step: let it raise its error
            with world.lock, world.guard():
                self._look = self._game.look()
        return _checked(self._look)

    def inventory(self) -> str:
        """What the agent carries; takes no time."""
        world = self._live()
        if not self._inventory:
            with world.lock, world.guard():
                self._inventory = self._game.inventory()
        return _checked(self._inventory)

    def task_description(self) -> str:
        """The task's text, as the agent is given it."""
        self._live()
        return self._description

    def valid_actions(self) -> list[str]:
        """All actions that the simulator would accept now, sorted. Slow (20 to 800 ms): call it rarely."""
        world = self._live()
        with world.lock, world.guard():
            # One joined string instead of thousands of remote list reads.
            return _split_list(self._game.validActions())

    def gold_path(self) -> list[str]:
        """The simulator's own solution; requires `load(..., gold_path=True)`."""
        world = self._live()
        with world.lock, world.guard():
            path = self._game.goldPath()
        return path.split(_SEPARATOR) if path else []

    def close(self) -> None:
        """Free the Java side of this episode."""
        world, self.world = self.world, None
        game, self._game = self._game, None
        if world is not None and game is not None:
            world.release(game)


def _checked(answer: str) -> str:
    """An answer of the simulator, unless it is one of its error messages, which are not observations."""
    if answer.startswith("ERROR:"):
        raise SimulatorError(f"The simulator answered {clip(answer.strip(), 200)!r}.")
    return answer


def _split_list(text: str) -> list[str]:
    """Elements of Java's `[a, b]`. No action contains a comma."""
    inner = text[1:-1]
    return inner.split(", ") if inner else []
