"""The agent's notebook: the measurements so far on which the answer to the task's question depends.

A small model cannot find two numbers in its input and compare them, but it can pick the first or the
last entry of a sorted list. So measurements are listed in ascending order, each with its relation to the
limit that the task names. An entry repeats an observation of the simulator without a conclusion: the model
has to decide which box a reading implies.
"""

import re
from collections.abc import Callable, Sequence

from dataset_builder.trajectories.agent_state import Event
from dataset_builder.trajectories.genetics import Question, flower_pots, shown_trait

READING = re.compile(r"measures a temperature of (-?\d+) degrees")
"""What a thermometer answers."""

_SLID = re.compile(r"an? (inclined plane.*?), with: an? .+? approximately (\d+)% down the plane")
_MOVED_TO_PLANE = re.compile(r"move .+ to (inclined plane.*)")
_THERMOMETER = re.compile(r"use thermometer(?: in inventory)? on (.+)")
_LIMIT = re.compile(r"(?:temperature|melting point of .+?) is (?:above|below) (-?\d+(?:\.\d+)?) degrees")
_STATES = "solid|liquid|gaseous|dried"  # frozen paint is "dried"
_STATE = re.compile(rf"^(?:{_STATES}) ")
_CONDUCTIVITY = re.compile(r"determine if (.+?) is electrically conductive")
_LOAD = "[a-z]+ light bulb|electric (?:motor|buzzer)"
_WIRED = re.compile(rf"({_LOAD}) (?:anode|cathode)|(?:anode|cathode) in ({_LOAD})")
_SWITCHED = re.compile(rf"\b({_LOAD}), which is (on|off)")
_FOCUS = re.compile(r"focus on (?:(seedling|juvenile|adult|reproducing) )?(.+)")


def notebook(description: str, history: Sequence[Event]) -> list[str]:
    """Entries of the notebook, in the order in which a model reads them.

    Args:
        description (`str`): the task's text.
        history (`Sequence[Event]`): all past actions, oldest first, each with the room after it.

    Returns:
        `list[str]`: such as `["51% inclined plane B", "80% inclined plane F"]`; empty if there is nothing to
        note, as in most steps of many tasks.
    """
    return [entry for note in _NOTES for entry in note(description, history)]


def _focused(description: str, history: Sequence[Event]) -> list[str]:
    """The plant that was focused on last, and its flower pot, which the task asks for."""
    for event in reversed(history):
        focus = _FOCUS.fullmatch(event.action)
        if focus and event.observation.startswith("You focus on "):
            stage, name = focus.groups()
            plant = rf"\b{re.escape(name)} in the {stage or '[a-z]+'} stage"
            pots = [pot for pot, inside in flower_pots(event.look).items() if re.search(plant, inside)]
            return [f"focused {name} in {pots[0]}"] if len(pots) == 1 else []
    return []


def _distances(description: str, history: Sequence[Event]) -> list[str]:
    """How far blocks slid down each plane, shortest distance first.

    For each plane, only the first look after time has passed with a block on it counts: distances at
    different times cannot be compared.
    """
    if "inclined planes" not in description:
        return []
    percent: dict[str, int] = {}
    waiting: set[str] = set()
    final: set[str] = set()
    for event in history:
        if moved := _MOVED_TO_PLANE.fullmatch(event.action):
            waiting.discard(moved[1])
            final.discard(moved[1])
        elif event.action.startswith("wait"):
            waiting = set(percent) | waiting | _planes(event.look)
        elif (slid := _SLID.match(event.observation)) and slid[1] not in final:
            percent[slid[1]] = int(slid[2])
            if slid[1] in waiting:
                final.add(slid[1])
    return [f"{share}% {plane}" for plane, share in sorted(percent.items(), key=lambda pair: pair[1])]


def _planes(look: str) -> set[str]:
    """Planes with a block on them."""
    return {plane.strip() for plane in re.findall(r"\ban? (inclined plane[^,\n]*), with:", look)}


def _temperatures(description: str, history: Sequence[Event]) -> list[str]:
    """Latest temperature of each substance in each state, with its relation to the task's limit."""
    asked = _LIMIT.search(description)
    if asked is None:
        return []
    limit = float(asked[1])
    degrees: dict[str, int] = {}
    for event in history:
        used, measured = _THERMOMETER.fullmatch(event.action), READING.search(event.observation)
        if used and measured:
            degrees[_with_state(used[1], event.look)] = int(measured[1])
    return [
        f"{name} {value} degrees{_relation(value, limit)}"
        for name, value in sorted(degrees.items(), key=lambda pair: pair[1])
    ]


def _with_state(name: str, look: str) -> str:
    """A substance with its state of matter, where the room shows it."""
    bare = _STATE.sub("", name)
    shown = re.search(rf"\b(?:{_STATES}) {re.escape(bare)}\b", look)
    return shown[0] if shown else name


def _relation(value: float, limit: float) -> str:
    return "" if value == limit else " , above" if value > limit else " , below"


def _conductivity(description: str, history: Sequence[Event]) -> list[str]:
    """Whether the light bulb or motor is on, and the tested object if it is in the circuit."""
    asked = _CONDUCTIVITY.search(description)
    if asked is None:
        return []
    name, load, state = asked[1], "", ""
    terminals: set[str] = set()
    for event in history:
        if event.action.startswith("connect ") and " is now connected to " in event.observation:
            terminals.update(re.findall(rf"{re.escape(name)} (terminal \d)", event.action))
            if wired := _WIRED.search(event.action):
                load = wired[1] or wired[2]
        elif event.action.startswith("wait") and load:
            state = dict(_SWITCHED.findall(event.look)).get(load, state)
    if not state:
        return []
    return [f"{name} , {load} {state}" if len(terminals) == 2 else f"{load} {state}"]


def _offspring(description: str, history: Sequence[Event]) -> list[str]:
    """The trait in question of the parents and of their offspring.

    Parents grow from the seeds in the seed jar. Their offspring are the seeds of the parents, or, for
    a trait that no seed shows, the plants in pots where such a seed was planted.
    """
    asked = Question.read(description)
    if asked is None:
        return []
    planted = re.compile(
        rf"move {re.escape(asked.species)} seed in (seed jar|{re.escape(asked.species)} plant) to (.+)"
    )
    part = asked.part.split()[0]
    source: dict[str, str] = {}
    parents: dict[str, str] = {}
    offspring: dict[str, None] = {}
    for event in history:
        if sown := planted.fullmatch(event.action):
            source.setdefault(sown[2], sown[1])
        if not source:
            continue
        for pot, inside in flower_pots(event.look).items():
            words = shown_trait(part, asked.species, inside)
            if pot not in source or words is None:
                continue
            of_parent = source[pot] == "seed jar"
            if of_parent and part != "seed":
                parents[pot] = " ".join(words)
            elif of_parent == (part == "seed"):
                offspring.setdefault(" ".join(words))
    entries = [f"parents {' and '.join(dict.fromkeys(parents.values()))}"] if parents else []
    for shown in offspring:
        entries.append(f"offspring {shown} , {'' if asked.value in shown.split() else 'not '}{asked.value}")
    return entries


_NOTES: tuple[Callable[[str, Sequence[Event]], list[str]], ...] = (
    _focused,
    _distances,
    _temperatures,
    _conductivity,
    _offspring,
)
