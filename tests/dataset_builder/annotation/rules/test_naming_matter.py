"""Names of sub-goals about matter: filling, heating, mixing."""

from tests.dataset_builder.annotation.rules.hand_written import sized, written_path


def test_filling_is_one_step_and_the_substance_is_called_what_the_answer_calls_it() -> None:
    path = written_path(
        ("pick up metal pot", "You move the metal pot to the inventory."),
        ("move metal pot to sink", "You move the metal pot to the sink."),
        ("activate sink", "The sink is now activated."),
        ("deactivate sink", "The sink is now deactivated."),
        ("pick up metal pot", "You move the metal pot to the inventory."),
        ("focus on substance in metal pot", "You focus on the water."),
    )
    assert sized(path) == [("fetch(metal pot)", 1), ("fill(metal pot, water)", 4), ("focus_on(water)", 1)]


def test_a_broken_stove_is_part_of_trying_to_heat() -> None:
    carried = "In your inventory, you see:\n\ta metal pot (containing a substance called water)\n"
    path = written_path(
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
    assert sized(path) == [
        ("heat(water, stove)", 2),
        ("heat(water, blast furnace)", 4),
        ("wait_until(water, boiled)", 2),
    ]


def test_mixing_names_what_was_poured_together() -> None:
    look = "\ta bowl (containing nothing)\n\ta wood cup (containing red paint)\n"
    path = written_path(
        (
            "pour cup containing red paint in art studio in bowl",
            "You pour the contents of the wood cup into the bowl.",
        ),
        ("pour cup containing blue paint in bowl", "You pour the contents of the wood cup into the bowl."),
        ("mix bowl", "Blue and red paint mix to produce violet paint."),
        task="Your task is to use chemistry to create violet paint.",
        look=look,
    )
    assert sized(path) == [("mix(bowl, red paint, blue paint)", 3)]
