"""Other substances for a question about a melting point: augmentation by names of the same kind.

A liquid has to be cooled and a solid heated before their melting points show, and nothing but the name says
which of them a substance is. Train variations ask for four substances, practice for three. A controller that
knows no other name does with a juice what other tasks do with it.
"""

import random
import re

from dataset_builder.expert.melting_point import find_question
from dataset_builder.trajectories.decisions import task_of

_KINDS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (
        ("mercury", "red paint", "blue paint", "yellow paint"),
        (
            "apple juice", "grape juice", "tomato juice", "lemonade", "milk", "tea", "coffee", "vinegar",
            "oil", "alcohol", "salt water", "sugar water", "soapy water", "green paint", "white paint", "ink",
            "bromine",
        ),
    ),
    (
        ("gallium", "chocolate"),
        (
            "marshmallow", "butter", "wax", "soap", "rubber", "cheese", "ice cream", "caramel", "cesium",
            "rubidium", "potassium", "sodium",
        ),
    ),
    (("lead",), ("copper", "iron", "steel", "silver", "gold", "zinc", "nickel", "aluminum", "glass")),
)  # fmt: skip
"""Substances that train variations or practice ask for, and names of the same kind: liquids, solids that
melt on a stove, solids that need a furnace. Those that only other splits ask for are not among them."""


def other_substance(text: str, target: str, draw: random.Random) -> tuple[str, str]:
    """The example with another substance of the same kind in the place of the one that is asked for.

    Args:
        text (`str`): a model's input; one that asks for no melting point is returned unchanged. A name
            that it contains already is not taken.
        target (`str`): the answer.
        draw (`random.Random`): chooses the name.
    """
    asked = find_question(task_of(text), solid=True)
    kind = next((names for known, names in _KINDS if asked and asked.substance in known), ())
    names = [name for name in kind if not re.search(rf"\b{name}\b", text)]  # there is soap in the kitchen
    if asked is None or not names:
        return text, target
    other = draw.choice(names)
    # Frozen paint is "dried", other frozen liquids are "solid".
    own = re.compile(rf"\b(dried )?{re.escape(asked.substance)}\b")

    def renamed(match: re.Match[str]) -> str:
        state = match[1] or ""
        return f"{state if other.endswith('paint') else state.replace('dried', 'solid')}{other}"

    return own.sub(renamed, text), own.sub(renamed, target)
