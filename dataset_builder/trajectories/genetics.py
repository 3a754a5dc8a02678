"""The question of a genetics task, and how a look at the greenhouse shows the traits of its plants."""

import re
from dataclasses import dataclass

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
    """A task's question: whether a value of a trait is dominant in a species, and where to answer.

    Attributes:
        value: value of the trait, such as `round`.
        part: the trait, such as `seed shape`.
        species: the plant, such as `pea`.
        dominant: what to focus on if the value is dominant.
        recessive: what to focus on if it is recessive.

    Example:

    ```python
    >>> question = Question.read(
    ...     "Find out whether round seed shape is a dominant or recessive trait in the pea plant. If the "
    ...     "trait is dominant, focus on the red box. If the trait is recessive, focus on the blue box."
    ... )
    >>> question.value, question.part, question.dominant
    ('round', 'seed shape', 'red box')
    ```
    """

    value: str
    part: str
    species: str
    dominant: str
    recessive: str

    @classmethod
    def read(cls, description: str) -> "Question | None":
        """The question in a task's text; None if the task does not ask about dominance."""
        match = _QUESTION.search(description)
        return cls(**match.groupdict()) if match else None


def flower_pots(look: str) -> dict[str, str]:
    """Flower pots in a look: name → its contents as the look lists them."""
    return dict(_POT.findall(look))


def shown_trait(part: str, species: str, text: str) -> list[str] | None:
    """The words with which a text describes a part of a plant; None if it shows no such part.

    Args:
        part (`str`): first word of `Question.part`.
        species (`str`): as in `Question`.
        text (`str`): a look, or the contents of one flower pot.
    """
    match = re.search(_SHOWN[part].format(species=re.escape(species)), text)
    return match.group(1).split() if match else None
