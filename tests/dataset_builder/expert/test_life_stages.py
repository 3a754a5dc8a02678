"""Life stages of a plant, named by what the room shows."""

from dataset_builder.expert.life_stages import experiment
from dataset_builder.expert.plan import Seen
from dataset_builder.expert.solve import find_trajectory
from dataset_builder.simulator.simulator import Simulator

TASK = (
    "Your task is to focus on the life stages of the apple plant, starting from earliest to latest. The "
    "plants are located outside."
)
HALLWAY = "This room is called the hallway. In it, you see: \n"
OUTSIDE = "This outside location is called the outside. Here you see: \n\ta juvenile blue jay\n"


def garden(*plants: str) -> str:
    pots = (
        f"\ta self watering flower pot {n} (containing a {plant}, soil)\n" for n, plant in enumerate(plants)
    )
    return OUTSIDE + "".join(pots)


SOWN = garden("dead apple tree", "apple tree in the seedling stage", "apple seed")
GROWN = garden("apple tree in the adult stage", "apple tree in the reproducing stage")


def test_a_stage_is_named_without_its_pot_and_awaited() -> None:
    actions = experiment(TASK, HALLWAY)
    assert actions
    chosen = [next(actions)]
    looks = iter([SOWN, SOWN, SOWN, SOWN, GROWN, GROWN])
    while not chosen[-1].endswith("reproducing stage"):
        chosen.append(actions.send(Seen("", next(looks))))
    assert chosen == [
        "teleport to outside", "focus on apple seed", "focus on apple tree in the seedling stage",
        "wait1", "wait1", "focus on apple tree in the adult stage",
        "focus on apple tree in the reproducing stage",
    ]  # fmt: skip


def test_a_plant_that_is_not_there_is_not_awaited_for_ever() -> None:
    actions = experiment(TASK, OUTSIDE)
    assert actions
    chosen = [next(actions)]
    try:
        while True:
            chosen.append(actions.send(Seen("", OUTSIDE)))
    except StopIteration:
        assert set(chosen) == {"wait1"}


def test_another_task_has_no_such_experiment() -> None:
    assert experiment("Your task is to focus on the 4 life stages of the turtle.", OUTSIDE) is None


def test_the_simulator_accepts_it(simulator: Simulator) -> None:
    path = find_trajectory(simulator, "identify-life-stages-2", 1)
    assert path.steps[-1].score_fraction == 1
    assert path.actions == [
        "teleport to outside", "focus on apricot seed", "focus on apricot tree in the seedling stage",
        "focus on apricot tree in the adult stage", "focus on apricot tree in the reproducing stage",
    ]  # fmt: skip
