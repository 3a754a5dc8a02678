"""`Simulator`: one Java process, any number of independent episodes, safe to use from threads."""

import atexit
import os
import threading
import weakref
from dataclasses import dataclass
from typing import Any

from dataset_builder.common.errors import SimulatorError, SubgoalError, UsageError, clip
from dataset_builder.simulator.jvm import JavaProcess, World
from dataset_builder.simulator.tasks import Task, get_task

SIMPLIFICATIONS = (
    "teleportAction",
    "openDoors",
    "openContainers",
    "selfWateringFlowerPots",
    "noElectricalAction",
)
UNKNOWN_ACTION = "No known action matches that input."
AMBIGUOUS = "Ambiguous request"
_NO_ANSWER = (
    "Unknown action.  Type 'help' for a list of actions, and 'objects' for a list of possible object "
    "referents. "
)
_META = ("help", "objects", "task")  # answered from outside the game


@dataclass(frozen=True)
class StepResult:
    """What one action led to.

    Attributes:
        observation: the simulator's answer.
        score: task score after the action, 0 to 100; negative when the episode is lost.
        done: completed, lost, or past the step limit.
        moves: moves used since the load. `wait1` counts 2, `wait` 11, a rejected action 0.
        accepted: False if the simulator did not know the action; nothing has happened then.
        ambiguous: the simulator asks which object is meant; answer with a number, such as `0`.
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
    """The labels of a list, `easy` replaced by what it stands for in this task (AgentInterface.scala).

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
    """One Java process with isolated worlds, restarted when it has died.

    Args:
        worlds (`int`, *optional*, defaults to the number of cores): how many episodes can move at
            the same moment. More episodes than that take turns, with the same results.
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

    def episode(self, step_limit: int | None = 100) -> "Episode":
        """A new episode; `step_limit` as `envStepLimit` of `ScienceWorldEnv` (None: no limit)."""
        return Episode(self, step_limit)

    @property
    def pid(self) -> int | None:
        """Process id of the Java process, None while there is none."""
        return self._process.pid if self._process else None

    def _world_for(self, episode: "Episode") -> World:
        """The least crowded world of a living process, started if need be."""
        with self._lock:
            if self._closed:
                raise UsageError("This Simulator is closed: make a new one.")
            if self._process is None or not self._process.alive():
                self._stop()
                self._process = JavaProcess(self._max_heap)
                self.starts += 1
            if len(self._worlds) < self._n_worlds and self._crowded():
                self._worlds.append(World(self._process))
            counts = {id(world): 0 for world in self._worlds}
            for other in self._episodes:
                if other is not episode and id(other.world) in counts:
                    counts[id(other.world)] += 1
            self._episodes.add(episode)
            world = min(self._worlds, key=lambda world: counts[id(world)])
            episode.world = world
            return world

    def _crowded(self) -> bool:
        """Worlds start when needed: each costs memory and a warm-up of its own."""
        return sum(other.world in self._worlds for other in self._episodes) >= len(self._worlds)

    def _stop(self) -> None:
        for world in self._worlds:
            world.close()
        self._worlds = []
        if self._process is not None:
            self._process.stop()
            self._process = None

    def close(self) -> None:
        """End the Java process. Safe to call twice; also called when Python exits."""
        with self._lock:
            self._closed = True
            self._stop()
        atexit.unregister(self.close)

    def __enter__(self) -> "Simulator":
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


class Episode:
    """One game. Made by `Simulator.episode`; one thread at a time may use it."""

    # The world's statics while another episode moves (see dataset_builder.simulator.jvm).
    random_seed = 0
    object_count = 0
    simplifications = ""

    def __init__(self, simulator: Simulator, step_limit: int | None) -> None:
        self.step_limit = step_limit
        self.world: World | None = None
        self._simulator = simulator
        self._interface: Any = None
        self._game: Any = None
        self._look: str | None = None
        self._inventory: str | None = None
        self._description = ""
        self.task: Task | None = None
        self.variation = -1
        self.score = 0
        self.moves = 0
        self.done = False

    def load(
        self,
        task: str,
        variation: int,
        simplifications: str = "easy",
        gold_path: bool = False,
    ) -> str:
        """Start a variation from its beginning and return the first look.

        The state equals `ScienceWorldEnv.load` followed by `reset`, less the `look around` that
        `reset` makes (which takes no time). Loading twice gives the same world twice.

        Args:
            task (`str`): simulator name or paper id.
            variation (`int`): index over all splits.
            simplifications (`str`, *optional*, defaults to `"easy"`): comma-separated labels.
            gold_path (`bool`, *optional*, defaults to `False`): also have the simulator search its
                own solution (0.1 to 10 s), read with `gold_path()`.

        Raises:
            UsageError: for an unknown task, variation or simplification.
            SimulatorError: if the simulator answers with an error message.
            SimulatorDied: if the Java process ended meanwhile; call again.
        """
        chosen = get_task(task)
        chosen.check_variation(variation)
        self.simplifications = expand_simplifications(chosen, simplifications)
        self._attach()
        assert self.world is not None
        with self.world.lock, self.world.guard():
            # The simulator builds the rooms before it reads the simplifications, so that what was
            # loaded last decides about self-watering pots. Set them first, as a reset would find.
            self.world.switch_to(self)
            self.world.set_simplifications(self.simplifications)
            self.world.count_load()
            if gold_path:
                self.world.forget_routes()
            # It knows `easy` alone, but not in a list.
            labels = "easy" if simplifications == "easy" else self.simplifications
            error = self._interface.load(chosen.name, variation, labels, gold_path)
            # Holds all variations of all tasks, most of an episode's memory; a load makes it anew.
            getattr(self._interface, "taskMaker_$eq")(None)
            self._game = None if error else self._interface.agentInterface().get()
        if error:
            raise UsageError(f"The simulator cannot load {chosen.name} {variation}: {error}")
        self.task, self.variation = chosen, variation
        self.score, self.moves, self.done = 0, 0, False
        self._look = self._inventory = None
        with self.world.guard():
            self._description = _checked(self._interface.getTaskDescription())
        return self.look()

    def _attach(self) -> None:
        """Bind to a living process: the first time, and after a death."""
        if self.world is not None and self.world.process.alive():
            return
        self._interface = None
        world = self._simulator._world_for(self)
        try:
            self._interface = world.new_interface()
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
        """
        world = self._live()
        with world.lock, world.guard():
            world.switch_to(self)
            if action.strip().lower() in _META:
                return self._result(self._interface.step(action), self.done)
            # What `PythonInterface.step` calls, without the look, the inventory and the list of
            # names that it also composes, to print and to remember. The answer is a Scala tuple.
            answer = self._game.step(action).toString()
            self.moves = self._game.getCurIterations()
        observation, score, completed = answer[1:-1].rsplit(",", 2)
        self.score = round(100 * float(score))
        self._look = self._inventory = None
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
        """The room as `look around` shows it; takes no time. Fetched once per step."""
        if self._look is None:
            world = self._live()
            with world.lock, world.guard():
                self._look = _checked(self._interface.freeActionLook())
        return self._look

    def inventory(self) -> str:
        """What the agent carries; takes no time. Fetched once per step."""
        if self._inventory is None:
            world = self._live()
            with world.lock, world.guard():
                self._inventory = _checked(self._interface.freeActionInventory())
        return self._inventory

    def task_description(self) -> str:
        """The task's text, as the agent is given it."""
        self._live()
        return self._description

    def valid_actions(self) -> list[str]:
        """All actions the simulator would accept now, sorted: slow (20 to 800 ms), ask rarely."""
        world = self._live()
        with world.lock, world.guard():
            world.switch_to(self)
            world.set_simplifications(self.simplifications)
            # One joined string instead of thousands of remote list reads.
            return _split_list(self._interface.getValidActionObjectCombinations().toString())

    def gold_path(self) -> list[str]:
        """The simulator's own solution; needs `load(..., gold_path=True)`."""
        world = self._live()
        with world.lock, world.guard():
            return list(self._interface.getGoldActionSequence())

    def close(self) -> None:
        """Free the Java side of this episode."""
        world, self.world = self.world, None
        interface, self._interface, self._game = self._interface, None, None
        if world is not None and interface is not None:
            with world.lock:
                if world.current is self:
                    world.current = None
            world.release(interface)


def _checked(answer: str) -> str:
    """An answer of the simulator, unless it is one of its error messages: those never are observations."""
    if answer.startswith("ERROR:"):
        raise SimulatorError(f"The simulator answered {clip(answer.strip(), 200)!r}.")
    return answer


def _split_list(text: str) -> list[str]:
    """Elements of Java's `[a, b]`. No action contains a comma."""
    inner = text[1:-1]
    return inner.split(", ") if inner else []
