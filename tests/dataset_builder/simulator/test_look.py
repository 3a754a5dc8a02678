"""The one reader of the simulator's texts, on texts that it wrote."""

import pytest

from dataset_builder.simulator.look import contents, room_of, rooms_in, split_look, things_in, without_article

LOOK = (
    "This room is called the kitchen. In it, you see: \n\tthe agent\n\ta substance called air\n"
    "\ta counter. On the counter is: a bowl (containing a red apple, a banana), a drawer.\n"
    "\ta orange box (containing nothing)\n\ta substance called soap\n"
    "\ta glass jar (containing a cup (containing a substance called water), a nail)\n"
    "\ta thermometer, currently reading a temperature of 10 degrees celsius\n"
    "You also see:\n\tA door to the hallway (that is open)\n\tA door to the outside (that is closed)\n"
)
INVENTORY = "In your inventory, you see:\n\tan orange\n\ta  unknown C seed\n"


@pytest.mark.parametrize(
    ("text", "room"),
    [
        (LOOK, "kitchen"),
        ("This outside location is called the outside. Here you see: \n", "outside"),
        ("You move to the kitchen.", ""),
        ("", ""),
    ],
)
def test_the_room_is_that_of_the_first_line(text: str, room: str) -> None:
    assert room_of(text) == room


def test_doors_are_not_things() -> None:
    things, doors = split_look(LOOK)
    assert things.startswith("\tthe agent\n")
    assert doors.count("A door to") == 2
    assert "door" not in things
    assert rooms_in(LOOK) == ["kitchen", "hallway", "outside"]


def test_names_of_things_exclude_their_descriptions() -> None:
    assert things_in(LOOK) == [
        "counter",
        "bowl",
        "red apple",
        "banana",
        "drawer",
        "orange box",
        "soap",
        "glass jar",
        "cup",
        "water",
        "nail",
        "thermometer",
    ]
    assert things_in(INVENTORY) == ["orange", "unknown C seed"]


def test_contents_of_a_vessel_by_name() -> None:
    assert contents("bowl", LOOK) == ["red apple", "banana"]
    assert contents("orange box", LOOK) == []
    assert contents("cup", LOOK) == ["water"]
    assert contents("metal pot", LOOK) == []


def test_articles_go() -> None:
    names = ("a substance called water", "an apple", "the jar", "some soap", "Apple")
    assert [without_article(name) for name in names] == ["water", "apple", "jar", "soap", "Apple"]
