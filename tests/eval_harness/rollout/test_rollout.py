import os
import signal
import threading
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dataset_builder.simulator.simulator import Simulator
from dataset_builder.trajectories.agent_state import AgentState
from eval_harness.agents.baselines import ExpertAgent, RandomAgent
from eval_harness.agents.expert_subgoals import ExpertSubgoals
from eval_harness.episodes.game import episode_seed
from eval_harness.protocols.protocol import EpisodeKey, Protocol, load_protocol
from eval_harness.results.records import EpisodeResult
from eval_harness.rollout.rollout import Rollout, side_by_side
from modeling.agents.base import Agent, Decision, DecisionCost, RunAborted


def test_all_streams_are_followed_at_the_same_time() -> None:
    meeting = threading.Barrier(3)

    def stream(name: str) -> Generator[str, None, None]:
        meeting.wait(timeout=30)  # each waits for the others
        yield from (f"{name}{number}" for number in range(4))

    results = list(side_by_side([stream(name) for name in "abc"], threading.Event()))
    assert sorted(results) == sorted(f"{name}{number}" for name in "abc" for number in range(4))
    for name in "abc":
        assert [result for result in results if result[0] == name] == [f"{name}{i}" for i in range(4)]


def test_one_stream_needs_no_thread() -> None:
    def stream() -> Generator[threading.Thread, None, None]:
        yield threading.current_thread()

    assert list(side_by_side([stream()], threading.Event())) == [threading.current_thread()]


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt()])
def test_a_failure_stops_the_others_and_is_raised_after_their_results(error: BaseException) -> None:
    stop = threading.Event()
    closed: list[str] = []

    def failing() -> Generator[int, None, None]:
        yield 1
        raise error

    def endless() -> Generator[int, None, None]:
        try:
            yield 2
            stop.wait(timeout=30)
            yield 3
        finally:
            closed.append("endless")

    results: list[int] = []
    with pytest.raises(type(error)):
        results.extend(side_by_side([failing(), endless()], stop))
    assert sorted(results) == [1, 2, 3]
    assert closed == ["endless"]


def test_streams_end_when_nobody_listens_any_more() -> None:
    stop = threading.Event()
    closed: list[int] = []

    def endless(number: int) -> Generator[int, None, None]:
        try:
            while not stop.is_set():
                yield number
        finally:
            closed.append(number)

    merged = side_by_side([endless(1), endless(2)], stop)
    next(merged)
    merged.close()
    assert sorted(closed) == [1, 2]
    assert not any(thread.name.startswith("lane") for thread in threading.enumerate())


MINI = load_protocol("mini")
WOLF = EpisodeKey("find-animal", 225, 0)
TOAD = EpisodeKey("find-animal", 226, 0)
EGG = EpisodeKey("lifespan-longest-lived", 93, 0)


@pytest.fixture
def play(simulator: Simulator) -> Callable[..., dict[EpisodeKey, EpisodeResult]]:
    """Plays units and returns their records by key."""

    def run(
        agent: Agent, units: Sequence[EpisodeKey], batch_size: int = 4, protocol: Protocol = MINI
    ) -> dict[EpisodeKey, EpisodeResult]:
        results = list(Rollout(agent, protocol, simulator, batch_size).run(units))
        assert len({result.key for result in results}) == len(results)
        return {result.key: result for result in results}

    return run


def facts(results: dict[EpisodeKey, EpisodeResult]) -> dict[EpisodeKey, dict[str, Any]]:
    """The records without their duration."""
    return {key: {**result.to_dict(), "seconds": 0} for key, result in results.items()}


def test_expert_paths_reach_100_in_any_batch(play: Any, scripted: Any, expert_tasks: str) -> None:
    units = MINI.units(expert_tasks)
    agent = scripted()
    batched = play(agent, units)
    assert [result.score for result in batched.values()] == [100] * 6
    assert {result.stop_reason for result in batched.values()} == {"completed"}
    assert max(agent.batches) == 4
    assert agent.still_playing == 0
    alone = scripted()
    assert facts(play(alone, units, batch_size=1)) == facts(batched)
    assert set(alone.batches) == {1}
    assert alone.seeds == agent.seeds == {unit[:2]: episode_seed(unit) for unit in units}


