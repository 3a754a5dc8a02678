"""Practice: perturbed replays of expert paths, in rearranged worlds and with mistakes to recover from.

Half of the tasks have fewer than twenty train variations, and things are in the same place in all of them.
So a verified path is replayed on its own (train) variation after some unrecorded moves: the thing whose
state must change is moved to another place, and the replay starts in another room. The replay searches for
things that are not in sight and recovers from its mistakes. Only replays that reach the full score are
kept, except relabelled ones. Mistakes remain in the history that a model reads, but are never its target.

Paints are also mixed from other colours than the task asks for. The task's text is then changed to name
the resulting paint (hindsight relabelling, as in arXiv 1707.01495). Such a path is replayed up to its
focus actions. The simulator has no score for the changed task, so we check that the paint to focus on is
in the room. In the same way other animals and other devices are asked for, see
`dataset_builder.practice.relabelling`, and the melting points of paints, see
`dataset_builder.practice.liquids`. No path is relabelled to a text that only other splits have.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from random import Random

from dataset_builder.annotation.rules.annotator import RulesAnnotator
from dataset_builder.expert.plan import ANSWER, ReplayFailed, Seen
from dataset_builder.practice import liquids
from dataset_builder.practice.relabelling import (
    Relabelled,
    builds_circuit,
    other_animal,
    other_parts,
    surplus_parts,
)
from dataset_builder.simulator.look import room_of
from dataset_builder.simulator.simulator import Episode
from dataset_builder.simulator.tasks import MAX_EPISODE_STEPS
from dataset_builder.simulator.vocabulary import ROOMS
from dataset_builder.trajectories.subgoals import Segment, step_segments, step_subgoals
from dataset_builder.trajectories.trajectory import Step, Trajectory, to_fraction

SEARCH = ("kitchen", "workshop", "foundry", "bathroom", "living room", "bedroom", "art studio", "greenhouse")
"""The order in which rooms are searched for a thing that is not in sight; `outside` comes last."""

_MOVED = 0.7  # share of the replays in which things are moved
_ELSEWHERE = 0.8  # share of the replays that start in another room
_MISSTEP = 0.06  # probability of a mistake before an action
_REPEATED = ("drop ", "pick up ", "connect ")  # played twice, they change nothing
_MAX_WAITS = 8
_MAX_LIGHT_UP = 3
_MAX_GROWTH = 4  # waits before a replay with plants; their seeds soon germinate
_WORKSHOP = "workshop"
_STORES = ("bedroom", "living room", "bathroom", "art studio")  # where surplus parts are taken
_HOLDERS = ("fridge", "freezer", "cupboard")
_TAKES = re.compile(r"(?:focus on|pick up|pour|move) (.+?)(?: (?:to|into|in) (.+))?")
_SHUT = re.compile(r"\b(fridge|freezer|cupboard|closet|drawer)\. The \1 door is closed", re.IGNORECASE)
_FIXED = {"metal pot", "water", "agent", "air"}
_POUR = re.compile(r"pour (.+) (?:into|in) .+")
_CHANGE = re.compile(r"\bto (?:boil|melt|freeze|change the state)")
_PRIMARY = ("red", "blue", "yellow")
_PAINT = re.compile(r"\(containing (?:a substance called )?([a-z-]+ paint)\)")


@dataclass(frozen=True)
class Practice:
    """One perturbed replay of a path.

    Attributes:
        trajectory: the recorded steps, including mistakes.
        segments: its sub-goals.
        taught: one value per step: whether it is a training target (mistakes are not).
        prelude: the unrecorded actions before it, which are needed to reproduce the replay.
        hindsight: whether the task's text was relabelled to fit the path; it then has no valid score.

    Example:

    ```python
    practice = practise(simulator.episode(step_limit=None), trajectory, segments, seed=0)
    targets = [
        action for action, taught in zip(practice.trajectory.actions, practice.taught) if taught
    ]
    ```
    """

    trajectory: Trajectory
    segments: list[Segment]
    taught: list[bool]
    prelude: list[str]
    hindsight: bool


def practise(
    episode: Episode,
    base: Trajectory,
    segments: Sequence[Segment],
    seed: int,
    held_out: Collection[str] = (),
) -> Practice:
    """Replay a verified path in a randomly rearranged world.

    Args:
        episode (`Episode`): plays the path; it has no step limit.
        base (`Trajectory`): a verified path.
        segments (`Sequence[Segment]`): its sub-goals.
        seed (`int`): random seed of the rearrangement, the mistakes and the first room.
        held_out (`Collection[str]`, *optional*): texts of tasks that a path is not relabelled to.

    Raises:
        ReplayFailed: if the replay did not reach the full score within `MAX_EPISODE_STEPS` moves, or a
            relabelled one has a held-out text.
        SimulatorDied: if the Java process ended.
    """
    draw = Random(f"{base.task}/{base.variation}/{seed}")
    episode.load(base.task, base.variation, base.simplifications)
    colours = _other_colours(base, draw)
    player = _PracticeReplay(episode, base, draw, colours)
    if base.task == liquids.TASK:
        return _melting_point(player, base, draw)
    subgoals = step_subgoals(segments)
    parts = "" if colours else _rearrange(player, base, draw)
    if changed := _relabelled(base, subgoals, parts, draw, held_out):
        base, subgoals = changed.path, changed.subgoals
        player.relabel(changed)
    player.begin()
    _take_in_sight(player, base)
    first = _without_room(subgoals[0], player)
    for index, (subgoal, step) in enumerate(zip(subgoals, base.steps, strict=True)):
        begins = set(subgoals[: index + 1]) == {subgoals[0]}  # still the first segment
        player.perform(first if begins else subgoal, room_of(step.look), step)
        if episode.done:
            break
    player.answer()
    player.wait_until_on()
    if not (player.hindsight or episode.score == 100) or not player.steps:
        raise ReplayFailed(f"{episode.score} of 100")
    practice = player.practice()
    if practice.hindsight and practice.trajectory.description in held_out:
        raise ReplayFailed("another split asks for it")
    return practice


def _melting_point(player: "_PracticeReplay", base: Trajectory, draw: Random) -> Practice:
    """Measure the melting point of a paint in the world of a path that asks for another substance."""
    liquid = liquids.other_liquid(base, draw)
    if liquid is None:
        raise ReplayFailed("the question cannot be decided for a paint")
    paint, text = liquid
    player.ask(replace(base, description=text))
    for action in liquids.placement(paint, draw):
        player.act(action)
    player.begin()
    experiment = liquids.measurement(text, paint, player.episode.look())
    try:
        action = next(experiment)
        while True:
            player.do("", action)
            action = experiment.send(Seen(player.steps[-1].observation, player.episode.look()))
    except StopIteration:
        pass
    trajectory = player.trajectory()
    segments = RulesAnnotator().annotate(trajectory)
    return Practice(trajectory, segments, player.taught, player.prelude, player.hindsight)


def _without_room(subgoal: str, player: "_PracticeReplay") -> str:
    """The first sub-goal without its room argument if the replay already starts in that room."""
    return subgoal.replace(f", {player.room})", ")")


# --- the rearrangement, which is not recorded -------------------------------------------------------


def _rearrange(player: "_PracticeReplay", base: Trajectory, draw: Random) -> str:
    """Move the thing whose state must change to another place, and go to another room.

    Only in tasks about a change of state is it moved. The texts of the other tasks name the room of the
    thing, or it is always in the same place; with searches in their examples, a small model learned to
    search even for things in sight. Of the parts of a circuit some are taken away; plants get time to grow.

    Returns:
        `str`: the look of the room with the parts of a circuit; empty for other tasks.
    """
    parts = ""
    if _CHANGE.search(base.description) and draw.random() < _MOVED:
        for thing, room, opened in _movable(base):
            _relocate(player, thing, room, opened, draw)
    elif builds_circuit(base):
        parts = _thin_out(player, base, draw)
    elif player.growing and "plant" in base.description:
        for _ in range(draw.randrange(_MAX_GROWTH)):
            player.act("wait1")
    if not base.actions[0].startswith("teleport to "):
        player.act(f"teleport to {room_of(base.steps[0].look)}")  # the path's first sub-goal names no room
    elif draw.random() < _ELSEWHERE:
        player.act(f"teleport to {draw.choice((*player.put, *ROOMS))}")
    return parts


def _thin_out(player: "_PracticeReplay", base: Trajectory, draw: Random) -> str:
    """Take wires and light bulbs away that the path does not need; returns the look of what is left."""
    player.act(f"teleport to {_WORKSHOP}")
    surplus = surplus_parts(base, player.episode.look(), draw)
    for part in surplus:
        player.act(f"pick up {part}")
    if surplus:
        player.act(f"teleport to {draw.choice(_STORES)}")
        for part in surplus:
            player.act(f"drop {part}")
        player.act(f"teleport to {_WORKSHOP}")
    return player.episode.look()


def _relabelled(
    base: Trajectory, subgoals: list[str], parts: str, draw: Random, held_out: Collection[str]
) -> Relabelled | None:
    """The path for another animal or with other parts, or None where it stays as it is."""
    if parts:
        return other_parts(base, subgoals, parts, draw, held_out)
    if base.task == "identify-life-stages-1":
        there = next(step.look for step in base.steps if step.action.startswith("focus on "))
        return other_animal(base, there, draw, held_out)
    return None


def _movable(base: Trajectory) -> list[tuple[str, str, list[str]]]:
    """The things that the path uses: name, room, and the containers that it opened there before."""
    things: dict[str, tuple[str, str, list[str]]] = {}
    opened: dict[str, list[str]] = {}
    for step in base.steps:
        room = room_of(step.look)
        if step.action.startswith("open "):
            opened.setdefault(room, []).append(step.action.removeprefix("open "))
        match = _TAKES.fullmatch(step.action)
        if match and match.group(1) not in _FIXED and match.group(1) in step.look:
            things.setdefault(match.group(1), (match.group(1), room, list(opened.get(room, ()))))
    return list(things.values())


def _relocate(player: "_PracticeReplay", thing: str, room: str, opened: Sequence[str], draw: Random) -> None:
    player.act(f"teleport to {room}")
    for holder in opened:
        player.act(f"open {holder}")
    taken = player.act(f"pick up {thing}")
    for holder in opened:
        player.act(f"close {holder}")
    if not taken:
        return
    # The rooms in which experts start or work more often get more weight.
    target = draw.choice((*SEARCH, "workshop", "workshop", "kitchen", "kitchen", "outside"))
    player.act(f"teleport to {target}")
    holder = draw.choice(_HOLDERS)
    if target == "kitchen":
        player.act(f"open {holder}")
        player.act(f"move {thing} to {holder}")
        player.act(f"close {holder}")
    else:
        player.act(f"drop {thing}")
        player.put = (target, target)


def _take_in_sight(player: "_PracticeReplay", base: Trajectory) -> None:
    """Focus on the task's thing and pick it up if it is in the first room by chance."""
    focus = next((step for step in base.steps if step.action.startswith("focus on ")), None)
    if focus is None or room_of(focus.look) == player.room or player.colours:
        return
    thing = focus.action.removeprefix("focus on ")
    poured = next((match[1] for action in base.actions if (match := _POUR.fullmatch(action))), thing)
    if player.sees(thing) and _CHANGE.search(base.description):
        player.do(f"focus_on({thing})", focus.action)
        player.do(f"fetch({thing})", f"pick up {poured}")
        player.skipped.add(focus.action)


