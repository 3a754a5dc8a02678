"""The replay of a path in a changed world: searches, waits, mistakes, and what is recorded of them."""

import re
from random import Random

from dataset_builder.expert.plan import ANSWER, ReplayFailed
from dataset_builder.practice.relabelling import Relabelled
from dataset_builder.simulator.look import room_of
from dataset_builder.simulator.simulator import Episode
from dataset_builder.simulator.tasks import MAX_EPISODE_STEPS
from dataset_builder.simulator.vocabulary import ROOMS
from dataset_builder.trajectories.trajectory import Step, Trajectory, to_fraction

SEARCH = ("kitchen", "workshop", "foundry", "bathroom", "living room", "bedroom", "art studio", "greenhouse")
"""The order in which rooms are searched for a thing that is not in sight; `outside` comes last."""

HOLDERS = ("fridge", "freezer", "cupboard")
"""The closed containers that are searched in a room."""

TAKES = re.compile(r"(?:focus on|pick up|pour|move) (.+?)(?: (?:to|into|in) (.+))?")
"""An action that needs a thing in sight, and perhaps a place."""

_MISSTEP = 0.06  # probability of a mistake before an action
_REPEATED = ("drop ", "pick up ", "connect ")  # played twice, they change nothing
_MAX_WAITS = 8
_MAX_LIGHT_UP = 3
_SHUT = re.compile(r"\b(fridge|freezer|cupboard|closet|drawer)\. The \1 door is closed", re.IGNORECASE)
_PAINT = re.compile(r"\(containing (?:a substance called )?([a-z-]+ paint)\)")


