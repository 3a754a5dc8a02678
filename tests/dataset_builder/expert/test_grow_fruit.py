"""Growing a fruit: two plants, with whatever soil the greenhouse lacks."""

import pytest

from dataset_builder.expert.grow_fruit import experiment
from dataset_builder.expert.plan import Seen
from dataset_builder.expert.solve import find_trajectory
from dataset_builder.simulator.simulator import Simulator
from dataset_builder.simulator.tasks import MAX_EPISODE_STEPS

TASK = (
    "Your task is to grow a banana. This will require growing several plants, and them being crosspollinated "
    "to produce fruit.  Seeds can be found in the {}. To complete the task, focus on the grown banana."
)
GREENHOUSE = "This room is called the greenhouse. In it, you see: \n"
BARE = "\ta flower pot 1 (containing a substance called water)\n\ta flower pot 2 (containing nothing)\n"
FILLED = "".join(f"\ta flower pot {number} (containing soil)\n" for number in (1, 2, 3))
GROWING = "\ta flower pot 1 (containing a banana tree in the adult stage, a banana seed)\n"
RIPE = "\ta flower pot 1 (containing a banana tree. On the banana tree you see: a banana)\n"
SOWN = [f"move banana seed in seed jar to flower pot {number}" for number in (1, 2)]
SHUT = ["close door to hallway", "close door to outside", "open bee hive"]
DIG = ["use shovel on ground", "pick up soil", "teleport to greenhouse"]


def played(room: str, greenhouse: str, afterwards: list[str]) -> list[str]:
    """The actions if the greenhouse looks like this until the hive is open, and like that afterwards."""
    actions = experiment(TASK.format(room), GREENHOUSE)
    assert actions
    chosen, looks = [next(actions)], iter(afterwards)
    while not chosen[-1].startswith("focus on "):
        opened = "open bee hive" in chosen
        chosen.append(actions.send(Seen("", GREENHOUSE + (next(looks) if opened else greenhouse))))
    return chosen


def test_the_hive_is_open_before_the_plants_flower() -> None:
    chosen = played("bedroom", FILLED, [GROWING, GROWING, RIPE])
    fetched = ["teleport to bedroom", "pick up seed jar", "teleport to greenhouse"]
    assert chosen == [*fetched, *SOWN, *SHUT, "wait", "wait", "focus on banana"]


def test_what_lies_in_the_greenhouse_is_used_first() -> None:
    chosen = played("greenhouse", BARE + "\tsoil\n\ta shovel\n", [RIPE])
    assert chosen[1:] == [
        "move soil to flower pot 1", "pick up shovel", "teleport to outside", *DIG,
        "move soil in inventory to flower pot 2", *SOWN, *SHUT, "focus on banana",
    ]  # fmt: skip


def test_the_shovel_may_lie_outside() -> None:
    chosen = played("greenhouse", BARE, [RIPE])
    soil = [f"move soil in inventory to flower pot {number}" for number in (1, 2)]
    dug = ["teleport to outside", "pick up shovel", *DIG, soil[0], "teleport to outside", *DIG, soil[1]]
    assert chosen[1 : 1 + len(dug)] == dug


def test_another_task_has_no_such_experiment() -> None:
    assert experiment("Your task is to grow a banana from seed.", GREENHOUSE) is None


@pytest.mark.parametrize("variation", [0, 7])
def test_the_simulator_gives_the_full_score(simulator: Simulator, variation: int) -> None:
    steps = find_trajectory(simulator, "grow-fruit", variation).steps
    assert steps[-1].score_fraction == 1
    assert steps[-1].moves <= MAX_EPISODE_STEPS
    assert len({step.action for step in steps if " seed in seed jar to " in step.action}) == 2