# --- other colours ----------------------------------------------------------------------------------


def _other_colours(base: Trajectory, draw: Random) -> dict[str, str]:
    """Paint → the paint that replaces it, for most replays of a task that mixes paints; else `{}`."""
    if "paint" not in base.task or draw.random() < 0.2:
        return {}
    shuffled = draw.sample(_PRIMARY, len(_PRIMARY))
    return {f"{old} paint": f"{new} paint" for old, new in zip(_PRIMARY, shuffled, strict=True)}


# --- the replay -------------------------------------------------------------------------------------


class _PracticeReplay:
    """Replays a path, optionally with other paints, and records the steps.

    Args:
        episode (`Episode`): plays the path.
        base (`Trajectory`): the path.
        draw (`Random`): source of randomness of the mistakes.
        colours (`dict[str, str]`): paint of the path → paint that replaces it; `{}` for none.
    """

    def __init__(self, episode: Episode, base: Trajectory, draw: Random, colours: dict[str, str]) -> None:
        self.episode, self.base, self.draw, self.colours = episode, base, draw, colours
        self.steps: list[Step] = []
        self.subgoals: list[str] = []
        self.taught: list[bool] = []
        self.growing = "life-stages" in base.task
        self.prelude: list[str] = []
        self.before = 0
        self.asked = False
        self.hindsight = bool(colours)
        self.device = ""
        self.put: tuple[str, ...] = ()
        self.skipped: set[str] = set()

    def relabel(self, changed: Relabelled) -> None:
        """Replay another path, perhaps one that asks for another thing than the task of the simulator."""
        self.base, self.hindsight, self.device = changed.path, changed.hindsight, changed.device

    def ask(self, base: Trajectory) -> None:
        """Record under the text of this path, which the simulator does not score."""
        self.base, self.hindsight = base, True

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
            if action == f"teleport to {self.room}" or (opened in _HOLDERS and opened not in self._shut()):
                return
            if not action.startswith("teleport to "):
                self._find(subgoal, room, action)
        self.asked = self.do(subgoal, action)

    def answer(self) -> None:
        """Answer the simulator's question, if there is one that the path does not answer."""
        if self.asked and not self.episode.done:
            self.asked = self.do(self.subgoals[-1], ANSWER)

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

    def practice(self) -> Practice:
        segments = step_segments(self.subgoals)
        return Practice(self.trajectory(), segments, self.taught, self.prelude, self.hindsight)

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
        match = _TAKES.fullmatch(action)
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
        return [holder for holder in _HOLDERS if holder in shut]

    def sees(self, thing: str) -> bool:
        text = f"{self.episode.look()}\n{self.episode.inventory()}"
        name = re.escape(thing).replace(r"\ containing\ ", r"\ \(containing\ (?:a\ substance\ called\ )?")
        return re.search(rf"(?<!\w){name}(?!\w)", text) is not None

    def _misstep(self, subgoal: str, rooms: set[str]) -> None:
        """With a small probability, play a useless action that does not lead to one of these rooms.

        Repeating the last action is one of them: a small model loops easily, and must find out of it.
        """
        if self.draw.random() >= _MISSTEP:
            return
        last = self.steps[-1].action if self.steps else ""
        if last.startswith(_REPEATED) and self.draw.random() < 0.5:
            self.asked = self.do(subgoal, last, taught=False)
            self.answer()
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
        moves = result.moves - self.before
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
        moves = self.steps[-1].moves + 1 if self.steps else 1
        observation = f"You focus on the {thing}."
        self.steps.append(Step(look, inventory, f"focus on {thing}", observation, 0.0, moves))
        self.subgoals.append(subgoal)
        self.taught.append(True)
        return False
