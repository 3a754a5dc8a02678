import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from dataset_builder.annotation.annotators import annotator
from dataset_builder.trajectories.agent_state import AgentState, Event, replay_states
from dataset_builder.trajectories.subgoals import step_subgoals
from dataset_builder.trajectories.trajectory import Trajectory
from eval_harness.agents.expert_subgoals import ExpertSubgoals, Guide, SubgoalSpan, subgoal_spans


def test_concurrent_threads_look_a_path_up_once(monkeypatch: Any) -> None:
    lookups = []

    def look_up(expert: ExpertSubgoals, task: str, variation: int) -> list[SubgoalSpan]:
        lookups.append((task, variation))
        time.sleep(0.05)  # long enough for the other threads to arrive
        return [SubgoalSpan("wait()", (), "", False)]

    monkeypatch.setattr(ExpertSubgoals, "_look_up", look_up)
    expert = ExpertSubgoals()
    with ThreadPoolExecutor(8) as pool:
        spans = list(pool.map(lambda number: expert.spans("boil", number % 2), range(8)))
    assert sorted(lookups) == [("boil", 0), ("boil", 1)]
    assert spans[0] is spans[2]
    assert spans[0] is not spans[1]


def test_the_guide_returns_the_annotated_subgoals_on_the_experts_path(recorded: list[Trajectory]) -> None:
    paths = [path for path in recorded if path.path == "tidied"]
    assert len({path.task for path in paths}) == 30
    for path in paths:
        segments = annotator("rules").annotate(path)
        wanted = step_subgoals(segments)
        guide = Guide(spans_of(path, wanted))
        assert [guide.subgoal(state) for state in replay_states(path)] == wanted


def spans_of(path: Trajectory, subgoals: Sequence[str]) -> list[SubgoalSpan]:
    steps = path.steps
    return subgoal_spans(
        subgoals,
        path.actions,
        [step.observation for step in steps],
        [step.score_fraction for step in steps],
        [step.look for step in steps],
    )


def test_the_guide_tolerates_an_extra_action_per_subgoal(recorded: list[Trajectory]) -> None:
    paths = [path for path in recorded if path.path == "tidied"]
    followed = total = 0
    for path in paths:
        wanted = step_subgoals(annotator("rules").annotate(path))
        guide = Guide(spans_of(path, wanted))
        state = AgentState(path.task, "", path.steps[0].look, path.steps[0].inventory)
        for number, step in enumerate(path.steps):
            if number == 0 or wanted[number] != wanted[number - 1]:
                guide.subgoal(state)
                state.advance("look around", step.look, state.score_points, 0, step.look, step.inventory)
            followed += guide.subgoal(state) == wanted[number]
            total += 1
            if number + 1 < len(path.steps):
                after = path.steps[number + 1]
                score = step.score_points
                state.advance(step.action, step.observation, score, 0, after.look, after.inventory)
    assert followed / total > 0.97


WAIT = Event("wait", "You decide to wait.", 0)
FOCUS = Event("focus on baby wolf", "You focus on the baby wolf.", 50)
TELEPORT = Event("teleport to outside", "You teleport to the outside.", 8)
FIND = SubgoalSpan("focus_on(animal, outside)", (TELEPORT, FOCUS), "outside", moved=False)
GO = SubgoalSpan("navigate_to(outside)", (TELEPORT,), "outside", moved=True)
MELT = SubgoalSpan("wait_until(ice, melted)", (WAIT, WAIT), "", moved=False)


@pytest.mark.parametrize(
    ("span", "done", "room", "fulfilled"),
    [
        (FIND, [], "outside", False),
        (FIND, [TELEPORT], "outside", False),
        (FIND, [TELEPORT, FOCUS], "outside", True),
        (FIND, [Event("go to outside", "You move to the outside.", 8)], "outside", False),
        (FIND, [WAIT, Event("focus on wolf", "You focus on the baby wolf.", 50)], "outside", True),
        (FIND, [WAIT, Event("focus on crocodile", "You focus on the crocodile.", 50)], "outside", True),
        (FIND, [WAIT, Event("focus on axe", "You focus on the axe.", 0)], "outside", False),
        (FIND, [WAIT, Event("pick up axe", "You move the axe to the inventory.", 50)], "outside", False),
        (FIND, [WAIT, FOCUS], "kitchen", False),
        (FIND, [WAIT] * 6, "kitchen", False),
        (FIND, [WAIT] * 7, "kitchen", True),
        (GO, [Event("go to outside", "You move to the outside.", 8)], "outside", True),
        (GO, [Event("go to hallway", "You move to the hallway.", 0)], "hallway", False),
        (MELT, [WAIT], "kitchen", False),
        (MELT, [Event("look around", "", 0), WAIT], "kitchen", False),
        (MELT, [Event("look around", "", 0), WAIT, WAIT], "kitchen", True),
    ],
)
def test_fulfilled(span: SubgoalSpan, done: list[Event], room: str, fulfilled: bool) -> None:
    assert span.fulfilled(done, room) is fulfilled
