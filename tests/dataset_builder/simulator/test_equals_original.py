"""The faster methods against the original: same worlds, same matches, same episodes in a full greenhouse."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from py4j.java_gateway import get_field
from scienceworld import ScienceWorldEnv

from dataset_builder.simulator.compile_java import RELEASE, compile_java
from dataset_builder.simulator.look import AMBIGUOUS
from dataset_builder.simulator.patches import JAVA
from dataset_builder.simulator.simulator import Episode, Simulator
from dataset_builder.simulator.tasks import TASKS, Task
from dataset_builder.trajectories.trajectory import Trajectory


def objects(interface: Any) -> str:
    """Ids, names, types and places of all objects of a loaded variation."""
    return str(interface.agentInterface().get().universe().toStringIncludingContents(0))


def compiler() -> bool:
    """Whether the compiler that wrote the class files is installed; others write other bytes."""
    if shutil.which("javac") is None:
        return False
    version = subprocess.run(["javac", "-version"], capture_output=True, text=True, check=True).stdout
    return version.startswith(f"javac {RELEASE}.")


@pytest.mark.skipif(not compiler(), reason=f"needs javac {RELEASE}")
def test_class_files_are_those_of_the_sources(tmp_path: Path) -> None:
    compile_java(tmp_path)
    compiled = {file.relative_to(tmp_path): file.read_bytes() for file in tmp_path.rglob("*.class")}
    assert compiled == {file.relative_to(JAVA): file.read_bytes() for file in JAVA.rglob("*.class")}


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_a_world_with_one_task_equals_one_with_all(
    simulator: Simulator, reference: ScienceWorldEnv, task: Task
) -> None:
    variation = task.n_variations - 1
    episode = simulator.episode()
    look = episode.load(task.name, variation)
    reference.load(task.name, variation, "easy")
    reference.server.reset()
    assert objects(get_field(episode._game, "simulator")) == objects(reference.server)
    assert (look, episode.inventory()) == (reference.look(), reference.inventory())
    # Objects that are created from now on get the same ids, and animals move at random.
    for _ in range(2):
        assert episode.step("wait1").observation == reference.server.step("wait1")
    assert objects(get_field(episode._game, "simulator")) == objects(reference.server)
    episode.close()


GREENHOUSE = (
    "move flower to flower pot 1",
    "2",
    "look at flower",
    "1",
    "move plant to flower",
    "0",
    "pour pollen into flower pot",
    "focus on pollen",
    "not a number",
    "mix living thing in flower pot 1",
    "",
)


@pytest.mark.slow
@pytest.mark.parametrize("task", ["mendelian-genetics-known-plant", "mendelian-genetics-unknown-plant"])
def test_an_episode_in_a_full_greenhouse_equals_the_originals(
    simulator: Simulator, reference: ScienceWorldEnv, recorded: list[Trajectory], task: str
) -> None:
    trajectory = max((t for t in recorded if t.task == task), key=lambda t: len(t.steps))
    actions = [step.action for step in trajectory.steps if not step.action.startswith("focus")][:60]
    episode = simulator.episode(step_limit=None)
    episode.load(task, trajectory.variation)
    reference.load(task, trajectory.variation, "easy")
    reference.server.reset()
    questions = 0
    for action in [*actions, *["wait1"] * 25, *GREENHOUSE, *["wait"] * 2, *GREENHOUSE]:
        result = episode.step(action)
        assert result.observation == reference.server.step(action), action
        score = round(100 * reference.server.getScore())
        assert (result.score, result.moves) == (score, reference.server.getNumMoves()), action
        assert (episode.look(), episode.inventory()) == (reference.look(), reference.inventory()), action
        questions += result.observation.startswith(AMBIGUOUS)
    assert questions >= 5
    assert objects(get_field(episode._game, "simulator")) == objects(reference.server)
    episode.close()


def test_a_new_episode_does_not_draw_anothers_random_numbers() -> None:
    def bees(neighbours: int) -> list[str]:
        with Simulator(worlds=1) as simulator:
            episode = simulator.episode()
            episode.load("mendelian-genetics-known-plant", 0)
            episode.step("teleport to greenhouse")
            episode.step("open bee hive")  # bees move at random
            looks = []
            for _ in range(8):
                episode.step("wait1")
                looks.append(episode.look())
                others = [simulator.episode() for _ in range(neighbours)]
                for other in others:
                    other._attach()
            return looks

    assert bees(neighbours=1) == bees(neighbours=0)


def test_looking_changes_nothing(simulator: Simulator) -> None:
    def world(looks: int) -> tuple[str, str]:
        episode: Episode = simulator.episode()
        episode.load("grow-fruit", 3)
        episode.step("teleport to greenhouse")
        for _ in range(5):
            episode.step("wait1")
            for _ in range(looks):
                episode._look = episode._inventory = ""  # ask again
                episode.look(), episode.inventory()
        return objects(get_field(episode._game, "simulator")), episode.look()

    assert world(looks=3) == world(looks=0)
