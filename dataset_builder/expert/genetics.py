"""The genetics experiment: cross two plants and look at a seed of theirs, or at what grows from it.

The simulator's solver needs over 130 moves, and mostly answers without having seen any offspring.
Opening the hive before the plants flower, and planting the first seed that ripens, shows the answer
within 100 moves. The two parents breed true and no flower takes its own plant's pollen, so what the
first offspring looks like is the dominant trait.
"""

import re
from collections.abc import Generator
from dataclasses import dataclass

from dataset_builder.simulator.look import room_of

TASKS = ("mendelian-genetics-known-plant", "mendelian-genetics-unknown-plant")
MAX_MOVES = 100
"""Step limit of the usual protocols; a longer path would be cut off."""

_QUESTION = re.compile(
    r"whether (?P<value>\w+) (?P<part>plant height|seed shape|seed color|leaf shape|leaf size|flower color"
    r"|flower size) is a dominant or recessive trait in the (?P<species>.+?) plant\. "
    r"If the trait is dominant, focus on the (?P<dominant>.+?)\. "
    r"If the trait is recessive, focus on the (?P<recessive>.+?)\."
)
_POT = re.compile(r"^\t(?:an? )?((?:self watering )?flower pot(?: \d+)?) \(containing (.*)\)$", re.MULTILINE)
_SHOWN = {
    "seed": r"On the .+? plant you see: (?:.*, )?an? ([a-z ]*){species} seed",
    "plant": r"{species} plant in the \w+ stage with a ([a-z]+) height",
    "leaf": r"{species} plant in the \w+ stage with (?:.* )?([a-z]+) leaves",
    "flower": r"On the .+? plant you see: (?:.*, )?an? (?:wilting )?([a-z ]+) flower",
}
"""How a look shows a trait, by the first word of the part that has it."""


@dataclass(frozen=True)
class Question:
    """What a task asks: is this `value` of this `part` dominant in this `species`, and where to answer."""

    value: str
    part: str
    species: str
    dominant: str
    recessive: str

    @classmethod
    def read(cls, description: str) -> "Question | None":
        """The question of a task's text; None if it asks none about dominance."""
        match = _QUESTION.search(description)
        return cls(**match.groupdict()) if match else None


def experiment(asked: Question, look: str) -> Generator[str, str, None]:
    """The actions of the experiment: yields the next one, is sent the look after it.

    Args:
        asked (`Question`): what to find out.
        look (`str`): the room in which the episode begins.
    """
    seed = f"{asked.species} seed"
    if room_of(look) != "greenhouse":
        look = yield "teleport to greenhouse"
    yield "pick up seed jar"
    first, second, third = [name for name, _ in _POT.findall(look)][:3]
    yield f"move {seed} in seed jar to {first}"
    yield f"move {seed} in seed jar to {second}"
    yield "close door to hallway"
    yield "close door to outside"
    look = yield "open bee hive"
    while _shown("seed", asked.species, look) is None:
        look = yield "wait"
    part = asked.part.split()[0]
    if part != "seed":
        look = yield f"move {seed} in {asked.species} plant to {third}"
        while _shown(part, asked.species, _pot(look, third)) is None:
            look = yield "wait"
        look = _pot(look, third)
    dominant = asked.value in (_shown(part, asked.species, look) or [])
    yield f"focus on {asked.dominant if dominant else asked.recessive}"


def _pot(look: str, name: str) -> str:
    """What a look says of one flower pot."""
    return next((inside for pot, inside in _POT.findall(look) if pot == name), "")


def _shown(part: str, species: str, look: str) -> list[str] | None:
    """The words with which a look describes a part of a plant; None if it shows no such part."""
    match = re.search(_SHOWN[part].format(species=re.escape(species)), look)
    return match.group(1).split() if match else None
