"""Names as the room shows them, and as a sub-goal may carry them."""

from dataset_builder.annotation.rules.action_kinds import clean, contents, known_as
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


def test_contents_are_read_from_room_and_inventory() -> None:
    step = Step(
        "\ta cup (containing nothing)\n\ta sink. In it is: a cup (containing a substance called water).",
        "\ta metal pot (containing A blank paper, a substance called soap)\n",
        "wait",
        "",
        0.0,
        0,
    )
    assert contents("cup", step) == ["water"]
    assert contents("metal pot", step) == ["blank paper", "soap"]
    assert contents("pot", step) == []
