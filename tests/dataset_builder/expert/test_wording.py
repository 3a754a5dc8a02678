"""Actions are worded in the simulator's own names."""

from dataset_builder.expert.plan import Item, Plan
from dataset_builder.expert.wording import Namer, answers, rename_wires

WORKSHOP = "This room is called the workshop. In it, you see: \n\ta red wire\n\ta blue wire\n\ta black wire"


def item(action: str, observation: str, look: str = "") -> Item:
    return Item(action, observation, look, "", look, "", 0.0, 1)


def first_wording(item: Item) -> str:
    return Namer([item]).wordings(item, item.observation)[0]


def test_the_confirmed_name_comes_first_and_the_recorded_words_last() -> None:
    egg = item("focus on egg giant tortoise", "You focus on the giant tortoise egg.")
    assert Namer([egg]).wordings(egg, egg.observation) == (
        "focus on giant tortoise egg",
        "focus on egg giant tortoise",
    )


def test_hints_of_the_location_are_dropped() -> None:
    fork = item("pick up metal fork in kitchen", "You move the metal fork to the inventory.")
    assert first_wording(fork) == "pick up metal fork"


def test_single_letter_names_are_spelled_as_the_room_shows_them() -> None:
    plane = item("focus on inclined plane b", "You focus on the inclined plane.", "an inclined plane B")
    assert "focus on inclined plane B" in Namer([plane]).wordings(plane, plane.observation)


def test_a_request_that_was_answered_keeps_its_words() -> None:
    request = item("move seed to pot", "Ambiguous request: Please enter the number")
    reply = item("0", "You move the apple seed to the flower pot.")
    final = answers([request, reply])
    assert final[id(request)] == reply.observation
    assert Namer([request, reply]).wordings(request, final[id(request)]) == ("move seed to pot",)


def test_wires_are_used_in_the_order_of_the_workshop() -> None:
    plan: Plan = [
        ("connect battery anode to black wire terminal 1",),
        ("connect light to red wire terminal 2",),
    ]
    assert rename_wires(plan, [item("look around", "", WORKSHOP)]) == [
        ("connect battery anode to red wire terminal 1",),
        ("connect light to blue wire terminal 2",),
    ]
    assert rename_wires(plan, [item("look around", "", "This room is called the kitchen.")]) == plan
