"""Practice: perturbed replays of expert paths, in rearranged worlds and with mistakes to recover from.

Half of the tasks have fewer than twenty train variations, and in all of them a thing is in the same
place. So a verified path is replayed on its own (train) variation after some unrecorded moves: the thing
whose state is to change is put elsewhere, and the replay starts in another room. It searches for things
that are not in sight and undoes its missteps; only replays that reach the full score are kept. Missteps
stay in the history that a model reads, but are never its target.

Paints are also mixed from other colours than the task asks for. The task's text is then changed to name
the resulting paint (hindsight relabelling, as in arXiv 1707.01495). Such a path is replayed up to its
focus actions. The simulator has no score for the changed task, so we check that the paint to focus on is
in the room.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from random import Random

from dataset_builder.simulator.look import room_of
from dataset_builder.simulator.simulator import Episode
from dataset_builder.simulator.vocabulary import ROOMS
from dataset_builder.trajectories.subgoals import Segment, SubGoal, step_subgoals
from dataset_builder.trajectories.trajectory import Step, Trajectory, to_fraction

MAX_MOVES = 100
SEARCH = ("kitchen", "workshop", "foundry", "bathroom", "living room", "bedroom", "art studio", "greenhouse")
"""Rooms in the order in which a thing that is not in sight is looked for; `outside` comes last."""

_MOVED = 0.7  # share of the paths whose things are put elsewhere
_ELSEWHERE = 0.8  # share that start in another room
_MISSTEP = 0.05  # per action
_MAX_WAITS = 8
_HOLDERS = ("fridge", "freezer", "cupboard")
_TAKES = re.compile(r"(?:focus on|pick up|pour|move) (.+?)(?: (?:to|into|in) (.+))?")
_SHUT = re.compile(r"\b(fridge|freezer|cupboard|closet|drawer)\. The \1 door is closed", re.IGNORECASE)
_FIXED = {"metal pot", "water", "agent", "air"}
_POUR = re.compile(r"pour (.+) (?:into|in) .+")
_CHANGE = re.compile(r"\bto (?:boil|melt|freeze|change the state)")
_PRIMARY = ("red", "blue", "yellow")
_PAINT = re.compile(r"\(containing (?:a substance called )?([a-z-]+ paint)\)")


class Failed(Exception):
    """This replay did not reach the full score."""


@dataclass(frozen=True)
class Practice:
    """One perturbed replay of a path.

    Attributes:
        trajectory: what was seen and done, missteps included.
        segments: its sub-goals.
        taught: per step, whether it is a training target (missteps are not).
        prelude: the unrecorded actions before it, to repeat the replay.
        hindsight: whether the task's text was changed to fit the path; the score is not the task's then.
    """

    trajectory: Trajectory
    segments: list[Segment]
    taught: list[bool]
    prelude: list[str]
    hindsight: bool


def practise(episode: Episode, base: Trajectory, segments: Sequence[Segment], seed: int) -> Practice:
    """Replay a verified path in a world that is rearranged at random.

    Args:
        episode (`Episode`): where to play, without a step limit.
        base (`Trajectory`): a verified path.
        segments (`Sequence[Segment]`): its sub-goals.
        seed (`int`): random seed of the rearrangement, the missteps and the first room.

    Raises:
        Failed: if this replay did not reach the full score within `MAX_MOVES` moves.
        SimulatorDied: if the Java process ended.
    """
    draw = Random(f"{base.task}/{base.variation}/{seed}")
    episode.load(base.task, base.variation, base.simplifications)
    colours = _other_colours(base, draw)
    player = PracticeReplay(episode, base, draw, colours)
    subgoals = step_subgoals(segments)
    if not colours:
        _rearrange(player, base, draw)
    player.begin()
    _take_in_sight(player, base)
    for index, (subgoal, step) in enumerate(zip(subgoals, base.steps, strict=True)):
        player.perform(_without_room(subgoal, player) if not index else subgoal, room_of(step.look), step)
        if episode.done:
            break
    if not (colours or episode.score == 100) or not player.steps:
        raise Failed(f"{episode.score} of 100")
    return player.practice()


def _without_room(subgoal: str, player: "PracticeReplay") -> str:
    """The first sub-goal as it is called where one need not go to its room."""
    return subgoal.replace(f", {player.room})", ")")


# --- the rearrangement, which no model sees ---------------------------------------------------------


def _rearrange(player: "PracticeReplay", base: Trajectory, draw: Random) -> None:
    """Put the thing whose state is to change elsewhere, and go to another room; moves count from there.

    Only the tasks that change a state are rearranged. The others name the room of what they need, or have
    it in its usual place: searching for it there taught a small model to search for things in sight.
    """
    if _CHANGE.search(base.description) and draw.random() < _MOVED:
        for thing, room, opened in _movable(base):
            _relocate(player, thing, room, opened, draw)
    if not base.actions[0].startswith("teleport to "):
        player.act(f"teleport to {room_of(base.steps[0].look)}")  # its first sub-goal names no room
    elif draw.random() < _ELSEWHERE:
        player.act(f"teleport to {draw.choice((*player.put, *ROOMS))}")


def _movable(base: Trajectory) -> list[tuple[str, str, list[str]]]:
    """The things that the path takes: name, room, and the containers opened there before."""
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


def _relocate(player: "PracticeReplay", thing: str, room: str, opened: Sequence[str], draw: Random) -> None:
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


def _take_in_sight(player: "PracticeReplay", base: Trajectory) -> None:
    """Focus on the task's thing and take it along if it happens to be in the first room."""
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
    """Primary colour → the one to use in its place, for most replays of a task that mixes paints."""
    if "paint" not in base.task or draw.random() < 0.2:
        return {}
    shuffled = draw.sample(_PRIMARY, len(_PRIMARY))
    return {f"{old} paint": f"{new} paint" for old, new in zip(_PRIMARY, shuffled, strict=True)}


