import pytest

from dataset_builder.trajectories.agent_state import AgentState
from eval_harness.agents.llm.prompting import (
    MAX_ACTIONS_SHOWN,
    example,
    game_so_far,
    plain_action,
    read_actions,
    read_thought_and_action,
)


@pytest.mark.parametrize(
    ("answer", "thought", "action"),
    [
        ("Thought: I must go.\nAction: Go to kitchen.", "I must go.", "go to kitchen"),
        ("**Thought:** so\n**Action:** `open door`", "so", "open door"),
        ("Action 3: wait1\nObservation: nothing\nAction: wait", "", "wait1"),
        ("Action: 0", "", "0"),
        ("focus on wolf", "", "focus on wolf"),
        ("I do not know.\nReally not.", "I do not know. Really not.", ""),
        ("", "", ""),
        ("Action:", "", ""),
    ],
)
def test_answers_are_read_in_all_the_forms_models_give_them(answer: str, thought: str, action: str) -> None:
    assert read_thought_and_action(answer) == (thought, action)


def test_lists_are_read_without_their_marks() -> None:
    listed = '1. open door\n2) `wait`\n- go to kitchen.\n\n* "look around"\n5. 0\n6. eat apple'
    assert read_actions(listed, 5) == ["open door", "wait", "go to kitchen", "look around", "0"]
    assert plain_action("x" * 500) == ""


def test_the_transcript_shows_thoughts_points_and_omissions() -> None:
    state = AgentState("boil", "boil water", "This room is called the kitchen.", "nothing")
    for number in range(MAX_ACTIONS_SHOWN + 2):
        state.advance(f"wait{number}", "You wait.", 5, number, state.look, state.inventory)
    text = game_so_far(state, {MAX_ACTIONS_SHOWN: "so be it"}, {MAX_ACTIONS_SHOWN + 1: "dance"})["transcript"]
    assert text.startswith("(2 earlier actions are left out.)")
    assert text.count("Action: ") == MAX_ACTIONS_SHOWN
    assert f"Thought: so be it\nAction: wait{MAX_ACTIONS_SHOWN}\nObservation: You wait." in text
    last = f"Action: wait{MAX_ACTIONS_SHOWN + 1}"
    assert f"('dance' is no action of the game; this was done instead:)\n{last}" in text
    assert "(score +5)" not in text  # it was in the part that is left out
    assert game_so_far(state)["now"].endswith("Score: 5 of 100. Moves: 41.")


def test_example_is_never_the_variation_that_is_played() -> None:
    from dataset_builder.annotation.exemplars import exemplars

    for path, _ in exemplars("find-animal"):
        shown = example("find-animal", path.variation)
        assert " ".join(path.description.split()) not in shown or len(exemplars("find-animal")) > 1
        assert shown.startswith("Task: ")