def test_batches_form_the_same_way_each_time(play: Any, scripted: Any, expert_tasks: str) -> None:
    units = MINI.units(expert_tasks)
    agents = [scripted(), scripted()]
    for agent in agents:
        play(agent, units, batch_size=3)
    assert agents[0].batches == agents[1].batches
    assert set(agents[0].batches[:3]) == {3}  # refilled as soon as an episode ends


def test_an_agent_that_can_decides_on_several_batches_at_a_time(
    play: Any, scripted: Any, expert_tasks: str
) -> None:
    units = MINI.units(expert_tasks)
    plain, meeting = scripted(), threading.Barrier(3)

    class Concurrent(type(plain)):  # type: ignore[misc]
        concurrent = 3

        def act(self, states: Sequence[AgentState]) -> list[Decision]:
            if len(self.batches) < 3:
                meeting.wait(timeout=60)  # the first of each lane
            decisions: list[Decision] = super().act(states)
            return decisions

    agent = Concurrent()
    lanes = play(agent, units, batch_size=5)
    assert facts(lanes) == facts(play(plain, units, batch_size=5))
    assert agent.still_playing == 0
    assert sorted(agent.batches[:3]) == [1, 2, 2]


def test_an_aborted_run_ends_all_lanes(play: Any, scripted: Any, expert_tasks: str) -> None:
    class Lost(type(scripted())):  # type: ignore[misc]
        concurrent = 2

        def act(self, states: Sequence[AgentState]) -> list[Decision]:
            if any(state.task == "find-animal" for state in states):
                raise RunAborted("The server is gone.")
            decisions: list[Decision] = super().act(states)
            return decisions

    agent = Lost()
    with pytest.raises(RunAborted, match="The server is gone"):
        play(agent, MINI.units(expert_tasks), batch_size=2)
    assert agent.still_playing == 0


def test_lanes_end_with_the_listener(simulator: Simulator, scripted: Any, expert_tasks: str) -> None:
    agent = scripted()
    agent.concurrent = 2
    results = Rollout(agent, MINI, simulator, 4).run(MINI.units(expert_tasks))
    assert next(results).score == 100
    results.close()
    assert agent.still_playing == 0
    assert not any(thread.name.startswith("lane") for thread in threading.enumerate())


def test_the_record_contains_the_whole_episode(play: Any, scripted: Any) -> None:
    result = play(scripted(subgoal="carry(wolf)"), [WOLF])[WOLF]
    assert result.actions[0] == "teleport to outside"
    assert result.observations[0] == "You teleport to the outside."
    assert result.scores == [17, 67, 75, 83, 100]
    assert result.subgoals == ["carry(wolf)"] * 5
    assert (result.moves, result.raw_score, result.error) == (5, 100, None)
    assert result.rejected == [[]] * 5
    assert EpisodeResult.from_dict(result.to_dict()) == result


def test_rejected_texts_are_recorded_but_not_in_the_agents_history(play: Any, scripted: Any) -> None:
    path = (
        ("fly away", "teleport to outside"),
        ("focus on moon", "focus on agent"),
        ("look at the nice moon",),
    )
    agent = scripted({WOLF[:2]: path})
    result = play(agent, [WOLF])[WOLF]
    assert result.rejected == [["fly away"], ["focus on moon"], ["look at the nice moon"]]
    assert result.last_resort == [1, 2]
    assert result.actions[:2] == ["teleport to outside", "look around"]
    state = agent.states[WOLF[:2]]
    assert [event.action for event in state.history] == result.actions
    assert not any("No known action" in event.observation for event in state.history)
    assert result.stop_reason == "agent_stopped"
    assert result.score == 17


