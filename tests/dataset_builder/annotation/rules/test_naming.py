"""Names of sub-goals: walks, searches, what is fetched, carried, watered and focused on."""

from tests.dataset_builder.annotation.rules.hand_written import sized, subgoals, walk, written_path


def test_a_walk_belongs_to_what_is_fetched_in_its_last_room() -> None:
    path = walk(
        ("bedroom", "open door to hallway", "The door is already open."),
        ("bedroom", "go to hallway", "You move to the hallway."),
        ("hallway", "open door to kitchen", "The door is already open."),
        ("hallway", "go to kitchen", "You move to the kitchen."),
        ("kitchen", "look around", "This room is called the kitchen."),
        ("kitchen", "pick up thermometer", "You move the thermometer to the inventory."),
        task="Your task is to measure.",
    )
    assert sized(path) == [("fetch(thermometer, kitchen)", 6)]


def test_looking_into_room_after_room_is_a_search_for_what_the_task_names() -> None:
    steps = (
        ("hallway", "teleport to kitchen", "You teleport to the kitchen."),
        ("kitchen", "teleport to bedroom", "You teleport to the bedroom."),
        ("bedroom", "pick up metal fork", "You move the metal fork to the inventory."),
    )
    searched = walk(*steps, task="Your task is to find out about the metal fork.")
    assert sized(searched) == [("find(metal fork)", 2), ("fetch(metal fork)", 1)]
    told = walk(*steps, task="Your task is to find out about the metal fork in the bedroom.")
    assert sized(told) == [("fetch(metal fork, bedroom)", 3)]
    sort = walk(*steps, task="Your task is to find a(n) non-living thing. First, focus on it.")
    assert subgoals(sort)[0] == "find(non-living thing)"


def test_fetching_soil_includes_the_way_and_the_shovel_placing_it_the_way_back() -> None:
    path = walk(
        ("greenhouse", "teleport to outside", "You teleport to the outside."),
        ("outside", "pick up shovel", "You move the shovel to the inventory."),
        ("outside", "use shovel on ground", "You dig a hole in the ground, and place the soil nearby."),
        ("outside", "pick up soil", "You move the soil to the inventory."),
        ("outside", "teleport to greenhouse", "You teleport to the greenhouse."),
        ("greenhouse", "move soil to flower pot 2", "You move the soil to the flower pot 2."),
        task="Your task is to grow a apple plant from seed.",
    )
    assert sized(path) == [("fetch(soil, outside)", 4), ("place(soil, flower pot 2, greenhouse)", 2)]


def test_equipment_is_carried_in_one_step() -> None:
    path = walk(
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
    assert sized(path) == [
        ("focus_on(red light bulb)", 1),
        ("carry(red light bulb, solar panel, black wire, outside)", 7),
    ]


def test_watering_several_pots_is_one_step_and_no_filling() -> None:
    path = written_path(
        ("activate sink", "The sink is now activated."),
        ("move jug to sink", "You move the jug to the sink."),
        ("pour jug into flower pot 3", "You pour the contents of the jug into the flower pot 3."),
        ("move jug to sink", "You move the jug to the sink."),
        ("pour jug into flower pot 1", "You pour the contents of the jug into the flower pot 1."),
        ("deactivate sink", "The sink is now deactivated."),
    )
    assert sized(path) == [("water(flower pot 3, flower pot 1)", 6)]


def test_plants_with_the_same_name_are_distinguished_by_stage() -> None:
    look = "\ta flower pot 1 (containing a pea plant in the adult stage, soil)\n"
    path = written_path(
        ("focus on pea plant in the adult stage in flower pot 1", "You focus on the pea plant."),
        ("focus on plant in the seed stage in flower pot 1", "You focus on the plant."),
        task="Your task is to focus on the life stages of the pea plant.",
        look=look,
    )
    assert subgoals(path) == [
        "focus_on(pea plant in the adult stage, flower pot 1)",
        "focus_on(pea plant, flower pot 1)",
    ]


def test_unknown_actions_are_named_after_their_verb() -> None:
    path = written_path(
        ("eat red apple", "You eat the red apple."),
        ("flush toilet", "The toilet flushes."),
        ("dance", "You dance."),
        ("9 lives", "Meow."),
    )
    assert subgoals(path) == ["eat(red apple)", "flush(toilet)", "dance()", "explore()"]
