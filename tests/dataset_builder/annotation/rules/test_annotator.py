"""The rules annotator on hand-written paths."""

import re

from dataset_builder.annotation.annotators import annotator
from dataset_builder.annotation.rules.action_kinds import KINDS, clean, contents
from dataset_builder.annotation.rules.annotator import PATTERNS
from dataset_builder.trajectories.trajectory import Step, Trajectory


def _path(
    *steps: tuple[str, str], task: str = "Your task is to boil water.", look: str = "", carried: str = ""
) -> Trajectory:
    """A path of (action, answer) pairs in a room that never changes."""
    made = tuple(
        Step(look, carried, action, answer, 0.0, index) for index, (action, answer) in enumerate(steps)
    )
    return Trajectory("boil", 0, task, "easy", "tidied", made, "1.2.3")


def _rooms(*steps: tuple[str, str, str], task: str) -> Trajectory:
    """A path of (room before, action, answer) triples."""
    made = tuple(
        Step(f"This room is called the {room}. In it, you see: \n\tthe agent", "", action, answer, 0.0, index)
        for index, (room, action, answer) in enumerate(steps)
    )
    return Trajectory("find-animal", 0, task, "easy", "tidied", made, "1.2.3")


def _subgoals(trajectory: Trajectory) -> list[str]:
    return [str(segment.subgoal) for segment in annotator("rules").annotate(trajectory)]


def _sized(trajectory: Trajectory) -> list[tuple[str, int]]:
    segments = annotator("rules").annotate(trajectory)
    return [(str(segment.subgoal), segment.stop - segment.start) for segment in segments]


# --- hand-written paths ----------------------------------------------------------------------------


def test_opening_belongs_to_what_is_taken_out() -> None:
    path = _path(
        ("open cupboard", "The cupboard is now open."),
        ("pick up metal pot", "You move the metal pot to the inventory."),
    )
    assert _sized(path) == [("fetch(metal pot)", 2)]


def test_filling_is_one_step_and_the_substance_is_called_what_the_answer_calls_it() -> None:
    path = _path(
        ("pick up metal pot", "You move the metal pot to the inventory."),
        ("move metal pot to sink", "You move the metal pot to the sink."),
        ("activate sink", "The sink is now activated."),
        ("deactivate sink", "The sink is now deactivated."),
        ("pick up metal pot", "You move the metal pot to the inventory."),
        ("focus on substance in metal pot", "You focus on the water."),
    )
    assert _sized(path) == [("fetch(metal pot)", 1), ("fill(metal pot, water)", 4), ("focus_on(water)", 1)]


def test_a_broken_stove_is_part_of_trying_to_heat() -> None:
    carried = "In your inventory, you see:\n\ta metal pot (containing a substance called water)\n"
    path = _path(
        ("move metal pot to stove", "You move the metal pot to the stove."),
        ("activate stove", "The stove appears broken, and can't be activated or deactivated."),
        ("open blast furnace", "The blast furnace is now open."),
        ("move metal pot to blast furnace", "You move the metal pot to the blast furnace."),
        ("activate blast furnace", "The blast furnace is now activated."),
        ("examine substance in metal pot", "a substance called water"),
        ("use thermometer in inventory on substance in metal pot", "the thermometer measures 50"),
        ("wait", "You decide to wait for 10 iterations."),
        carried=carried,
    )
    assert _sized(path) == [
        ("heat(water, stove)", 2),
        ("heat(water, blast furnace)", 4),
        ("wait_until(water, boiled)", 2),
    ]


def test_a_walk_belongs_to_what_is_fetched_in_its_last_room() -> None:
    path = _rooms(
        ("bedroom", "open door to hallway", "The door is already open."),
        ("bedroom", "go to hallway", "You move to the hallway."),
        ("hallway", "open door to kitchen", "The door is already open."),
        ("hallway", "go to kitchen", "You move to the kitchen."),
        ("kitchen", "look around", "This room is called the kitchen."),
        ("kitchen", "pick up thermometer", "You move the thermometer to the inventory."),
        task="Your task is to measure.",
    )
    assert _sized(path) == [("fetch(thermometer, kitchen)", 6)]


def test_looking_into_room_after_room_is_a_search_for_what_the_task_names() -> None:
    steps = (
        ("hallway", "teleport to kitchen", "You teleport to the kitchen."),
        ("kitchen", "teleport to bedroom", "You teleport to the bedroom."),
        ("bedroom", "pick up metal fork", "You move the metal fork to the inventory."),
    )
    searched = _rooms(*steps, task="Your task is to find out about the metal fork.")
    assert _sized(searched) == [("find(metal fork)", 2), ("fetch(metal fork)", 1)]
    told = _rooms(*steps, task="Your task is to find out about the metal fork in the bedroom.")
    assert _sized(told) == [("fetch(metal fork, bedroom)", 3)]
    sort = _rooms(*steps, task="Your task is to find a(n) non-living thing. First, focus on it.")
    assert _subgoals(sort)[0] == "find(non-living thing)"


def test_a_question_and_its_answer_are_one_action() -> None:
    path = _path(
        ("move soil to flower pot 2", "You move the soil to the flower pot 2."),
        ("move apple seed in seed jar to flower pot 2", "Ambiguous request: Please enter the number"),
        ("0", "You move the apple seed to the flower pot 2."),
        ("wait", "You decide to wait for 10 iterations."),
    )
    assert _sized(path) == [
        ("place(soil, flower pot 2)", 1),
        ("plant(apple seed, flower pot 2)", 2),
        ("wait_until(apple tree, reproducing)", 1),
    ]