def test_further_candidates_are_decoded_only_after_a_rejection(play: Any, scripted: Any) -> None:
    path = (("teleport to outside", "no such thing"), ("fly away", "focus on agent"), ("wait",))

    class Hesitant(type(scripted())):  # type: ignore[misc]
        def act(self, states: Sequence[AgentState]) -> list[Decision]:
            return [
                replace(
                    whole,
                    actions=whole.actions[:1],
                    more=lambda whole=whole: replace(whole, cost=DecisionCost(1, 50)),
                )
                for whole in super().act(states)
            ]

    at_once = play(scripted({WOLF[:2]: path}), [WOLF])[WOLF]
    lazily = play(Hesitant({WOLF[:2]: path}), [WOLF])[WOLF]
    assert lazily.actions == at_once.actions == ["teleport to outside", "focus on agent"]
    assert lazily.rejected == at_once.rejected == [[], ["fly away"]]
    assert (at_once.tokens_read, lazily.tokens_read) == (0, 50)


def test_random_agent_is_seeded_per_episode(play: Any) -> None:
    short = Protocol(name="short", simplifications="easy", decision_limit=3)
    units = [EpisodeKey("inclined-plane-friction-named-surfaces", 1038 + i, 0) for i in range(3)]
    one, other = (play(RandomAgent(), units, size, short) for size in (3, 1))
    assert facts(one) == facts(other)
    assert all(len(result.actions) <= 3 for result in one.values())
    reseeded = [unit._replace(seed=1) for unit in units]
    assert [r.actions for r in play(RandomAgent(), reseeded, 3, short).values()] != [
        one[unit].actions for unit in units
    ]


def test_expert_agent_finds_its_path_and_reports_where_there_is_none(
    play: Any, simulator: Simulator, tmp_path: Path
) -> None:
    assert play(ExpertAgent(ExpertSubgoals(simulator)), [EGG])[EGG].score == 100
    failed = play(ExpertAgent(ExpertSubgoals()), [EGG])[EGG]
    assert (failed.score, failed.stop_reason) == (None, "error")
    assert failed.error == "The expert has no path for lifespan-longest-lived 93."


def test_lost_episode_counts_zero(play: Any, scripted: Any) -> None:
    result = play(scripted({EGG[:2]: ("focus on agent",)}), [EGG])[EGG]
    assert (result.score, result.raw_score, result.stop_reason) == (0, -100, "lost")
    previous = MINI.model_copy(update={"scoring": "previous"})
    path = ("teleport to outside", "focus on door to kitchen")
    kept = play(scripted({EGG[:2]: path}), [EGG], protocol=previous)[EGG]
    assert (kept.score, kept.scores) == (50, [50, -100])


@pytest.mark.parametrize(
    ("rules", "subgoal", "reason", "n_actions", "moves"),
    [
        ({"decision_limit": 7}, "", "decision_limit", 7, 0),
        ({"early_stop": MINI.early_stop}, "", "few_distinct", 10, 0),
        ({"early_stop": MINI.early_stop}, "explore()", "score_unchanged", 50, 0),
        ({"step_limit": 3, "step_limits": {"lifespan-longest-lived": 5}}, "", "step_limit", 3, 6),
    ],
)
def test_why_episodes_end(
    play: Any, scripted: Any, rules: Any, subgoal: str, reason: str, n_actions: int, moves: int
) -> None:
    action = "wait1" if reason == "step_limit" else "look around"
    agent = scripted({EGG[:2]: (action,) * 60}, subgoal=subgoal)
    protocol = Protocol.model_validate({"name": "x", **rules})
    result = play(agent, [EGG], protocol=protocol)[EGG]
    assert (result.stop_reason, len(result.actions), result.moves) == (reason, n_actions, moves)
    assert result.score == 0


def test_an_agent_may_disable_the_early_stop(play: Any, scripted: Any) -> None:
    agent = scripted({WOLF[:2]: ("look around",) * 12})
    agent.stops_early = False
    assert play(agent, [WOLF])[WOLF].stop_reason == "agent_stopped"
    assert ExpertAgent.stops_early is False


