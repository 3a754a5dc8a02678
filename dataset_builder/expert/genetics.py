"""The genetics experiment: cross two plants and look at a seed of theirs, or at what grows from it.

The simulator's solver needs over 130 moves, and mostly answers without having seen any offspring.
Opening the hive before the plants flower, and planting the first seed that ripens, shows the answer
within 100 moves. The two parents breed true and no flower takes its own plant's pollen, so what the
first offspring looks like is the dominant trait.
"""

from collections.abc import Generator

from dataset_builder.simulator.look import room_of
from dataset_builder.trajectories.genetics import Question, flower_pots, shown_trait

TASKS = ("mendelian-genetics-known-plant", "mendelian-genetics-unknown-plant")
MAX_MOVES = 100
"""Step limit of the usual protocols; a longer path would be cut off."""


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
    first, second, third = list(flower_pots(look))[:3]
    yield f"move {seed} in seed jar to {first}"
    yield f"move {seed} in seed jar to {second}"
    yield "close door to hallway"
    yield "close door to outside"
    look = yield "open bee hive"
    while shown_trait("seed", asked.species, look) is None:
        look = yield "wait"
    part = asked.part.split()[0]
    if part != "seed":
        look = yield f"move {seed} in {asked.species} plant to {third}"
        while shown_trait(part, asked.species, flower_pots(look).get(third, "")) is None:
            look = yield "wait"
        look = flower_pots(look).get(third, "")
    dominant = asked.value in (shown_trait(part, asked.species, look) or [])
    yield f"focus on {asked.dominant if dominant else asked.recessive}"