# --- the play ---------------------------------------------------------------------------------------


class PracticeReplay:
    """Replays and records a path, with some colours exchanged.

    Args:
        episode (`Episode`): where to play.
        base (`Trajectory`): the path.
        draw (`Random`): source of the missteps.
        colours (`dict[str, str]`): paint of the path → paint to use in its place; `{}` for none.
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
        self.put: tuple[str, ...] = ()
        self.skipped: set[str] = set()

    def begin(self) -> None:
        """Start recording: the moves so far do not count."""
        self.before = self.episode.moves
        if self.episode.done:
            raise Failed("the rearrangement ended the episode")

    def act(self, action: str) -> bool:
        """Play an action without recording it; returns whether the simulator did it."""
        result = self.episode.step(action)
        self.prelude.append(action)
        if result.ambiguous:
            self.episode.step("0")
            self.prelude.append("0")
        if self.episode.done:
            raise Failed("the rearrangement ended the episode")
        return result.accepted and not result.observation.startswith(("I'm not sure", "You can't"))

    def perform(self, subgoal: str, room: str, step: Step) -> None:
        """One action of the path, preceded by whatever the changed world makes necessary."""
        action, subgoal = self.renamed(step.action), self.renamed(subgoal)
        if action in self.skipped or (action == "0" and not self.asked):
            return
        if not self.asked:
            if not self.growing:
                self._misstep(subgoal, {self.room, room, action.removeprefix("teleport to ")})
            opened = action.removeprefix("open ")
            if action == f"teleport to {self.room}" or (opened in _HOLDERS and opened not in self._shut()):
                return
            if not action.startswith("teleport to "):
                self._find(subgoal, room, action)
        self.asked = self.do(subgoal, action)

    def renamed(self, text: str) -> str:
        """A text with the path's colours exchanged."""
        if not self.colours:
            return text
        # The longest name first: "red paint" is a part of "violet-red paint".
        names = "|".join(sorted(map(re.escape, self.colours), key=len, reverse=True))
        return re.sub(rf"(?<![\w-])(?:{names})", lambda match: self.colours[match.group()], text)

    @property
    def room(self) -> str:
        return room_of(self.episode.look())

    def practice(self) -> Practice:
        base = self.base
        trajectory = Trajectory(
            base.task,
            base.variation,
            self.renamed(base.description),
            base.simplifications,
            "practice",
            tuple(self.steps),
            base.scienceworld_version,
        )
        segments, start = [], 0
        for subgoal, run in groupby(self.subgoals):
            stop = start + len(list(run))
            segments.append(Segment(SubGoal.parse(subgoal), start, stop))
            start = stop
        return Practice(trajectory, segments, self.taught, self.prelude, bool(self.colours))

    def _find(self, subgoal: str, room: str, action: str) -> None:
        """Go where the action can be done: its things are in sight there, or it is the path's room."""
        match = _TAKES.fullmatch(action)
        thing, target = match.groups() if match else ("", None)
        if thing and not self.sees(thing):
            self._wait_for(subgoal, thing) if self.growing else self._looks_for(subgoal, thing, room)
        there = self.sees(target) if target else bool(thing)
        if not there and room and self.room != room:
            self.do(subgoal, f"teleport to {room}")

    def _wait_for(self, subgoal: str, thing: str) -> None:
        """Wait until something has grown or hatched."""
        for _ in range(_MAX_WAITS):
            if self.sees(thing):
                return
            self.do(subgoal, "wait1")
        raise Failed(f"{thing} did not appear")

    def _looks_for(self, subgoal: str, thing: str, room: str) -> None:
        """Open what is shut in the kitchen, then walk through the rooms."""
        if not any(thing in step.look for step in self.base.steps):
            return  # the action words it differently than the room, so sight cannot be judged
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
        raise Failed(f"{thing} was not found")

    def _shut(self) -> list[str]:
        shut = [name.lower() for name in _SHUT.findall(self.episode.look())]
        return [holder for holder in _HOLDERS if holder in shut]

    def sees(self, thing: str) -> bool:
        text = f"{self.episode.look()}\n{self.episode.inventory()}"
        name = re.escape(thing).replace(r"\ containing\ ", r"\ \(containing\ (?:a\ substance\ called\ )?")
        return re.search(rf"(?<!\w){name}(?!\w)", text) is not None

    def _misstep(self, subgoal: str, rooms: set[str]) -> None:
        """Occasionally, an action that leads nowhere, and not to these rooms."""
        if self.draw.random() >= _MISSTEP:
            return
        shut = self._shut()
        if shut and self.draw.random() < 0.5:
            self.do(subgoal, f"open {self.draw.choice(shut)}", taught=False)
        else:
            room = self.draw.choice([room for room in ROOMS if room not in rooms])
            self.do(subgoal, f"teleport to {room}", taught=False)

    def do(self, subgoal: str, action: str, taught: bool = True) -> bool:
        """Play an action and record it; returns whether the simulator asks which thing is meant."""
        look, inventory = self.episode.look(), self.episode.inventory()
        if self.colours and action.startswith("focus on "):
            return self._focus(subgoal, action.removeprefix("focus on "), look, inventory)
        result = self.episode.step(action)
        if not result.accepted or (self.episode.done and self.episode.score < 100):
            raise Failed(f"{action}: {result.observation[:80]}")
        moves = result.moves - self.before
        if moves > MAX_MOVES:
            raise Failed(f"more than {MAX_MOVES} moves")
        score = to_fraction(result.score)
        self.steps.append(Step(look, inventory, action, result.observation, score, moves))
        self.subgoals.append(subgoal)
        self.taught.append(taught)
        if self.colours and action.startswith("mix "):
            self._name_mixture()
        return result.ambiguous

    def _name_mixture(self) -> None:
        """From the next focus on, the paint that the path mixed is called by the colour that resulted."""
        done = len([step for step in self.steps if step.action.startswith("mix ")])
        focused = [step.action for step in self.base.steps if step.action.startswith("focus on ")]
        mixed = [name for name in _PAINT.findall(self.episode.look()) if name not in self.colours.values()]
        if len(set(mixed)) != 1 or done > len(focused):
            raise Failed(f"{len(set(mixed))} mixtures in sight")
        self.colours[focused[done - 1].removeprefix("focus on ")] = mixed[0]

    def _focus(self, subgoal: str, paint: str, look: str, inventory: str) -> bool:
        """Record a focus without playing it: a focus on another paint than the task's ends the episode."""
        if f"{paint})" not in look:
            raise Failed(f"no {paint} in sight")
        moves = self.steps[-1].moves + 1
        said = f"You focus on the {paint}."
        self.steps.append(Step(look, inventory, f"focus on {paint}", said, 0.0, moves))
        self.subgoals.append(subgoal)
        self.taught.append(True)
        return False
