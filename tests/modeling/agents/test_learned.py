"""Learned agents on batches of states, and the pairs they refuse."""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from dataset_builder.common.errors import UsageError
from dataset_builder.simulator.simulator import Simulator
from dataset_builder.trajectories.agent_state import AgentState, Event
from dataset_builder.trajectories.subgoals import SubGoal
from modeling import Agent, Decision, FlatAgent, SubgoalAgent
from modeling.agents.learned import ranked_actions, read_subgoal
from modeling.checkpoints.load import files_hash
from modeling.inference.search import Answer, Search
from tests.modeling.agents.conftest import edited_checkpoint


@pytest.fixture(scope="module")
def some_states(states: Callable[[], Iterator[AgentState]]) -> list[AgentState]:
    wanted = {"find-animal", "lifespan-longest-lived", "use-thermometer"}
    return [deepcopy(state) for state in states() if state.task in wanted][::4][:10]


@pytest.fixture(scope="module")
def pair(checkpoints: dict[str, Path]) -> SubgoalAgent:
    return SubgoalAgent.from_pretrained(str(checkpoints["controller"]), str(checkpoints["executor"]))


def test_a_pair_acts_on_a_batch(pair: SubgoalAgent, some_states: list[AgentState]) -> None:
    states = deepcopy(some_states)
    decisions = pair.act(states)
    assert len(decisions) == len(states)
    for decision, state in zip(decisions, states, strict=True):
        assert 1 <= len(decision.actions) <= 4
        assert len(set(decision.actions)) == len(decision.actions)
        assert decision.subgoal == state.subgoal
        assert str(SubGoal.parse(state.subgoal)) == state.subgoal
    assert len({decision.actions[0] for decision in decisions}) > 1
    assert pair.act([]) == []


def test_greedy_decisions_do_not_depend_on_the_batch(
    checkpoints: dict[str, Path], some_states: list[AgentState]
) -> None:
    agent = SubgoalAgent.from_pretrained(
        str(checkpoints["controller"]), str(checkpoints["executor"]), num_beams=1, num_candidates=1
    )
    together = agent.act(deepcopy(some_states))
    alone = [agent.act([deepcopy(state)])[0] for state in some_states]
    assert alone == together
    assert agent.act(deepcopy(some_states[::-1])) == together[::-1]


def test_the_first_beam_is_the_best_of_all_beams(
    checkpoints: dict[str, Path], some_states: list[AgentState]
) -> None:
    ranked = FlatAgent.from_pretrained(
        str(checkpoints["flat"]), num_beams=3, num_candidates=3, avoid_loops=False
    )
    best = FlatAgent.from_pretrained(
        str(checkpoints["flat"]), num_beams=3, num_candidates=1, avoid_loops=False
    )
    for many, one in zip(ranked.act(some_states), best.act(some_states), strict=True):
        assert many.actions[:1] == one.actions


def test_a_flat_agent_leaves_sub_goals_alone(
    checkpoints: dict[str, Path], some_states: list[AgentState]
) -> None:
    agent = FlatAgent.from_pretrained(str(checkpoints["flat"]))
    states = deepcopy(some_states)
    decisions = agent.act(states)
    assert all(decision.actions for decision in decisions)
    assert states == some_states
    assert list(agent.describe()["models"]) == ["flat"]


def test_agents_play_in_the_simulator(pair: SubgoalAgent, simulator: Simulator) -> None:
    episode = simulator.episode()
    episode.load("lifespan-longest-lived", 93)
    state = AgentState(
        "lifespan-longest-lived", episode.task_description(), episode.look(), episode.inventory()
    )
    pair.begin(state, episode, seed=0)
    for _ in range(3):
        action = pair.act([state])[0].actions[0]
        result = episode.step(action)
        state.advance(
            action, result.observation, result.score, result.moves, episode.look(), episode.inventory()
        )
    pair.end(state)
    assert state.step == 3
    assert state.subgoal
    episode.close()


def test_agents_implement_the_protocol_and_describe_themselves(
    pair: SubgoalAgent, checkpoints: dict[str, Path]
) -> None:
    assert isinstance(pair, Agent)
    told = pair.describe()
    json.dumps(told)
    record = json.loads((checkpoints["executor"] / "training.json").read_text())
    assert told["name"] == "hierarchical"
    assert told["state_text_version"] == "compact-2"
    assert told["decoding"] == {
        "controller_beams": 1,
        "num_beams": 4,
        "num_candidates": 4,
        "samples": 0,
        "temperature": 0.4,
        "top_p": 0.8,
        "backend": "ctranslate2",
        "avoid_loops": True,
        "greedy_first": True,
        "grounded": True,
        "dtype": "float32",
    }
    assert told["models"]["executor"] == {
        "id": "executor",  # where it lies is nobody's business
        "revision": record["weights"],
        "parameters": record["parameters"],
        "kind": "seq2seq",
        "files": files_hash(checkpoints["executor"]),
    }


