"""Tidying on hand-made paths: what goes, what stays, and in which words."""

from collections.abc import Sequence

import pytest

from dataset_builder.expert.inclined_plane import decided, distance
from dataset_builder.expert.melting_point import other_answer, readings_after_decision
from dataset_builder.expert.simplify import plans
from dataset_builder.trajectories.trajectory import Step

HALLWAY = "This room is called the hallway. In it, you see: \n\tthe agent\n\ta picture"
KITCHEN = "This room is called the kitchen. In it, you see: \n\tthe agent\n\ta sink"
BEDROOM = "This room is called the bedroom. In it, you see: \n\tthe agent\n\ta bed"


Row = tuple[str, str, str] | tuple[str, str, str, int]
"""Look before, action, answer, and the ticks it took (1 if left out)."""


def path(*rows: Row) -> list[Step]:
    steps = []
    moves = 0
    for row in rows:
        moves += row[3] if len(row) == 4 else 1
        steps.append(Step(row[0], "In your inventory, you see:\n", row[1], row[2], 0.0, moves))
    return steps


def first(task: str, description: str, steps: Sequence[Step], teleport: bool = True) -> list[str]:
    """The boldest plan, each action in its preferred wording."""
    return [options[0] for options in next(plans(task, description, steps, teleport))]


WALK: list[Row] = [
    (HALLWAY, "look around", HALLWAY, 0),
    (HALLWAY, "open door to living room", "The door is already open."),
    (HALLWAY, "go to living room", "You move to the living room."),
    (HALLWAY, "go to hallway", "You move to the hallway."),
    (HALLWAY, "go to kitchen", "You move to the kitchen."),
]


def test_a_walk_becomes_one_teleport() -> None:
    steps = path(*WALK, (KITCHEN, "focus on sink", "You focus on the sink."))
    assert first("boil", "Your task", steps) == ["teleport to kitchen", "focus on sink"]


def test_without_teleport_the_walk_stays() -> None:
    steps = path(*WALK, (KITCHEN, "focus on sink", "You focus on the sink."))
    assert first("boil", "Your task", steps, teleport=False)[-2:] == ["go to kitchen", "focus on sink"]


def test_rooms_are_searched_for_a_thing_without_a_known_room() -> None:
    steps = path((HALLWAY, "go to bedroom", "You move."), (BEDROOM, "focus on bed", "You focus on the bed."))
    assert first("boil", "It is around the bedroom.", steps) == ["teleport to bedroom", "focus on bed"]
    assert first("boil", "Find it.", steps) == [
        "teleport to kitchen",
        "teleport to living room",
        "teleport to bedroom",
        "focus on bed",
    ]


def test_fruitless_actions_go_and_a_broken_sink_stays() -> None:
    broken = "The sink appears broken, and can't be activated or deactivated."
    steps = path(
        (KITCHEN, "fly to moon", "No known action matches that input.", 0),
        (KITCHEN, "pour pot into pot", "You can't move something into itself."),
        (KITCHEN, "activate sink", broken),
        (KITCHEN, "deactivate sink", "The sink is already deactivated."),
        (KITCHEN, "focus on sink", "You focus on the sink."),
    )
    assert first("boil", "", steps) == ["activate sink", "focus on sink"]


def test_openings_stay_only_if_something_in_them_was_used() -> None:
    opened = KITCHEN + "\n\ta fridge. The fridge door is open. In the fridge is: chocolate."
    steps = path(
        (KITCHEN, "open oven", "The oven is now open."),
        (KITCHEN, "open fridge", "The fridge is now open."),
        (opened, "focus on chocolate", "You focus on the chocolate."),
    )
    assert first("boil", "", steps) == ["open fridge", "focus on chocolate"]


def test_unused_tools_are_left_where_they_are() -> None:
    held = "You move the {} to the inventory."
    steps = path(
        (KITCHEN, "pick up stopwatch", held.format("stopwatch")),
        (KITCHEN + "x", "pick up pot", held.format("metal pot")),
        (KITCHEN + "y", "move pot to sink", "You move the metal pot to the sink."),
    )
    assert first("boil", "", steps) == ["pick up metal pot", "move metal pot to sink"]


def test_polling_while_heating_becomes_waiting() -> None:
    hot = KITCHEN + "\n\ta stove, which is turned on"
    poll = [(hot, "examine water", "water"), (hot, "use thermometer on water", "10 degrees")] * 8
    steps = path((KITCHEN, "activate stove", "The stove is now activated."), *poll)
    assert first("boil", "", steps) == ["activate stove", "wait", "wait"]


def test_the_reading_that_decides_stays() -> None:
    reading = "the thermometer measures a temperature of 44 degrees celsius"
    steps = path(
        (KITCHEN, "use thermometer in inventory on metal fork in inventory", reading),
        (KITCHEN, "move metal fork in inventory to red box", "You move the metal fork to the red box."),
    )
    assert first("use-thermometer", "", steps) == [
        "use thermometer on metal fork",
        "move metal fork to red box",
    ]


def test_names_are_those_of_the_confirmation() -> None:
    egg = KITCHEN + "\n\ta giant tortoise egg"
    steps = path((egg, "focus on egg giant tortoise", "You focus on the giant tortoise egg."))
    options = next(plans("lifespan-longest-lived", "", steps, True))[0]
    assert options[0] == "focus on giant tortoise egg"
    assert options[-1] == "focus on egg giant tortoise"


