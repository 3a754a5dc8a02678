"""Six episodes that show different skills, and the one that is there at the beginning."""

from typing import NamedTuple


class Exhibit(NamedTuple):
    """An episode worth a look.

    Attributes:
        title: on its button.
        skill: what it shows.
        task: simulator name.
        variation: one of the test split, which no model was trained on.
    """

    title: str
    skill: str
    task: str
    variation: int


GALLERY = (
    Exhibit("Find an animal", "look around, choose, carry", "find-animal", 225),
    Exhibit("Measure, then decide", "a reading chooses the box", "use-thermometer", 405),
    Exhibit("Does it conduct?", "build a circuit, watch the bulb", "test-conductivity", 675),
    Exhibit("Who lives longest?", "knowledge of living things", "lifespan-longest-lived", 94),
    Exhibit("Mix a colour", "chemistry in two steps", "chemistry-mix-paint-secondary-color", 27),
    Exhibit("Boil it", "heat, watch, wait", "boil", 22),
)

FIRST = GALLERY[0]
