"""Ablation agents around role models whose answers are given, in the real simulator."""

import os
import random
import signal
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import datasets
import pytest

from dataset_builder.annotation.annotators import annotator
from dataset_builder.common.errors import UsageError
from dataset_builder.dataset.load import dataset_identity
from dataset_builder.simulator.look import rooms_in
from dataset_builder.simulator.simulator import Simulator
from dataset_builder.trajectories.agent_state import AgentState
from dataset_builder.trajectories.subgoals import SubGoal, step_subgoals
from dataset_builder.trajectories.trajectory import Trajectory
from eval_harness.agents.ablations import (
    NoSubgoals,
    RandomSubgoals,
    SemiRandomSubgoals,
    TrueSubgoals,
    replaced,
    subgoal_pool,
    things_in_sight,
)
from eval_harness.agents.expert_subgoals import ExpertSubgoals
from eval_harness.agents.options import AgentOptions
from eval_harness.agents.registry import make_agent
from eval_harness.protocols.protocol import EpisodeKey, Protocol
from eval_harness.results.records import EpisodeResult
from eval_harness.rollout.rollout import Rollout
from modeling.agents.local_model import LocalModel
from modeling.checkpoints.load import Checkpoint, load_checkpoint
from modeling.data.tokenizer import train_tokenizer
from modeling.inference.search import Answer
from modeling.recipes.recipe import Architecture
from modeling.training.model_init import build_model

EGG = EpisodeKey("lifespan-longest-lived", 93, 0)
DOVE = EpisodeKey("find-animal", 0, 0)
FROG = EpisodeKey("find-animal", 75, 0)
SHORT = Protocol(name="short", decision_limit=12)


class Voice(LocalModel):
    """A role model that says what it is told to; what it was asked is kept."""

    def __init__(self, checkpoint: Checkpoint, speak: Callable[[AgentState], str]) -> None:
        super().__init__(checkpoint)
        self.speak = speak
        self.asked: list[tuple[str, tuple[str, ...]]] = []

    def answer(self, states: Iterable[AgentState], *args: Any, **kwargs: Any) -> list[Answer]:
        states = list(states)
        self.asked += [(state.subgoal, tuple(state.finished)) for state in states]
        return [Answer([self.speak(state)], read=100, written=5) for state in states]


@pytest.fixture(scope="module")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A checkpoint folder for each role, with weights that have learnt nothing."""
    tokenizer = train_tokenizer(["room: kitchen | see: a stove | goal: heat(water, stove)"] * 2, 300)
    small = Architecture(d_model=16, d_ff=16, heads=1, encoder_layers=1, decoder_layers=1)
    folders = {}
    for role in ("controller", "executor"):
        model: Any = build_model(small, tokenizer, seed=0)
        model.config.subgoal_role, model.config.state_text_version = role, "compact-1"
        model.generation_config.max_new_tokens = 4
        folders[role] = tmp_path_factory.mktemp("untrained") / role
        model.save_pretrained(folders[role])
        tokenizer.save_pretrained(folders[role])
    return folders


@pytest.fixture(scope="module")
def paths(recorded: list[Trajectory], tmp_path_factory: pytest.TempPathFactory) -> str:
    """A dataset folder with the recorded paths of one task, their sub-goals by rules."""
    rows = [
        {
            "task": path.task,
            "variation": path.variation,
            "simplifications": path.simplifications,
            "look": [step.look for step in path.steps],
            "action": path.actions,
            "observation": [step.observation for step in path.steps],
            "score": [step.score_fraction for step in path.steps],
            "subgoal": step_subgoals(annotator("rules").annotate(path)),
        }
        for path in recorded
        if path.task == "find-animal" and path.path == "tidied"
    ]
    folder = tmp_path_factory.mktemp("paths") / "animal-paths"
    (folder / "trajectories").mkdir(parents=True)
    datasets.Dataset.from_list(rows).to_parquet(folder / "trajectories" / "train.parquet")
    (folder / "README.md").write_text(
        "---\nconfigs:\n- config_name: trajectories\n  data_files:\n"
        "  - split: train\n    path: trajectories/train.parquet\n---\n"
    )
    return str(folder)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: Any) -> None:
    """The cache of `datasets` knows a folder by its last name only."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def voice(untrained: dict[str, Path]) -> Callable[..., Voice]:
    """Makes a role model that says what a function of the state returns."""
    loaded = {role: load_checkpoint(str(folder)) for role, folder in untrained.items()}

    def make(role: str, speak: Callable[[AgentState], str] = lambda state: "look around") -> Voice:
        return Voice(loaded[role], speak)

    return make