def test_an_agent_that_raises_fails_only_its_episode(play: Any, scripted: Any) -> None:
    def trip(task: str, variation: int, step: int) -> None:
        if (task, variation, step) == ("find-animal", 225, 2):
            raise ValueError("what is\na wolf?")

    agent = scripted(before=trip)
    results = play(agent, [WOLF, TOAD, EGG])
    failed = results[WOLF]
    assert (failed.score, failed.raw_score, failed.stop_reason) == (None, None, "error")
    assert failed.error is not None
    assert failed.error.startswith("ValueError: what is a wolf? (test_rollout.py:")
    assert failed.scores == [17, 67]  # what it did before is kept
    assert results[TOAD].score == results[EGG].score == 100
    assert agent.still_playing == 0


@pytest.mark.parametrize("part", ["begin", "end"])
def test_an_agent_that_raises_at_the_edges_is_recorded(play: Any, scripted: Any, part: str) -> None:
    class Clumsy(scripted):
        def begin(self, state: AgentState, episode: Any, seed: int) -> None:
            super().begin(state, episode, seed)
            if part == "begin" and episode.variation == 225:
                raise RuntimeError("oops")

        def end(self, state: AgentState) -> None:
            wolf = self._variations[id(state)] == 225
            super().end(state)
            if part == "end" and wolf:
                raise RuntimeError("oops")

    results = play(Clumsy(), [WOLF, TOAD])
    assert (results[WOLF].error or "").startswith("RuntimeError: oops")
    assert results[WOLF].score is None
    assert results[TOAD].score == 100


@pytest.mark.parametrize("answer", [[], ["look around", "look around"]])
def test_an_agent_that_answers_nonsense_fails_with_the_remedy(
    play: Any, scripted: Any, answer: list[Any]
) -> None:
    agent = scripted()
    agent.act = lambda states: answer
    for result in play(agent, [WOLF, TOAD]).values():
        assert "act must return one Decision per state" in (result.error or "")


@pytest.mark.parametrize("lanes", [1, 2])
def test_java_killed_in_the_middle_changes_nothing(
    play: Any, scripted: Any, simulator: Simulator, expert_tasks: str, lanes: int
) -> None:
    units = MINI.units(expert_tasks)
    undisturbed = play(scripted(), units)
    starts = simulator.starts
    killed: list[int] = []

    def kill_once(task: str, variation: int, step: int) -> None:
        if (task, variation, step) == ("find-animal", 226, 3) and not killed:
            assert simulator.pid is not None
            killed.append(simulator.pid)
            os.kill(simulator.pid, signal.SIGKILL)

    agent = scripted(before=kill_once)
    agent.concurrent = lanes
    assert facts(play(agent, units)) == facts(undisturbed)
    assert simulator.starts == starts + 1
    assert simulator.pid not in killed
    assert agent.still_playing == 0


@pytest.mark.parametrize("lanes", [1, 2])
def test_third_death_fails_the_episode_and_spares_its_neighbours(
    play: Any, scripted: Any, simulator: Simulator, lanes: int
) -> None:
    deaths: list[int] = []

    def kill(task: str, variation: int, step: int) -> None:
        if (task, variation, step) == ("find-animal", 225, 1):
            assert simulator.pid is not None
            deaths.append(simulator.pid)
            os.kill(simulator.pid, signal.SIGKILL)

    agent = scripted(before=kill)
    agent.concurrent = lanes
    results = play(agent, [WOLF, TOAD, EGG])
    assert len(deaths) == 3
    assert results[WOLF].score is None
    assert results[WOLF].error == "The simulator's Java process died 3 times in this episode."
    assert results[TOAD].score == results[EGG].score == 100


def test_java_killed_while_an_agent_asks_it(play: Any, simulator: Simulator) -> None:
    """An agent that uses the simulator in `act` meets the death there; it is not to blame."""
    killed: list[int] = []

    class Unlucky(RandomAgent):
        def act(self, states: Sequence[AgentState]) -> list[Decision]:
            if not killed and states[0].step == 1:
                assert simulator.pid is not None
                killed.append(simulator.pid)
                os.kill(simulator.pid, signal.SIGKILL)
            return super().act(states)

    short = Protocol(name="short", decision_limit=3)
    units = [EpisodeKey("inclined-plane-friction-named-surfaces", 1038 + i, 0) for i in range(2)]
    assert facts(play(Unlucky(), units, 2, short)) == facts(play(RandomAgent(), units, 2, short))
    assert killed