def test_pairs_that_do_not_fit_are_refused(checkpoints: dict[str, Path], tmp_path: Path) -> None:
    controller, executor, flat = (str(checkpoints[role]) for role in ("controller", "executor", "flat"))
    with pytest.raises(UsageError, match=r"is an executor and .* a controller: swap them"):
        SubgoalAgent.from_pretrained(executor, controller)
    with pytest.raises(UsageError, match="has the role controller, not executor: train one with"):
        SubgoalAgent.from_pretrained(controller, controller)
    with pytest.raises(UsageError, match=r"the role flat, not executor: give it to FlatAgent \(--flat\)"):
        SubgoalAgent.from_pretrained(controller, flat)
    with pytest.raises(UsageError, match="has the role executor, not flat"):
        FlatAgent.from_pretrained(executor)
    other = edited_checkpoint(checkpoints["executor"], tmp_path / "paper", state_text_version="paper-1")
    with pytest.raises(UsageError, match="reads state text compact-2, the executor paper-1: take two"):
        SubgoalAgent.from_pretrained(controller, other)


def test_a_focus_is_never_replaced_by_another() -> None:
    texts = ["focus on egg", "pick up egg", "focus on wolf", "", "teleport to kitchen"]
    assert ranked_actions(texts) == ("focus on egg", "pick up egg", "teleport to kitchen")
    assert ranked_actions(["look around", "focus on egg", "focus on wolf"]) == ("look around", "focus on egg")
    assert ranked_actions([""]) == ()