@pytest.fixture
def play(simulator: Simulator) -> Callable[..., dict[EpisodeKey, EpisodeResult]]:
    """Plays units and returns their records by key, without their duration."""

    def run(agent: Any, units: Sequence[EpisodeKey], batch_size: int = 2) -> dict[EpisodeKey, EpisodeResult]:
        results = list(Rollout(agent, SHORT, simulator, batch_size).run(units))
        assert [result.error for result in results] == [None] * len(units)
        return {result.key: replace(result, seconds=0) for result in results}

    return run


# --- expert-subgoals -------------------------------------------------------------------------------


@pytest.mark.parametrize("searched", [False, True])
def test_expert_subgoals_lead_the_executor_along_the_experts_path(
    voice: Any, play: Any, simulator: Simulator, paths: str, searched: bool
) -> None:
    words = {
        "focus_on(animal, outside)": ["teleport to outside", "focus on frog egg"],
        "place(frog egg, orange box, living room)": [
            "pick up frog egg",
            "teleport to living room",
            "move frog egg to orange box",
        ],
    }

    def speak(state: AgentState) -> str:
        wanted = words[state.subgoal]
        return next(word for word in wanted if word not in [event.action for event in state.history])

    source = None if searched else paths
    expert = ExpertSubgoals(simulator if searched else None, source)
    agent = TrueSubgoals(voice("executor", speak), expert)
    result = play(agent, [FROG])[FROG]
    assert (result.score, result.stop_reason) == (100, "completed")
    assert list(dict.fromkeys(result.subgoals)) == list(words)
    described = agent.describe()
    expected = None if searched else dataset_identity(paths)
    assert (described["name"], described["trajectories"]) == ("expert-subgoals", expected)
    assert set(described["models"]) == {"executor"}


def test_variation_without_a_path_fails_with_its_reason(voice: Any, simulator: Simulator, paths: str) -> None:
    agent = TrueSubgoals(voice("executor"), ExpertSubgoals(None, paths))
    (result,) = Rollout(agent, SHORT, simulator, 1).run([EpisodeKey("boil", 29, 0)])
    assert (result.score, result.error) == (None, f"{Path(paths).name} has no path for boil 29.")


# --- random, semi-random, none ---------------------------------------------------------------------


def test_random_subgoals_are_held_for_ten_actions(voice: Any, play: Any) -> None:
    agent = RandomSubgoals(voice("executor"))
    one = play(agent, [EGG, DOVE])
    for result in one.values():
        first, second = result.subgoals[0], result.subgoals[10]
        assert result.subgoals == [first] * 10 + [second] * 2
        assert first != second
    assert one[EGG].subgoals[0] != one[DOVE].subgoals[0]
    assert play(RandomSubgoals(voice("executor")), [EGG, DOVE], 1) == one
    reseeded = EGG._replace(seed=1)
    assert play(agent, [reseeded])[reseeded].subgoals != one[EGG].subgoals
    assert agent.describe()["pool"] == {"source": "exemplars", "subgoals": len(subgoal_pool())}


def test_pool_of_a_dataset_is_its_training_subgoals(voice: Any, paths: str) -> None:
    pool = subgoal_pool(paths)
    assert "focus_on(animal, outside)" in pool
    assert pool == sorted(set(pool))
    assert all(str(SubGoal.parse(text)) == text for text in [*pool, *subgoal_pool()])
    described = RandomSubgoals(voice("executor"), paths).describe()
    assert described["pool"] == {"source": dataset_identity(paths), "subgoals": len(pool)}


def test_semi_random_changes_the_executors_subgoal_not_the_controllers(voice: Any, play: Any) -> None:
    def plan(state: AgentState) -> str:
        return "focus_on(frog egg, outside)" if state.step < 4 else "wait_until(water, boiled)"

    controller, executor = voice("controller", plan), voice("executor")
    results = play(SemiRandomSubgoals(controller, executor), [DOVE, FROG])
    for result in results.values():
        first, second = result.subgoals[0], result.subgoals[4]
        assert result.subgoals == [first] * 4 + [second] * 8
        assert first.startswith("focus_on(")
        assert first != "focus_on(frog egg, outside)"
        assert second.startswith("wait_until(")
        assert second.endswith(", boiled)")
    spoken = ("focus_on(frog egg, outside)", "wait_until(water, boiled)")
    assert {subgoal for subgoal, _ in controller.asked} == {"", *spoken}
    assert {finished for _, finished in controller.asked} == {(), spoken[:1]}
    assert not {subgoal for subgoal, _ in executor.asked} & set(spoken)
    alone = SemiRandomSubgoals(voice("controller", plan), voice("executor"))
    assert play(alone, [DOVE, FROG], 1) == results


def test_semi_random_draws_again_after_ten_actions_and_tolerates_nonsense(voice: Any, play: Any) -> None:
    def plan(state: AgentState) -> str:
        return "fetch(axe, outside)" if state.step == 0 else "no sub-goal at all"

    subgoals = play(SemiRandomSubgoals(voice("controller", plan), voice("executor")), [DOVE])[DOVE].subgoals
    assert subgoals == [subgoals[0]] * 10 + [subgoals[10]] * 2
    assert subgoals[0] != subgoals[10]