class PracticeReplay:
    """Replays a path, optionally with other paints, and records the steps.

    Args:
        episode (`Episode`): plays the path.
        base (`Trajectory`): the path.
        draw (`Random`): source of randomness of the mistakes.
        colours (`dict[str, str]`): paint of the path → paint that replaces it; `{}` for none.

    Example:

    ```python
    player = PracticeReplay(episode, path, Random(0), {})
    player.begin()
    for subgoal, step in zip(subgoals, path.steps):
        player.perform(subgoal, room_of(step.look), step)
    print(player.trajectory().actions)
    ```
    """

    def __init__(self, episode: Episode, base: Trajectory, draw: Random, colours: dict[str, str]) -> None:
        self.episode, self.base, self.draw, self.colours = episode, base, draw, colours
        self.steps: list[Step] = []
        self.subgoals: list[str] = []
        self.taught: list[bool] = []
        self.growing = "life-stages" in base.task
        self.prelude: list[str] = []
        self.before = 0
        self.unplayed = 0
        self.asked = False
        self.hindsight = bool(colours)
        self.device = ""
        self.put: tuple[str, ...] = ()
        self.skipped: set[str] = set()

    def relabel(self, changed: Relabelled) -> None:
        """Replay another path, perhaps one that asks for another thing than the task of the simulator."""
        self.base, self.hindsight, self.device = changed.path, changed.hindsight, changed.device

    def begin(self) -> None:
        """Start recording. Moves are counted from here."""
        self.before = self.episode.moves
        if self.episode.done:
            raise ReplayFailed("the rearrangement ended the episode")

    def act(self, action: str) -> bool:
        """Play an action without recording it; returns whether it succeeded."""
        result = self.episode.step(action)
        self.prelude.append(action)
        if result.ambiguous:
            self.episode.step(ANSWER)
            self.prelude.append(ANSWER)
        if self.episode.done:
            raise ReplayFailed("the rearrangement ended the episode")
        return result.accepted and not result.observation.startswith(("I'm not sure", "You can't"))

    def perform(self, subgoal: str, room: str, step: Step) -> None:
        """Replay one step of the path, preceded by the actions that the changed world requires."""
        action, subgoal = self.renamed(step.action), self.renamed(subgoal)
        if action in self.skipped or (action == ANSWER and not self.asked):
            return
        if action != ANSWER:
            self.answer()
            if not self.growing:
                self._misstep(subgoal, {self.room, room, action.removeprefix("teleport to ")})
            opened = action.removeprefix("open ")
            if action == f"teleport to {self.room}" or (opened in HOLDERS and opened not in self._shut()):
                return
            if not action.startswith("teleport to "):
                self._find(subgoal, room, action)
        self.asked = self.do(subgoal, action)

    def answer(self, taught: bool = True) -> None:
        """Answer the simulator's question, if there is one that the path does not answer."""
        if self.asked and not self.episode.done:
            self.asked = self.do(self.subgoals[-1], ANSWER, taught)

    def wait_until_on(self) -> None:
        """Wait until the device of a relabelled path is on; the simulator does not say that it counts."""
        waits = 0
        while self.device and not self.sees(f"{self.device}, which is on"):
            if waits == _MAX_LIGHT_UP:
                raise ReplayFailed(f"the {self.device} is off")
            waits += 1
            self.do(self.subgoals[-1], "wait1")

    def renamed(self, text: str) -> str:
        """A text with the paints of the path replaced."""
        if not self.colours:
            return text
        # Longest name first, because "violet-red paint" contains "red paint".
        names = "|".join(sorted(map(re.escape, self.colours), key=len, reverse=True))
        return re.sub(rf"(?<![\w-])(?:{names})", lambda match: self.colours[match.group()], text)

    @property
    def room(self) -> str:
        return room_of(self.episode.look())

    def trajectory(self) -> Trajectory:
        base = self.base
        return Trajectory(
            base.task,
            base.variation,
            self.renamed(base.description),
            base.simplifications,
            "practice",
            tuple(self.steps),
            base.scienceworld_version,
        )

    def _find(self, subgoal: str, room: str, action: str) -> None:
        """Go to a room where the action is possible: its things are in sight there, or in the path."""
        match = TAKES.fullmatch(action)
        thing, target = match.groups() if match else ("", None)
        if self.growing and thing and target and target.endswith(" stage"):
            thing, target = f"{thing} in {target}", None  # not a place
        if thing and not self.sees(thing):
            self._wait_for(subgoal, thing) if self.growing else self._search(subgoal, thing, room)
        in_sight = self.sees(target) if target else bool(thing)
        if not in_sight and room and self.room != room:
            self.do(subgoal, f"teleport to {room}")

    def _wait_for(self, subgoal: str, thing: str) -> None:
        """Wait until the thing has grown or hatched."""
        for _ in range(_MAX_WAITS):
            if self.sees(thing):
                return
            self.do(subgoal, "wait1")
        raise ReplayFailed(f"{thing} did not appear")

    def _search(self, subgoal: str, thing: str, room: str) -> None:
        """Search the rooms, and in each room its closed containers."""
        if not any(thing in step.look for step in self.base.steps):
            return  # the action and the look use different names for it, so `sees` cannot find it
        visited = {room_of(step.look) for step in self.steps}
        for candidate in dict.fromkeys((room, *SEARCH, "outside")):
            if self.room != candidate:
                if candidate in visited and candidate != room:
                    continue
                self.do(subgoal, f"teleport to {candidate}")
                visited.add(candidate)
            for holder in self._shut():
                if self.sees(thing):
                    return
                self.do(subgoal, f"open {holder}")
            if self.sees(thing):
                return
        raise ReplayFailed(f"{thing} was not found")

    def _shut(self) -> list[str]:
        shut = [name.lower() for name in _SHUT.findall(self.episode.look())]
        return [holder for holder in HOLDERS if holder in shut]

    def sees(self, thing: str) -> bool:
        text = f"{self.episode.look()}\n{self.episode.inventory()}"
        name = re.escape(thing).replace(r"\ containing\ ", r"\ \(containing\ (?:a\ substance\ called\ )?")
        return re.search(rf"(?<!\w){name}(?!\w)", text) is not None

    def _misstep(self, subgoal: str, rooms: set[str]) -> None:
        """With a small probability, play a useless action that does not lead to one of these rooms.

        Repeating the last action is one of them: a small model loops easily, and must find its way out.
        """
        if self.draw.random() >= _MISSTEP:
            return
        last = self.steps[-1].action if self.steps else ""
        if last.startswith(_REPEATED) and self.draw.random() < 0.5:
            self.asked = self.do(self.subgoals[-1], last, taught=False)
            self.answer(taught=False)
            return
        shut = self._shut()
        if shut and self.draw.random() < 0.5:
            self.do(subgoal, f"open {self.draw.choice(shut)}", taught=False)
        else:
            room = self.draw.choice([room for room in ROOMS if room not in rooms])
            self.do(subgoal, f"teleport to {room}", taught=False)

    def do(self, subgoal: str, action: str, taught: bool = True) -> bool:
        """Play and record an action; returns whether the simulator asks which of several things is meant."""
        look, inventory = self.episode.look(), self.episode.inventory()
        if self.hindsight and action.startswith("focus on "):
            return self._focus(subgoal, action.removeprefix("focus on "), look, inventory)
        result = self.episode.step(action)
        if not result.accepted or (self.episode.done and self.episode.score < 100):
            raise ReplayFailed(f"{action}: {result.observation[:80]}")
        moves = result.moves - self.before + self.unplayed
        if moves > MAX_EPISODE_STEPS:
            raise ReplayFailed(f"more than {MAX_EPISODE_STEPS} moves")
        score = to_fraction(result.score)
        self.steps.append(Step(look, inventory, action, result.observation, score, moves))
        self.subgoals.append(subgoal)
        self.taught.append(taught)
        if self.colours and action.startswith("mix "):
            self._name_mixture()
        return result.ambiguous

    def _name_mixture(self) -> None:
        """Map the paint that the path focuses on next to the paint that has been mixed."""
        count = len([step for step in self.steps if step.action.startswith("mix ")])
        focused = [step.action for step in self.base.steps if step.action.startswith("focus on ")]
        mixed = [name for name in _PAINT.findall(self.episode.look()) if name not in self.colours.values()]
        if len(set(mixed)) != 1 or count > len(focused):
            raise ReplayFailed(f"{len(set(mixed))} mixtures in sight")
        self.colours[focused[count - 1].removeprefix("focus on ")] = mixed[0]

    def _focus(self, subgoal: str, thing: str, look: str, inventory: str) -> bool:
        """Record a focus without playing it: anything but the task's own would end the episode."""
        if not (f"{thing})" in look if self.colours else self.sees(thing)):
            raise ReplayFailed(f"no {thing} in sight")
        self.unplayed += 1
        moves = self.episode.moves - self.before + self.unplayed
        score = self.steps[-1].score_fraction if self.steps else 0.0
        observation = f"You focus on the {thing}."
        self.steps.append(Step(look, inventory, f"focus on {thing}", observation, score, moves))
        self.subgoals.append(subgoal)
        self.taught.append(True)
        return False
