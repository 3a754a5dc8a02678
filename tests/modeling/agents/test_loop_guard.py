"""What counts as a loop or as premature, and what is tried before a search."""

import pytest

from dataset_builder.trajectories.agent_state import AgentState, Event
from modeling.agents.loop_guard import (
    IDLE_STEPS,
    LONG_IDLE_STEPS,
    MAX_FRUITLESS,
    demote_loops,
    focus_before_search,
    guarded,
    is_loop,
    is_premature,
    is_stalled,
    makes_no_progress,
)


def _history(*actions: str) -> list[Event]:
    return [Event(action, "", 0) for action in actions]


def test_the_third_time_running_is_a_loop() -> None:
    twice = _history("open door", "pick up pot", "pick up pot")
    assert is_loop("pick up pot", twice)
    assert not is_loop("pick up pot", twice[:-1])
    assert not is_loop("open door", twice)


def test_a_point_ends_a_loop() -> None:
    history = [*_history("connect", "connect"), Event("connect", "", 5)]
    assert not is_loop("connect", history)
    assert is_loop("connect", [*history, *_history("connect", "connect")])


def test_going_round_in_circles_is_a_loop() -> None:
    circle = _history(*["mix cup", "pour cup into bowl"] * 6)
    assert is_loop("mix cup", circle)
    assert not is_loop("mix cup", circle[:6])
    assert not is_loop("mix cup", [*circle, *_history(*"abcdefghi")])


def test_waiting_measuring_and_answering_may_repeat() -> None:
    for action in ("wait", "wait1", "use thermometer on ice", "look at inclined plane", "0"):
        assert not is_loop(action, _history(*[action] * 12))


def _in_kitchen(*actions: str) -> AgentState:
    look = "This room is called the kitchen. In it, you see: \n\tthe agent\n"
    return AgentState("boil", "", look, "", history=_history(*actions))


def test_a_way_to_the_room_where_the_agent_is_makes_no_progress() -> None:
    state = _in_kitchen("open fridge", "open fridge")
    for action in ("teleport to kitchen", "go to kitchen", "open fridge"):
        assert makes_no_progress(action, state)
    for action in ("teleport to workshop", "go to hallway", "open freezer"):
        assert not makes_no_progress(action, state)
    assert demote_loops(["go to kitchen", "teleport to workshop"], state)[0] == "teleport to workshop"


def test_loops_go_behind_the_other_candidates() -> None:
    state = _in_kitchen("open fridge", "open fridge")
    assert demote_loops(["open fridge", "move ice to pot", "wait"], state) == (
        "move ice to pot",
        "wait",
        "open fridge",
    )


def test_a_focus_is_never_brought_forward() -> None:
    state = _in_kitchen("open fridge", "open fridge")
    assert demote_loops(["open fridge", "focus on ice", "wait"], state) == (
        "wait",
        "open fridge",
        "focus on ice",
    )
    assert demote_loops(["focus on ice", "open fridge"], state) == ("focus on ice", "open fridge")
    assert demote_loops(["open fridge"], state) == ("open fridge",)
    assert demote_loops([], state) == ()


def _state(*actions: str) -> AgentState:
    """A state whose sub-goals were `fetch(pot)`, then, for these actions, `heat(pot)`."""
    state = AgentState("boil", "", "", "", subgoal="fetch(pot)")
    state.set_subgoal("heat(pot)")
    state.history = _history(*actions)
    return state


def test_a_sub_goal_is_given_up_after_many_actions_without_a_point() -> None:
    state = _state(*["wait"] * (IDLE_STEPS - 1))
    assert not is_stalled("heat(pot)", state)
    state.history.append(Event("wait", "", 0))
    assert is_stalled("heat(pot)", state)
    assert not is_stalled("focus_on(pot)", state)
    state.history.append(Event("wait", "", 3))
    assert not is_stalled("heat(pot)", state)


@pytest.mark.parametrize(
    "observation",
    ["The door is already closed.", "There is only one thing (orange paint)", "That can't be moved there."],
)
def test_actions_that_change_nothing_end_a_sub_goal_although_points_come_in(observation: str) -> None:
    state = _state("close door")
    state.history += [Event("close door", observation, 2)] * (MAX_FRUITLESS - 1)
    assert not is_stalled("heat(pot)", state)
    state.history.append(Event("close door", observation, 2))
    assert is_stalled("heat(pot)", state)
    state.set_subgoal("cool(pot)")
    assert not is_stalled("cool(pot)", state)  # they were not its own
    state.history.append(Event("wait", "You decide to wait for 10 iterations.", 0))
    assert not is_stalled("cool(pot)", state)


