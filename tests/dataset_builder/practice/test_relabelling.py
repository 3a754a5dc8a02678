"""Paths that ask for another animal or device of the same world."""

from random import Random

from dataset_builder.practice.relabelling import other_animal, other_parts, surplus_parts
from dataset_builder.trajectories.trajectory import Step, Trajectory

OUTSIDE = (
    "This outside location is called the outside. Here you see: \n\tthe agent\n\ta turtle egg\n"
    "\ta dead dove\n\ta frog egg\n\ta baby wolf\n\tan axe\n"
)
WORKSHOP = (
    "This room is called the workshop. In it, you see: \n\ta electric motor, which is off\n\ta table. On the "
    "table is: a battery, a black wire, a blue light bulb, which is off, a blue wire, a orange wire, a red "
    "light bulb, which is off.\n"
)
TURTLE = "Your task is to focus on the 4 life stages of the turtle, starting from earliest to latest."
BULB = "Your task is to turn on the red light bulb. First, focus on the red light bulb. Then, power it."


def path(task: str, text: str, *actions: str) -> Trajectory:
    steps = tuple(Step(OUTSIDE, "", action, "", 0.0, index + 1) for index, action in enumerate(actions))
    return Trajectory(task, 0, text, "easy", "tidied", steps, "1.2.3")


ANIMAL = path("identify-life-stages-1", TURTLE, "teleport to outside", "focus on turtle egg", "wait", "wait")
CIRCUIT = path(
    "power-component", BULB,
    "focus on red light bulb", "connect battery anode to black wire terminal 1",
    "connect battery cathode to blue wire terminal 1",
    "connect black wire terminal 2 to red light bulb anode",
)  # fmt: skip
SUBGOALS = ["focus_on(red light bulb)", *["build_circuit(battery, red light bulb)"] * 3]


def test_another_animal_has_its_own_stages() -> None:
    changed = [other_animal(ANIMAL, OUTSIDE, Random(seed)) for seed in range(40)]
    texts = {each.path.description: each for each in changed if each}
    assert None in changed
    assert sorted(texts) == [
        "Your task is to focus on the 3 life stages of the frog, starting from earliest to latest.",
        "Your task is to focus on the 3 life stages of the wolf, starting from earliest to latest.",
    ]
    frog, wolf = (texts[text] for text in sorted(texts))
    wait = ["wait", "wait"]
    frogs = ["focus on frog egg", *wait, "focus on tadpole", *wait, "focus on adult frog"]
    assert list(frog.path.actions) == ["teleport to outside", *frogs]
    assert frog.subgoals == [
        "navigate_to(outside)", "focus_on(frog egg)", *["focus_on(tadpole)"] * 3,
        *["focus_on(adult frog)"] * 3,
    ]  # fmt: skip
    assert "focus on juvenile wolf" in wolf.path.actions
    assert not wolf.device


def test_an_animal_alone_stays() -> None:
    alone = OUTSIDE.replace("\ta frog egg\n", "").replace("\ta baby wolf\n", "")
    assert [other_animal(ANIMAL, alone, Random(seed)) for seed in range(9)] == [None] * 9


def test_two_wires_and_the_device_remain() -> None:
    taken = [surplus_parts(CIRCUIT, WORKSHOP, Random(seed)) for seed in range(40)]
    assert {part for parts in taken for part in parts} == {
        "black wire", "blue wire", "orange wire", "blue light bulb",
    }  # fmt: skip
    assert max(len([part for part in parts if part.endswith("wire")]) for parts in taken) == 1


def test_a_circuit_uses_the_first_wires_for_another_device() -> None:
    rest = WORKSHOP.replace(" a black wire,", "")
    devices = set()
    for seed in range(40):
        changed = other_parts(CIRCUIT, SUBGOALS, rest, Random(seed))
        assert changed
        device = changed.device or "red light bulb"
        devices.add(device)
        assert changed.path.description == BULB.replace("red light bulb", device)
        assert list(changed.path.actions[:3]) == [
            f"focus on {device}",
            "connect battery anode to blue wire terminal 1",
            "connect battery cathode to orange wire terminal 1",
        ]
        assert changed.subgoals[-1] == f"build_circuit(battery, {device})"
    assert devices == {"red light bulb", "blue light bulb", "electric motor"}


def test_a_room_without_enough_wires_changes_nothing() -> None:
    rest = WORKSHOP.replace(" a black wire,", "").replace(" a blue wire,", "")
    assert other_parts(CIRCUIT, SUBGOALS, rest, Random(0)) is None