def test_no_subgoals_keeps_the_subgoal_empty(voice: Any, play: Any) -> None:
    executor = voice("executor")
    result = play(NoSubgoals(executor), [EGG])[EGG]
    assert set(result.subgoals) == {""}
    assert set(executor.asked) == {("", ())}


@pytest.mark.parametrize("kind", ["random", "semi"])
def test_a_java_death_restarts_the_episode_with_the_same_draws(
    voice: Any, play: Any, simulator: Simulator, kind: str
) -> None:
    deaths: list[int] = []

    def plan(state: AgentState) -> str:
        return f"fetch(axe {state.step // 3}, outside)"

    def kill_once(state: AgentState) -> str:
        if state.step == 5 and not deaths:
            assert simulator.pid is not None
            deaths.append(simulator.pid)
            os.kill(simulator.pid, signal.SIGKILL)
        return "look around"

    def agent(speak: Callable[[AgentState], str]) -> Any:
        if kind == "random":
            return RandomSubgoals(voice("executor", speak))
        return SemiRandomSubgoals(voice("controller", plan), voice("executor", speak))

    undisturbed = play(agent(lambda state: "look around"), [EGG, DOVE])
    assert play(agent(kill_once), [EGG, DOVE]) == undisturbed
    assert len(deaths) == 1


# --- what is in sight ------------------------------------------------------------------------------

LOOK = """This room is called the greenhouse. In it, you see: 
\tthe agent
\ta substance called air
\ta bee hive. The bee hive door is closed. 
\ta flower pot 1 (containing a cherry tree in the adult stage, soil)
\ta cup (containing red paint)
\ta inclined plane with a soapy water surface, with:  a wood block approximately 86% down the plane
\ta table. On the table is: a jug (containing nothing), a blue light bulb, which is off.
\ta thermometer, currently reading a temperature of 10 degrees celsius
You also see:
\tA door to the hallway (that is open)
\tA door to the outside (that is closed)
"""
STATE = AgentState("", "", LOOK, "In your inventory, you see:\n\tan orange\n\ta  unknown C seed\n")


def test_names_of_what_is_in_sight() -> None:
    assert things_in_sight(STATE) == [
        "bee hive",
        "flower pot 1",
        "cherry tree",
        "cup",
        "red paint",
        "inclined plane with a soapy water surface",
        "wood block",
        "table",
        "jug",
        "blue light bulb",
        "thermometer",
        "orange",
        "unknown C seed",
    ]
    assert rooms_in(LOOK) == ["greenhouse", "hallway", "outside"]


def test_replaced_subgoals_name_other_things_and_places() -> None:
    things, rooms = set(things_in_sight(STATE)), set(rooms_in(LOOK))
    for seed in range(30):
        goal = SubGoal.parse(replaced("place(cup, jug, hallway)", STATE, random.Random(seed)))
        assert goal.name == "place"
        assert set(goal.arguments[:2]) <= things - {"hallway"}
        assert goal.arguments[0] != "cup"
        assert goal.arguments[1] != "jug"
        assert len(set(goal.arguments)) == 3
        assert goal.arguments[2] in rooms - {"hallway"}
    assert replaced("wait(2)", STATE, random.Random(0)) == "wait(2)"
    assert replaced("complete_task()", STATE, random.Random(0)) == "complete_task()"
    dark = AgentState("", "", "It is dark.", "")
    assert replaced("fetch(cup, kitchen)", dark, random.Random(0)) == "fetch(cup, kitchen)"


# --- The registry ----------------------------------------------------------------------------------


def test_ablations_are_made_of_checkpoints_and_play(
    untrained: dict[str, Path], simulator: Simulator, paths: str
) -> None:
    executor, controller = str(untrained["executor"]), str(untrained["controller"])
    options: dict[str, dict[str, Any]] = {
        "expert-subgoals": {"trajectories": paths},
        "random-subgoals": {"trajectories": paths},
        "semi-random-subgoals": {"controller": controller},
        "no-subgoals": {},
    }
    one_step = Protocol(name="one", decision_limit=1)
    for name, more in options.items():
        agent = make_agent(name, AgentOptions(executor=executor, simulator=simulator, **more))
        assert agent.name == agent.describe()["name"] == name
        (result,) = Rollout(agent, one_step, simulator, 1).run([DOVE])
        assert (result.error, result.stop_reason) == (None, "decision_limit")
        assert bool(result.subgoals[0]) is (name in ("expert-subgoals", "random-subgoals"))
    with pytest.raises(UsageError, match="has the role controller, not executor"):
        make_agent("no-subgoals", AgentOptions(executor=controller))
