"""When an action counts as a loop."""

from dataset_builder.state import Event
from modeling.loops import is_loop, loops_last


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


def test_loops_go_behind_the_other_candidates() -> None:
    history = _history("open fridge", "open fridge")
    assert loops_last(["open fridge", "focus on ice", "wait"], history) == (
        "focus on ice",
        "wait",
        "open fridge",
    )
    assert loops_last(["open fridge"], history) == ("open fridge",)
    assert loops_last([], history) == ()