def test_wires_are_taken_in_the_order_of_the_room() -> None:
    room = "This room is called the workshop. In it, you see: \n\ta red wire\n\ta blue wire\n\ta black wire"
    steps = path(
        (room, "connect battery anode to black wire terminal 1", "anode on battery is now connected to x"),
        (room, "connect battery cathode to red wire terminal 1", "cathode on battery is now connected to x"),
    )
    assert first("power-component", "", steps) == [
        "connect battery anode to red wire terminal 1",
        "connect battery cathode to blue wire terminal 1",
    ]


def test_a_timed_slide_becomes_a_race() -> None:
    def slide(plane: str) -> list[tuple[str, str, str]]:
        room = f"{KITCHEN}\n\tan inclined plane {plane}, with: a wood block"
        look = (room, f"look at inclined plane {plane}", "a block approximately 9% down the plane")
        moved = "You move the wood block to the inclined plane."
        return [
            (KITCHEN, f"move block to inclined plane {plane}", moved),
            (room, "activate stopwatch", "The stopwatch is now activated."),
            *[look] * 20,
            (room, "examine stopwatch", "a stopwatch"),
        ]

    done = (KITCHEN, "focus on inclined plane b", "You focus on the inclined plane B.")
    steps = path(*slide("b"), *slide("c"), done)
    assert first("inclined-plane-determine-angle", "", steps) == [
        "move wood block to inclined plane b",
        "wait",
        "look at inclined plane B",
        "move wood block to inclined plane c",
        "wait",
        "look at inclined plane C",
        "focus on inclined plane B",
    ]


def test_a_race_must_be_decided() -> None:
    assert distance("with: a brick approximately 59% down the plane") == 59
    assert distance("with: a brick at the bottom of the plane") == 100
    assert distance("a brick") is None
    assert decided(["approximately 59% down the plane", "approximately 68% down the plane"])
    assert not decided(["at the bottom of the plane", "at the bottom of the plane"])
    assert decided(["nothing to do with planes"])


def test_a_thing_taken_up_only_to_focus_on_it_stays_where_it_is() -> None:
    held = "You move the book to the inventory."
    steps = path(
        (KITCHEN, "pick up book", held),
        (KITCHEN + "x", "focus on book", "You focus on the book."),
        (KITCHEN + "x", "drop book", "You move the book to the kitchen."),
        (KITCHEN, "move book to sink", "You move the book to the sink."),
    )
    assert first("test-conductivity", "", steps) == ["focus on book", "move book to sink"]


def test_flower_pots_are_seen_before_soil_is_fetched() -> None:
    outside = "This outside location is called the outside. Here you see: \n\tthe agent\n\tthe ground"
    steps = path(
        (KITCHEN, "go to outside", "You move to the outside."),
        (outside, "use shovel on ground", "You dig a hole in the ground, and place the soil nearby."),
    )
    dug = ["teleport to outside", "use shovel on ground"]
    assert first("grow-plant", "grow a apple plant", steps) == ["teleport to greenhouse", *dug]
    assert first("boil", "", steps) == dug


def test_polling_after_mixing_is_dropped() -> None:
    steps = path(
        (KITCHEN, "examine cup", "a cup (containing water, salt)"),
        (KITCHEN, "mix cup", "Salt and water mix."),
    )
    assert first("chemistry-mix", "", steps) == ["mix cup"]
    assert first("boil", "", steps) == ["wait1", "mix cup"]


@pytest.mark.parametrize(
    ("thing", "bound", "readings", "surplus"),
    [
        ("lead", 50, [("lead", 12), ("lead", 54), ("lead", 90), ("liquid lead", 330)], {2, 3}),
        ("lead", 50, [("lead", 12), ("liquid lead", 54), ("liquid lead", 60)], {2}),
        ("lead", 50, [("lead", 12), ("lead", 40), ("lead", 50)], set()),
        ("liquid unknown substance J", 200, [("liquid unknown substance J", 10)] * 3, {1, 2}),
        ("liquid mercury", -50, [("liquid mercury", 10), ("liquid mercury", -40), ("mercury", -45)], set()),
    ],
)
def test_readings_stop_when_they_decide(
    thing: str, bound: int, readings: list[tuple[str, int]], surplus: set[int]
) -> None:
    text = f"Your task is to measure the melting point of {thing}, which is near. "
    text += f"If the melting point of {thing} is above {bound}.0 degrees celsius, focus on the red box."
    steps = path(
        *(
            (
                f"{KITCHEN}\n\ta stove. On the stove is: a pot (containing {shown}).",
                "use thermometer on it",
                said,
            )
            for shown, degrees in readings
            for said in [f"the thermometer measures a temperature of {degrees} degrees celsius"]
        )
    )
    assert readings_after_decision("measure-melting-point-known-substance", text, steps) == surplus
    assert readings_after_decision("boil", text, steps) == set()


def test_the_other_answer_is_the_other_box() -> None:
    text = "If it is above 50.0 degrees celsius, place it in the red box. If it is below, in the blue box."
    plan = [("use thermometer on fork",), ("move fork to red box", "move fork in inventory to red box")]
    assert other_answer(plan, text) == [
        ("use thermometer on fork",),
        ("move fork to blue box", "move fork in inventory to blue box"),
    ]
    assert other_answer(plan[:1], text) is None
    assert other_answer(plan, "Place it in the red box.") is None
    assert other_answer([], text) is None
