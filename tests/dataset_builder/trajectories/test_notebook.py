"""The notebook: what it notes of each kind of measurement, and that nothing else stands in it."""

import re

import pytest

from dataset_builder.annotation.annotators import annotator
from dataset_builder.trajectories.agent_state import Event, replay_states
from dataset_builder.trajectories.model_input import ROLES, model_input
from dataset_builder.trajectories.notebook import notebook
from dataset_builder.trajectories.trajectory import Trajectory

PLANES = "Your task is to determine which of the two inclined planes (B, F) has the steepest angle."
THERMOMETER = (
    "Your task is to measure the temperature of ice, which is located around the kitchen. If the ice "
    "temperature is above -5.0 degrees celsius, place it in the red box. If the ice temperature is below "
    "-5.0 degrees celsius, place it in the blue box."
)
MELTING = (
    "Your task is to measure the melting point of lead. If the melting point of lead is above 50.0 degrees "
    "celsius, focus on the red box. If the melting point of lead is below 50.0 degrees celsius, focus on the "
    "blue box."
)
CONDUCTIVITY = "Your task is to determine if fork is electrically conductive."
PEAS = (
    "Your task is to determine whether {} is a dominant or recessive trait in the pea plant. If the trait "
    "is dominant, focus on the red box. If the trait is recessive, focus on the green box."
)
FIXED = {"focused", "in", "parents", "and", "offspring", "not", ","}
"""Words of the notebook's own; numbers and all other words come from the history or the task."""


def slid(plane: str, percent: int) -> Event:
    answer = f"an inclined plane {plane}, with: a brick approximately {percent}% down the plane"
    return Event(f"look at inclined plane {plane}", answer, 0, f"\n\t{answer}\n")


def put(plane: str) -> Event:
    look = f"\n\tan inclined plane {plane}, with:  a brick approximately 0% down the plane\n"
    return Event(f"move brick to inclined plane {plane}", "You move the brick.", 0, look)


def waited(look: str = "") -> Event:
    return Event("wait", "You decide to wait for 10 iterations.", 0, look)


def measured(name: str, degrees: int, look: str = "") -> Event:
    answer = f"the thermometer measures a temperature of {degrees} degrees celsius"
    return Event(f"use thermometer on {name}", answer, 0, look)


def test_distances_stand_in_rising_order() -> None:
    history = [put("F"), waited(put("F").look), slid("F", 80), put("B"), waited(put("B").look), slid("B", 9)]
    assert notebook(PLANES, history) == ["9% inclined plane B", "80% inclined plane F"]


def test_of_a_plane_counts_the_first_look_after_time_has_passed() -> None:
    look = put("B").look
    history = [put("B"), slid("B", 0), waited(look), slid("B", 40), waited(look), slid("B", 75)]
    assert notebook(PLANES, history) == ["40% inclined plane B"]
    again = [*history, put("B"), waited(look), slid("B", 41)]
    assert notebook(PLANES, again) == ["41% inclined plane B"]


@pytest.mark.parametrize(
    ("degrees", "entry"),
    [(-4, "ice -4 degrees , above"), (-6, "ice -6 degrees , below"), (-5, "ice -5 degrees")],
)
def test_a_temperature_has_its_relation_to_the_limit(degrees: int, entry: str) -> None:
    assert notebook(THERMOMETER, [measured("ice", 30), measured("ice", degrees)]) == [entry]


def test_a_substance_is_named_with_its_state_where_the_room_shows_it() -> None:
    history = [measured("lead", 60), measured("lead", 40, "\n\ta metal pot (containing liquid lead)\n")]
    assert notebook(MELTING, history) == ["liquid lead 40 degrees , below", "lead 60 degrees , above"]


def test_without_a_limit_no_temperature_is_noted() -> None:
    assert notebook("Your task is to boil water.", [measured("water", 99)]) == []


def connected(one: str, other: str) -> Event:
    return Event(f"connect {one} to {other}", f"{one} is now connected to {other}", 0)


