"""The registry of annotators and the check around each."""

import subprocess
import sys
from pathlib import Path

import pytest

from dataset_builder.annotation.annotators import Annotation, CheckedAnnotator, annotator, annotator_names
from dataset_builder.common.errors import SubgoalError, UsageError
from dataset_builder.trajectories.subgoals import Segment, SubGoal
from dataset_builder.trajectories.trajectory import Step, Trajectory


def _trajectory(actions: list[str]) -> Trajectory:
    steps = tuple(Step("", "", action, "", 0.0, index) for index, action in enumerate(actions))
    return Trajectory("boil", 3, "Your task is to boil water.", "easy", "tidied", steps, "1.2.3")


class _Fixed:
    name = "fixed"

    def __init__(self, *segments: Segment) -> None:
        self.segments = list(segments)

    def annotate(self, trajectory: Trajectory) -> list[Segment]:
        return self.segments


def test_rules_annotator_is_known_by_name() -> None:
    found = annotator("rules")
    assert found.name == "rules"
    assert "rules" in annotator_names()
    assert [str(segment.subgoal) for segment in found.annotate(_trajectory(["wait"]))] == ["wait()"]


def test_a_language_model_is_known_by_name_and_wants_a_model(tmp_path: Path) -> None:
    assert annotator("llm", folder=tmp_path, model="small-1").name == "llm-small-1"
    other = annotator("llm", folder=tmp_path, model="org/small").name
    assert other.startswith("llm-org-small-")
    with pytest.raises(UsageError, match="--model MODEL"):
        annotator("llm", folder=tmp_path, model=None)


def test_provenance_is_passed_on_with_the_segments() -> None:
    class Recording(_Fixed):
        def annotation(self, trajectory: Trajectory, attempt: int = 0) -> Annotation:
            return Annotation(self.segments, {"attempt": attempt})

    segments = [Segment(SubGoal("wait"), 0, 1)]
    made = CheckedAnnotator(Recording(*segments)).annotation(_trajectory(["wait"]), attempt=2)
    assert (made.segments, made.provenance) == (segments, {"attempt": 2})
    assert CheckedAnnotator(_Fixed(*segments)).annotation(_trajectory(["wait"])).provenance == {}
    with pytest.raises(SubgoalError, match="cover 1 of 2"):
        CheckedAnnotator(Recording(*segments)).annotation(_trajectory(["wait", "wait"]))


def test_unknown_name_is_a_usage_error_that_lists_the_known() -> None:
    with pytest.raises(UsageError, match=r"'oracle'.*rules"):
        annotator("oracle")


def test_complete_segments_pass_unchanged() -> None:
    segments = [Segment(SubGoal("read", ("recipe",)), 0, 2), Segment(SubGoal("wait"), 2, 3)]
    assert CheckedAnnotator(_Fixed(*segments)).annotate(_trajectory(["a", "b", "c"])) == segments


@pytest.mark.parametrize(
    ("bounds", "complaint"),
    [([(0, 1)], "cover 1 of 2"), ([(1, 2)], "expected a start at 0"), ([], "cover 0 of 2")],
)
def test_incomplete_segments_are_refused(bounds: list[tuple[int, int]], complaint: str) -> None:
    segments = [Segment(SubGoal("wait"), *bound) for bound in bounds]
    with pytest.raises(SubgoalError, match=rf"fixed, boil 3 \(tidied\).*{complaint}"):
        CheckedAnnotator(_Fixed(*segments)).annotate(_trajectory(["wait", "wait"]))


def test_equal_neighbours_are_refused() -> None:
    twice = [Segment(SubGoal("wait"), 0, 1), Segment(SubGoal("wait"), 1, 2)]
    with pytest.raises(SubgoalError, match="neighbouring"):
        CheckedAnnotator(_Fixed(*twice)).annotate(_trajectory(["wait", "wait"]))


def test_a_path_without_actions_is_refused() -> None:
    with pytest.raises(SubgoalError, match="without actions"):
        annotator("rules").annotate(_trajectory([]))


def test_annotating_loads_neither_simulator_nor_models() -> None:
    code = (
        "import sys; from dataset_builder.annotation.annotators import annotator; annotator('rules');"
        "heavy = 'py4j', 'torch', 'datasets', 'transformers', 'openai';"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
