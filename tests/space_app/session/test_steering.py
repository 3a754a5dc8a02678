import pytest

from dataset_builder.common.errors import UsageError
from dataset_builder.simulator.look import things_in
from space_app.session.steering import clean, read_subgoal, suggest_subgoals

LOOK = (
    "This room is called the kitchen. In it, you see: \n\tthe agent\n\ta substance called air\n"
    "\ta counter. On the counter is: a bowl (containing a red apple, a banana), a drawer.\n"
    "\ta orange box (containing nothing)\n\ta substance called soap\n"
    "\ta thermometer, currently reading a temperature of 10 degrees celsius\n"
    "You also see:\n\tA door to the hallway (that is open)\n"
)


def test_names_of_visible_things_exclude_their_descriptions() -> None:
    things = things_in(LOOK)
    assert {"counter", "bowl", "drawer", "red apple", "banana", "orange box", "soap", "thermometer"} == set(
        things
    )


def test_suggestions_are_sub_goals_of_rooms_things_and_the_plan() -> None:
    found = suggest_subgoals(LOOK, "In your inventory, you see:\n\ta pot\n", ["heat(water, stove)"])
    assert {"navigate_to(greenhouse)", "focus_on(thermometer)", "place(pot, orange box)"} <= set(found)
    assert found[-1] == "heat(water, stove)"
    assert [read_subgoal(each) for each in found] == found


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "Write"),
        ("x" * 100_000, "100000 characters"),
        ("look\x00around", "control characters"),
        ("look\naround", "control characters"),
        (None, "Write"),
    ],
)
def test_texts_that_cannot_be_used_are_named(text: str | None, says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        clean(text, "an action")
    assert len(str(caught.value)) < 200


def test_free_text_is_answered_with_the_nearest_sub_goal() -> None:
    assert read_subgoal("  focus_on( red apple ) ") == "focus_on(red apple)"
    with pytest.raises(UsageError, match=r"Did you mean navigate_to\(kitchen\)"):
        read_subgoal("navigate to the kitchen", ["navigate_to(kitchen)", "focus_on(soap)"])
    with pytest.raises(UsageError, match="has the form"):
        read_subgoal("<script>alert(1)</script>")