def test_fetching_soil_includes_the_way_and_the_shovel_placing_it_the_way_back() -> None:
    path = _rooms(
        ("greenhouse", "teleport to outside", "You teleport to the outside."),
        ("outside", "pick up shovel", "You move the shovel to the inventory."),
        ("outside", "use shovel on ground", "You dig a hole in the ground, and place the soil nearby."),
        ("outside", "pick up soil", "You move the soil to the inventory."),
        ("outside", "teleport to greenhouse", "You teleport to the greenhouse."),
        ("greenhouse", "move soil to flower pot 2", "You move the soil to the flower pot 2."),
        task="Your task is to grow a apple plant from seed.",
    )
    assert _sized(path) == [("fetch(soil, outside)", 4), ("place(soil, flower pot 2, greenhouse)", 2)]


def test_equipment_is_carried_in_one_step() -> None:
    path = _rooms(
        ("workshop", "focus on red light bulb", "You focus on the red light bulb."),
        ("workshop", "pick up red light bulb", "You move the red light bulb to the inventory."),
        ("workshop", "pick up solar panel", "You move the solar panel to the inventory."),
        ("workshop", "pick up black wire", "You move the black wire to the inventory."),
        ("workshop", "teleport to outside", "You teleport to the outside."),
        ("outside", "drop light", "You move the red light bulb to the outside."),
        ("outside", "drop generator", "You move the solar panel to the outside."),
        ("outside", "drop black wire", "You move the black wire to the outside."),
        task="Your task is to turn on the red light bulb.",
    )
    assert _sized(path) == [
        ("focus_on(red light bulb)", 1),
        ("carry(red light bulb, solar panel, black wire, outside)", 7),
    ]


def test_watering_several_pots_is_one_step_and_no_filling() -> None:
    path = _path(
        ("activate sink", "The sink is now activated."),
        ("move jug to sink", "You move the jug to the sink."),
        ("pour jug into flower pot 3", "You pour the contents of the jug into the flower pot 3."),
        ("move jug to sink", "You move the jug to the sink."),
        ("pour jug into flower pot 1", "You pour the contents of the jug into the flower pot 1."),
        ("deactivate sink", "The sink is now deactivated."),
    )
    assert _sized(path) == [("water(flower pot 3, flower pot 1)", 6)]


def test_mixing_names_what_was_poured_together() -> None:
    look = "\ta bowl (containing nothing)\n\ta wood cup (containing red paint)\n"
    path = _path(
        (
            "pour cup containing red paint in art studio in bowl",
            "You pour the contents of the wood cup into the bowl.",
        ),
        ("pour cup containing blue paint in bowl", "You pour the contents of the wood cup into the bowl."),
        ("mix bowl", "Blue and red paint mix to produce violet paint."),
        task="Your task is to use chemistry to create violet paint.",
        look=look,
    )
    assert _sized(path) == [("mix(bowl, red paint, blue paint)", 3)]


def test_names_lose_what_a_subgoal_may_not_carry() -> None:
    book = "book (The Foundations of the Origin of Species)"
    path = _path((f"pick up {book}", f"You move the {book} to the inventory."))
    assert _subgoals(path) == ["fetch(book The Foundations of the Origin of Species)"]
    assert clean("salt, pepper (mixed)\n") == "salt pepper mixed"
    assert clean("metal pot (containing water)") == "metal pot"
    assert clean(" ( ") == "thing"


def test_single_letter_names_are_spelled_as_the_room_shows_them() -> None:
    path = _path(
        ("move brick to inclined plane c", "You move the brick to the inclined plane."),
        ("wait", "You decide to wait for 10 iterations."),
        ("look at inclined plane c", "an inclined plane C, with: a brick approximately 20% down the plane"),
        look="\tan inclined plane C\n\ta brick\n",
    )
    assert _sized(path) == [("slide(brick, inclined plane C)", 3)]


def test_several_plants_of_one_name_are_told_apart_by_their_stage() -> None:
    look = "\ta flower pot 1 (containing a pea plant in the adult stage, soil)\n"
    path = _path(
        ("focus on pea plant in the adult stage in flower pot 1", "You focus on the pea plant."),
        ("focus on plant in the seed stage in flower pot 1", "You focus on the plant."),
        task="Your task is to focus on the life stages of the pea plant.",
        look=look,
    )
    assert _subgoals(path) == [
        "focus_on(pea plant in the adult stage, flower pot 1)",
        "focus_on(pea plant, flower pot 1)",
    ]


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


def test_unknown_actions_are_named_after_their_verb() -> None:
    path = _path(
        ("eat red apple", "You eat the red apple."),
        ("flush toilet", "The toilet flushes."),
        ("dance", "You dance."),
        ("9 lives", "Meow."),
    )
    assert _subgoals(path) == ["eat(red apple)", "flush(toilet)", "dance()", "explore()"]


def test_failures_alone_are_exploring() -> None:
    path = _path(("pick up moon", "No known action matches that input."), ("look around", "A room."))
    assert _sized(path) == [("explore()", 2)]


def test_every_letter_of_the_patterns_is_in_the_alphabet() -> None:
    used = {letter for pattern, _ in PATTERNS for letter in re.sub(r"\{.*?\}|[^A-Za-z]", "", pattern.pattern)}
    assert used <= set(KINDS)


def test_another_failing_try_stays_with_the_step_it_repeats() -> None:
    path = _path(
        ("move pea seed on pea plant to ceramic cup", "You move the pea seed to the seed jar."),
        ("move pea on living thing to ceramic cup", "No known action matches that input."),
        ("move pea seed in seed jar to flower pot 5", "You move the pea seed to the flower pot 5."),
    )
    assert _sized(path) == [("collect_seeds(pea seed, seed jar)", 2), ("plant(pea seed, flower pot 5)", 1)]
