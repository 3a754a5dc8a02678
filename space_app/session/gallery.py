"""The gallery: six episodes that show different skills, one per topic."""

from typing import NamedTuple


class GalleryItem(NamedTuple):
    """An example episode.

    Attributes:
        title: text of its button.
        skill: what the episode shows.
        task: simulator name.
        variation: index in the validation split: no model was trained on it and no score is taken from it.

    Example:

    ```python
    GalleryItem("Find an animal", "look around, choose, carry", "find-animal", 159)
    ```
    """

    title: str
    skill: str
    task: str
    variation: int


GALLERY = (
    GalleryItem("Find an animal", "look around, choose, carry", "find-animal", 159),
    GalleryItem("Measure and sort", "a reading decides the box", "use-thermometer", 270),
    GalleryItem(
        "Does it conduct?", "build a circuit, watch the bulb", "test-conductivity-of-unknown-substances", 300
    ),
    GalleryItem("Mix a colour", "find, pour, mix, check", "chemistry-mix-paint-secondary-color", 19),
    GalleryItem("Grow a plant", "sow, water, wait: a long plan", "grow-plant", 63),
    GalleryItem("Change its state", "heat, watch, try another way", "change-the-state-of-matter-of", 15),
)

FIRST = GALLERY[0]
"""The episode that the page opens with."""
