"""The genetics experiment: its answer rests on what the offspring looks like."""

import pytest

from dataset_builder.expert.genetics import Question, experiment
from dataset_builder.expert.plan import Seen
from dataset_builder.expert.solve import find_trajectory
from dataset_builder.simulator.simulator import Simulator
from dataset_builder.simulator.tasks import MAX_EPISODE_STEPS

TEXT = (
    "Your task is to determine whether {} is a dominant or recessive trait in the unknown E plant. "
    "If the trait is dominant, focus on the red box. If the trait is recessive, focus on the green box."
)
POTS = (
    "\ta flower pot 2 (containing {})\n\ta flower pot 5 (containing {})\n\ta flower pot 7 (containing {})\n"
)
PLANT = (
    "soil, a unknown E plant in the reproducing stage with {} leaves. On the unknown E plant you see: {}. "
)
OPENING = ["teleport to greenhouse", "pick up seed jar", "move unknown E seed in seed jar to flower pot 2"]
OPENING += [
    "move unknown E seed in seed jar to flower pot 5",
    "close door to hallway",
    "close door to outside",
]
OPENING += ["open bee hive"]


def played(asked: str, looks: list[str]) -> list[str]:
    """The actions chosen when the looks after `open bee hive` are these."""
    actions = experiment(TEXT.format(asked), "This room is called the hallway. In it, you see: ")
    assert actions
    chosen = [next(actions)]
    empty = POTS.format("soil", "soil", "soil")
    for look in [*[empty] * (len(OPENING) - 1), *looks]:
        chosen.append(actions.send(Seen("", look)))
    return chosen


def flowering(left: str, right: str, offspring: str = "soil") -> str:
    return POTS.format(PLANT.format("linear", left), PLANT.format("elliptical", right), offspring)


def test_the_question_is_read() -> None:
    assert Question.read(TEXT.format("linear leaf shape")) == Question(
        "linear", "leaf shape", "unknown E", "red box", "green box"
    )
    assert Question.read("Your task is to boil water.") is None
    assert experiment("Your task is to boil water.", "") is None


@pytest.mark.parametrize(("asked", "box"), [("blue", "red box"), ("brown", "green box")])
def test_a_seed_shows_its_own_colour(asked: str, box: str) -> None:
    waiting = flowering("a small flower", "a wilting large flower")
    ripe = flowering("a small flower", "a adult bee, a round blue unknown E seed")
    assert played(f"{asked} seed color", [waiting, ripe]) == [*OPENING, "wait", f"focus on {box}"]


def test_in_the_greenhouse_nobody_goes_there() -> None:
    actions = experiment(
        TEXT.format("blue seed color"), "This room is called the greenhouse. In it, you see: "
    )
    assert actions
    assert next(actions) == "pick up seed jar"


def test_a_seed_without_marks_is_ripe_too() -> None:
    ripe = flowering("a  unknown E seed", "a small flower")
    assert played("linear leaf shape", [ripe])[-1] == "move unknown E seed in unknown E plant to flower pot 7"


@pytest.mark.parametrize(
    ("asked", "offspring", "box"),
    [
        (
            "linear leaf shape",
            "soil, a unknown E plant in the adult stage with elliptical leaves",
            "green box",
        ),
        ("linear leaf shape", "soil, a unknown E plant in the adult stage with linear leaves", "red box"),
        ("tall plant height", "soil, a unknown E plant in the adult stage with a tall height", "red box"),
        (
            "pointed leaf shape",
            "a unknown E plant in the adult stage with a short height and round leaves",
            "green box",
        ),
        ("small flower size", PLANT.format("linear", "a small blue flower"), "red box"),
    ],
)
def test_the_plant_grown_from_a_seed_decides(asked: str, offspring: str, box: str) -> None:
    ripe = flowering("a brown unknown E seed", "a large flower")
    sown = flowering("a large flower", "a large flower", "soil, a brown unknown E seed")
    grown = flowering("a large flower", "a large flower", offspring)
    assert played(asked, [ripe, sown, grown])[-2:] == ["wait", f"focus on {box}"]


@pytest.mark.parametrize(
    ("task", "variation"),
    [("mendelian-genetics-known-plant", 0), ("mendelian-genetics-unknown-plant", 100)],
)
def test_the_experiment_fits_the_step_limit(simulator: Simulator, task: str, variation: int) -> None:
    trajectory = find_trajectory(simulator, task, variation)
    assert trajectory.steps[-1].score_fraction == 1
    assert trajectory.steps[-1].moves <= MAX_EPISODE_STEPS
    shown = trajectory.steps[-1].look
    assert (
        sum(f"flower pot {number} (containing" in shown and "plant in the" in shown for number in range(10))
        > 2
    )
