"""Hand-written paths, and what the rules annotator makes of them."""

from dataset_builder.annotation.annotators import annotator
from dataset_builder.trajectories.trajectory import Step, Trajectory


def written_path(
    *steps: tuple[str, str], task: str = "Your task is to boil water.", look: str = "", carried: str = ""
) -> Trajectory:
    """A path of (action, answer) pairs in a room that never changes."""
    made = tuple(
        Step(look, carried, action, answer, 0.0, index) for index, (action, answer) in enumerate(steps)
    )
    return Trajectory("boil", 0, task, "easy", "tidied", made, "1.2.3")


def walk(*steps: tuple[str, str, str], task: str) -> Trajectory:
    """A path of (room before, action, answer) triples."""
    made = tuple(
        Step(f"This room is called the {room}. In it, you see: \n\tthe agent", "", action, answer, 0.0, index)
        for index, (room, action, answer) in enumerate(steps)
    )
    return Trajectory("find-animal", 0, task, "easy", "tidied", made, "1.2.3")


def subgoals(trajectory: Trajectory) -> list[str]:
    return [str(segment.subgoal) for segment in annotator("rules").annotate(trajectory)]


def sized(trajectory: Trajectory) -> list[tuple[str, int]]:
    """Per segment, its sub-goal and its number of actions."""
    segments = annotator("rules").annotate(trajectory)
    return [(str(segment.subgoal), segment.stop - segment.start) for segment in segments]


# --- hand-written paths ----------------------------------------------------------------------------
