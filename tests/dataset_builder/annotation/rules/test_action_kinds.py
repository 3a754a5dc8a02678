"""Names as the room shows them, and as a sub-goal may carry them."""

from dataset_builder.annotation.rules.action_kinds import clean, known_as
from dataset_builder.trajectories.trajectory import Step

STEP = Step("In it, you see: \n\tinclined plane B\n", "\tan orange\n", "", "", 0.0, 1)


def test_a_name_gets_the_rooms_spelling_without_hints() -> None:
    assert known_as("inclined plane b", STEP) == "inclined plane B"
    assert known_as("orange in inventory", STEP) == "orange"
    assert known_as("cup containing water in kitchen", STEP) == "cup"


def test_a_name_is_made_fit_for_an_argument() -> None:
    assert clean("cup (containing water, soap)") == "cup"
    assert clean("a, b") == "a b"
    assert clean("()") == "thing"
