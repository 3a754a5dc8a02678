"""`AgentState`: what an agent knows, replayed or played."""

import pytest

from dataset_builder.simulator.look import room_of
from dataset_builder.trajectories.agent_state import AgentState, Event, idle_steps, replay_states
from dataset_builder.trajectories.subgoals import Segment, SubGoal
from dataset_builder.trajectories.trajectory import Step, Trajectory

HALL = "This room is called the hallway. In it, you see: \n\tthe agent\n"
KITCHEN = "This room is called the kitchen. In it, you see: \n\tthe agent\n"
OUTSIDE = "This outside location is called the outside. Here you see: \n\tthe agent\n"


def state_in_hall() -> AgentState:
    return AgentState("boil", "Boil water.", HALL, "nothing")


@pytest.mark.parametrize(
    ("look", "room"),
    [(HALL, "hallway"), (OUTSIDE, "outside"), ("", ""), ("You see a door to the kitchen.", "")],
)
def test_room_of_a_look(look: str, room: str) -> None:
    assert room_of(look) == room


def test_new_state_has_seen_its_room_only() -> None:
    state = state_in_hall()
    assert (state.step, state.score_points, state.moves, state.subgoal) == (0, 0, 0, "")
    assert state.visited == ["hallway"]


def test_rewards_are_differences_of_scores_and_rooms_are_listed_once() -> None:
    state = state_in_hall()
    state.advance("go to kitchen", "You move.", 5, 1, KITCHEN, "nothing")
    state.advance("wait", "You wait.", 5, 12, KITCHEN, "nothing")
    state.advance("go to hallway", "You move.", -100, 13, HALL, "a pot")
    assert [event.reward for event in state.history] == [5, 0, -105]
    assert state.history[0] == Event("go to kitchen", "You move.", 5, KITCHEN)
    assert state.visited == ["hallway", "kitchen"]
    assert (state.step, state.score_points, state.moves, state.inventory) == (3, -100, 13, "a pot")


def test_a_subgoal_stays_until_a_number_has_answered() -> None:
    state = state_in_hall()
    state.set_subgoal("find(pot)")
    stays = [state.subgoal_stays]
    for action, answer in (
        ("open door", "Ambiguous request: Please enter the number for …"),
        ("0", "It is open."),
    ):
        state.advance(action, answer, 0, 1, HALL, "nothing")
        stays.append(state.subgoal_stays)
    assert stays == [False, True, False]


def test_a_changed_subgoal_finishes_the_one_before() -> None:
    state = state_in_hall()
    for subgoal in ("find(pot)", "find(pot)", "fill(pot, water)", "find(pot)"):
        state.set_subgoal(subgoal)
    assert state.subgoal == "find(pot)"
    assert state.finished == ["find(pot)", "fill(pot, water)"]


def path_of_three() -> Trajectory:
    steps = (
        Step(HALL, "nothing", "go to kitchen", "You move.", 0.04, 1),
        Step(KITCHEN, "nothing", "pick up pot", "You take it.", 0.04, 2),
        Step(KITCHEN, "a pot", "focus on pot", "You focus.", 1.0, 3),
    )
    return Trajectory("boil", 0, "Boil water.", "easy", "tidied", steps, "1.2.3")


def test_replay_shows_the_state_before_each_action_with_the_previous_subgoal() -> None:
    segments = [
        Segment(SubGoal("navigate_to", ("kitchen",)), 0, 1),
        Segment(SubGoal("pick_up", ("pot",)), 1, 3),
    ]
    seen = [
        (
            state.step,
            state.look,
            state.inventory,
            state.score_points,
            state.moves,
            state.subgoal,
            len(state.finished),
        )
        for state in replay_states(path_of_three(), segments)
    ]
    assert seen == [
        (0, HALL, "nothing", 0, 0, "", 0),
        (1, KITCHEN, "nothing", 4, 1, "navigate_to(kitchen)", 0),
        (2, KITCHEN, "a pot", 4, 2, "pick_up(pot)", 1),
    ]


def test_replay_without_segments_has_no_subgoals() -> None:
    assert [state.subgoal for state in replay_states(path_of_three())] == ["", "", ""]


def test_a_subgoal_set_by_the_caller_is_not_counted_twice() -> None:
    segments = [
        Segment(SubGoal("navigate_to", ("kitchen",)), 0, 1),
        Segment(SubGoal("pick_up", ("pot",)), 1, 3),
    ]
    named = ["navigate_to(kitchen)", "pick_up(pot)", "pick_up(pot)"]
    finished = []
    for subgoal, state in zip(named, replay_states(path_of_three(), segments), strict=True):
        state.set_subgoal(subgoal)
        finished.append(list(state.finished))
    assert finished == [[], ["navigate_to(kitchen)"], ["navigate_to(kitchen)"]]


def test_idle_steps_are_counted_from_the_last_reward_or_from_a_step() -> None:
    state = state_in_hall()
    assert (state.idle_steps(), idle_steps([])) == (0, 0)
    for points in (0, 5, 5, 0):  # a loss of points is not a reward either
        state.advance("wait", "You wait.", points, 1, HALL, "nothing")
    assert state.idle_steps() == 2
    assert [state.idle_steps(since) for since in (1, 3, 4)] == [2, 1, 0]