def test_a_text_that_is_not_a_subgoal_is_ignored(pair: SubgoalAgent, monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_subgoal("fill( metal pot ,water )") == "fill(metal pot, water)"
    assert read_subgoal("teleport to kitchen") is None
    assert read_subgoal("") is None
    state = AgentState("boil", "Your task is to boil water.", "", "", subgoal="pick_up(pot)")
    nonsense = Answer(["no sub-goal"], read=7, written=3)
    monkeypatch.setattr(pair.models["controller"], "answer", lambda states, *how: [nonsense] * len(states))
    decision = pair.act([state])[0]
    assert (state.subgoal, state.finished) == ("pick_up(pot)", [])
    assert decision.subgoal == "pick_up(pot)"
    assert isinstance(decision, Decision)
    assert decision.cost.model_calls == 2
    assert decision.cost.tokens_read > 7


def test_idle_candidates_are_ranked_last(
    checkpoints: dict[str, Path], some_states: list[AgentState], monkeypatch: pytest.MonkeyPatch
) -> None:
    state = deepcopy(some_states[0])
    state.history += [Event("open door", "The door is already open.", 0)] * 2
    said = ["open door", "pick up egg"]

    def answer(states: list[AgentState], search: Search, *seeds: Any) -> list[Answer]:
        return [Answer(said[: search.num_answers], read=1, written=search.num_answers)] * len(states)

    for avoid, expected in ((True, ("pick up egg", "open door")), (False, ("open door",))):
        agent = FlatAgent.from_pretrained(str(checkpoints["flat"]), avoid_loops=avoid)
        monkeypatch.setattr(agent.models["flat"], "answer", answer)
        (decision,) = agent.act([state])
        assert decision.actions == expected
        # A loop is seen before anything is tried: the full search is made at once, and counted.
        assert decision.cost.tokens_written == (5 if avoid else 1)
        assert (decision.more is None) == avoid


@pytest.mark.parametrize("at_once", [False, True])
def test_beams_are_searched_where_the_greedy_action_is_rejected(
    at_once: bool,
    checkpoints: dict[str, Path],
    some_states: list[AgentState],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    agent = FlatAgent.from_pretrained(str(checkpoints["flat"]), greedy_first=not at_once)
    searches: list[int] = []

    def answer(states: list[AgentState], search: Search, *seeds: Any) -> list[Answer]:
        searches.extend([search.num_beams] * bool(states))
        texts = ["eat stove", "open door", "eat stove slowly", "look around"][: search.num_answers]
        return [Answer(texts, read=10, written=3)] * len(states)

    monkeypatch.setattr(agent.models["flat"], "answer", answer)
    first, second = agent.act(some_states[:2])
    whole = ("eat stove", "open door", "eat stove slowly", "look around")
    assert searches == [4 if at_once else 1]
    assert (first.actions, second.actions, first.cost.tokens_read) == (("eat stove",), ("eat stove",), 10)
    assert first.more
    others = first.more()
    assert (others.actions, others.cost.model_calls, others.more) == (whole, 1, None)
    assert searches[1:] == [4]  # and the second was never searched


def test_an_idle_subgoal_is_replaced(pair: SubgoalAgent, monkeypatch: pytest.MonkeyPatch) -> None:
    said = ["heat(pot)", "nonsense", "focus_on(pot)", "fetch(pot)"]

    def answer(states: list[AgentState], search: Search) -> list[Answer]:
        return [Answer(said[: search.num_answers], read=5, written=4)] * len(states)

    monkeypatch.setattr(pair.models["controller"], "answer", answer)
    stuck, fresh = (AgentState("boil", "Your task is to boil water.", "", "") for _ in range(2))
    for state in (stuck, fresh):
        state.set_subgoal("fetch(pot)")
        state.set_subgoal("heat(pot)")
    stuck.history = [Event("wait", "", 0)] * 10
    decisions = pair.act([fresh, stuck])
    assert [decision.subgoal for decision in decisions] == ["heat(pot)", "focus_on(pot)"]
    assert [decision.cost.model_calls for decision in decisions] == [2, 3]
    assert (stuck.finished, stuck.abandoned) == (["fetch(pot)", "heat(pot)"], ["heat(pot)"])
    # Left because it led nowhere, it is not gone back to.
    assert pair.act([stuck])[0].subgoal == "focus_on(pot)"


def test_an_answer_without_a_reading_gives_place_to_another_subgoal(
    pair: SubgoalAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = ["focus_on(red box)", "focus_on(blue box)", "monitor_temperature(lead)"]

    def answer(states: list[AgentState], search: Search) -> list[Answer]:
        return [Answer(said[: search.num_answers], read=5, written=4)] * len(states)

    monkeypatch.setattr(pair.models["controller"], "answer", answer)
    text = (
        "Your task is to measure the melting point of lead. If the melting point of lead is above 50.0 "
        "degrees celsius, focus on the red box. If the melting point of lead is below 50.0 degrees celsius, "
        "focus on the blue box."
    )
    blind, informed = (AgentState("measure-melting-point-known-substance", text, "", "") for _ in range(2))
    read = "the thermometer measures a temperature of 62 degrees celsius"
    informed.history = [Event("use thermometer on lead", read, 0)]
    assert [decision.subgoal for decision in pair.act([blind, informed])] == [
        "monitor_temperature(lead)",
        "focus_on(red box)",
    ]
    del said[2:]  # without another one the current one stays, stalled or not: a guess may lose all points
    assert pair.act([blind])[0].subgoal == "monitor_temperature(lead)"
    blind.history = [Event("wait", "", 0)] * 60
    assert pair.act([blind])[0].subgoal == "monitor_temperature(lead)"
    assert blind.abandoned == []
    said.append("heat(lead, stove)")
    assert pair.act([blind])[0].subgoal == "heat(lead, stove)"
    assert blind.abandoned == ["monitor_temperature(lead)"]


def test_a_subgoal_stays_while_the_simulator_asks_which_object_is_meant(
    pair: SubgoalAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Answer(["heat(pot)"], read=5, written=4)
    monkeypatch.setattr(pair.models["controller"], "answer", lambda states, *how: [other] * len(states))
    asked, begun, free = (AgentState("boil", "Your task is to boil water.", "", "") for _ in range(3))
    question = Event("focus on soap", "Ambiguous request: Please enter the number for the action …", 0)
    for state in (asked, free):
        state.set_subgoal("focus_on(soap)")
    asked.history = begun.history = [question]
    free.history = [question, Event("0", "You focus on the soap.", 0)]
    decisions = pair.act([asked, free, begun])  # `begun` has no sub-goal yet
    assert [decision.subgoal for decision in decisions] == ["focus_on(soap)", "heat(pot)", "heat(pot)"]
    assert [decision.cost.model_calls for decision in decisions] == [1, 2, 2]
    assert asked.finished == []


def test_a_subclass_is_called_from_one_thread_unless_it_is_thread_safe(checkpoints: dict[str, Path]) -> None:
    class Mine(FlatAgent):
        pass

    class Bearing(FlatAgent):
        thread_safe = True

    folder = str(checkpoints["flat"])
    ours = FlatAgent.from_pretrained(folder)
    assert ours.concurrent == Bearing.from_pretrained(folder).concurrent
    assert ours.concurrent == ours.models["flat"].backend.concurrent
    assert Mine.from_pretrained(folder).concurrent == 1
    assert FlatAgent.from_pretrained(folder, backend="transformers").concurrent == 1
