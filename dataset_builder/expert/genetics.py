"""The genetics experiment: cross two plants and observe their seed, or the plant that grows from it.

The simulator's solver needs over 130 moves and usually answers before it has seen any offspring. Opening
the bee hive before the plants flower, and planting the first ripe seed, gives the answer within 100
moves. Both parents are homozygous and no flower is pollinated by its own plant, so the first offspring
shows the dominant trait.
"""

from dataset_builder.expert.plan import Experiment
from dataset_builder.simulator.look import room_of
from dataset_builder.trajectories.genetics import Question, flower_pots, shown_trait

TASKS = ("mendelian-genetics-known-plant", "mendelian-genetics-unknown-plant")


def experiment(description: str, look: str) -> Experiment | None:
    """The actions, each followed by what it showed; None if the task's text asks something else.

    Args:
        description (`str`): the task's text.
        look (`str`): the room in which the episode begins.
    """
    question = Question.read(description)
    return _actions(question, look) if question else None


def _actions(question: Question, look: str) -> Experiment:
    seed = f"{question.species} seed"
    if room_of(look) != "greenhouse":
        look = (yield "teleport to greenhouse").look
    yield "pick up seed jar"
    first, second, third = list(flower_pots(look))[:3]
    yield f"move {seed} in seed jar to {first}"
    yield f"move {seed} in seed jar to {second}"
    yield "close door to hallway"
    yield "close door to outside"
    look = (yield "open bee hive").look
    while shown_trait("seed", question.species, look) is None:
        look = (yield "wait").look
    part = question.part.split()[0]
    if part != "seed":
        look = (yield f"move {seed} in {question.species} plant to {third}").look
        while shown_trait(part, question.species, flower_pots(look).get(third, "")) is None:
            look = (yield "wait").look
        look = flower_pots(look).get(third, "")
    dominant = question.value in (shown_trait(part, question.species, look) or [])
    yield f"focus on {question.dominant if dominant else question.recessive}"