def test_a_lamp_counts_once_time_has_passed_with_the_object_in_the_circuit() -> None:
    lamp = "\n\ta red light bulb, which is {}\n\ta blue light bulb, which is off\n"
    wires = [connected("red wire terminal 1", "red light bulb cathode")]
    ends = [connected("fork terminal 1", "red wire"), connected("fork terminal 2", "blue wire")]
    assert notebook(CONDUCTIVITY, [*wires, *ends]) == []
    on = waited(lamp.format("on"))
    assert notebook(CONDUCTIVITY, [*wires, *ends, on]) == ["fork , red light bulb on"]
    off = waited(lamp.format("off"))
    assert notebook(CONDUCTIVITY, [*wires, *ends[:1], off]) == ["red light bulb off"]


def greenhouse(**pots: str) -> str:
    return "".join(
        f"\n\ta flower pot {name[1:]} (containing a pea plant in the {inside}, soil)"
        for name, inside in pots.items()
    )


def test_parents_are_not_offspring() -> None:
    height = PEAS.format("short plant height")
    parents = greenhouse(
        p1="reproducing stage with a tall height. On the pea plant you see: a round green  pea seed. ",
        p2="adult stage with a short height",
    )
    history = [
        Event("move pea seed in seed jar to flower pot 1", "Ambiguous request: …", 0),
        Event("0", "You move the pea seed to the flower pot 1.", 0),
        Event("move pea seed in seed jar to flower pot 2", "You move the pea seed.", 0),
        waited(parents),
    ]
    assert notebook(height, history) == ["parents tall and short"]
    history += [
        Event("move pea seed in pea plant to flower pot 3", "You move the pea seed.", 0, parents),
        waited(
            parents + greenhouse(p3="adult stage with a tall height", p4="adult stage with a short height")
        ),
    ]
    assert notebook(height, history) == ["parents tall and short", "offspring tall , not short"]


def test_seeds_that_parents_bear_are_offspring() -> None:
    history = [
        Event("move pea seed in seed jar to flower pot 1", "You move the pea seed.", 0),
        waited(
            greenhouse(
                p1="adult stage with a tall height. On the pea plant you see: a round green  pea seed. "
            )
        ),
    ]
    assert notebook(PEAS.format("round seed shape"), history) == ["offspring round green , round"]
    assert notebook(PEAS.format("wrinkly seed shape"), history) == ["offspring round green , not wrinkly"]


def test_the_pot_of_the_plant_that_was_focused_on() -> None:
    look = greenhouse(p4="adult stage with a tall height", p5="seedling stage").replace("pea plant", "oak", 1)
    history = [Event("focus on pea plant", "You focus on the pea plant.", 0, look)]
    assert notebook("Your task is to find a(n) plant.", history) == ["focused pea plant in flower pot 5"]
    twice = greenhouse(p4="adult stage", p5="seedling stage")
    history = [Event("focus on adult pea plant", "You focus on the plant.", 0, twice)]
    assert notebook("", history) == ["focused pea plant in flower pot 4"]
    assert notebook("", [Event("focus on pea plant", "You focus on the pea plant.", 0, twice)]) == []


def test_the_notebook_contains_only_facts_of_history_and_task(recorded: list[Trajectory]) -> None:
    noted = 0
    for path in recorded:
        for state in replay_states(path):
            known = " ".join(
                [
                    path.description,
                    *(text for e in state.history for text in (e.action, e.observation, e.look)),
                ]
            )
            words = set(re.findall(r"[\w'-]+%?", known))
            for entry in notebook(state.description, state.history):
                noted += 1
                assert set(entry.split()) <= words | FIXED | set(known.split()), (path.key, entry)
    assert noted > 50


def test_the_text_ends_with_it_and_is_compact_1_before(recorded: list[Trajectory]) -> None:
    for path in (path for path in recorded if path.path == "tidied"):
        segments = annotator("rules").annotate(path)
        for state in replay_states(path, segments):
            entries = notebook(state.description, state.history)
            for role in ROLES:
                before = model_input(role, state, "compact-1")
                after = f" | readings: {' ; '.join(entries)}" if entries else ""
                assert model_input(role, state, "compact-2") == before + after