def test_its_time_begins_when_it_is_set() -> None:
    state = _state(*["wait"] * IDLE_STEPS)
    state.set_subgoal("cool(pot)")
    assert state.since == IDLE_STEPS
    assert not is_stalled("cool(pot)", state)


def test_waiting_for_something_takes_longer() -> None:
    state = _state(*["wait"] * IDLE_STEPS)
    state.subgoal = "wait_until(tree, reproducing)"
    assert not is_stalled(state.subgoal, state)
    state.history += _history(*["wait"] * LONG_IDLE_STEPS)
    assert is_stalled(state.subgoal, state)


MELTING = (
    "If the melting point of lead is above 50.0 degrees celsius, focus on the red box. If the melting point "
    "of lead is below 50.0 degrees celsius, focus on the blue box."
)


def test_an_answer_is_premature_until_a_temperature_was_read() -> None:
    state = AgentState("measure-melting-point-known-substance", MELTING, "", "")
    assert is_premature("focus_on(red box)", state)
    assert not is_premature("focus_on(lead)", state)
    read = "the thermometer measures a temperature of 12 degrees celsius"
    state.history = [Event("use thermometer on lead", read, 0)]
    assert not is_premature("focus_on(red box)", state)
    state.history = [Event("use thermometer on lead", "Ambiguous request: …", 0), Event("0", read, 0)]
    assert not is_premature("focus_on(red box)", state)
    # Other tasks have other evidence.
    other = "If wood is conductive, place it in the red box. If it is not, place it in the blue box."
    assert not is_premature("place(wood, red box)", AgentState("test-conductivity", other, "", ""))


def test_only_a_sub_goal_that_led_nowhere_is_not_gone_back_to() -> None:
    state = _state()
    assert not is_stalled("fetch(pot)", state)
    state.abandoned.append("fetch(pot)")
    assert is_stalled("fetch(pot)", state)


@pytest.mark.parametrize(
    ("subgoal", "actions", "expected"),
    [
        ("focus_on(soap)", ("open fridge", "wait"), ("focus on soap", "open fridge", "wait")),
        ("focus_on(soap)", ("teleport to foundry",), ("focus on soap", "teleport to foundry")),
        ("focus_on(soap)", ("pick up tin cup",), ("pick up tin cup",)),  # something to do here first
        ("focus_on(soap)", ("focus on soap",), ("focus on soap",)),
        ("focus_on(soap, kitchen)", ("teleport to kitchen",), ("teleport to kitchen",)),  # it is told where
        ("fetch(soap)", ("open fridge",), ("open fridge",)),
        ("focus_on(soap)", (), ()),
    ],
)
def test_what_a_subgoal_names_is_looked_for_here_before_it_is_searched(
    subgoal: str, actions: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    state = AgentState("boil", "boil soap", "", "")
    state.set_subgoal(subgoal)
    assert focus_before_search(actions, state) == expected


def test_a_search_that_leads_nowhere_goes_behind_what_it_is_a_sign_for() -> None:
    state = _in_kitchen()
    state.set_subgoal("focus_on(soap)")
    actions = ("teleport to kitchen", "wait", "teleport to workshop")
    assert guarded(actions, state) == ("focus on soap", "wait", "teleport to workshop", "teleport to kitchen")
    state.set_subgoal("fetch(soap)")
    assert guarded(actions, state) == ("wait", "teleport to workshop", "teleport to kitchen")
    assert guarded((), state) == ()


def test_it_is_looked_for_once_under_each_subgoal() -> None:
    state = AgentState("boil", "boil soap", "", "")
    state.history.append(Event("focus on soap", "", 0))
    state.set_subgoal("focus_on(soap)")
    assert focus_before_search(("open fridge",), state)[0] == "focus on soap"  # that was before the sub-goal
    state.history.append(Event("focus on soap", "", 0))
    assert focus_before_search(("open fridge",), state) == ("open fridge",)
