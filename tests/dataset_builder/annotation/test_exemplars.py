"""The exemplars: all tasks have some, they cover their paths, and they keep to one vocabulary."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from dataset_builder.annotation import exemplars as module
from dataset_builder.annotation.exemplars import all_exemplars, exemplars
from dataset_builder.common.errors import SubgoalError
from dataset_builder.simulator.tasks import TASKS, get_task
from dataset_builder.trajectories.subgoals import check_segments

FOLDER = module._FOLDER


def vocabulary() -> dict[str, tuple[int, float]]:
    """Per sub-goal of the README's table, the fewest and the most arguments its form allows."""
    forms = re.findall(r"^\| `(\w+)\(([^`]*)\)` \|", (FOLDER / "README.md").read_text("utf-8"), re.MULTILINE)
    allowed = {}
    for name, inner in forms:
        required, *optional = re.split(r"\[, ", inner)
        least = len([part for part in required.split(", ") if part != "…"])
        allowed[name] = least, float("inf") if "…" in inner else least + len(optional)
    return allowed


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the exemplars that the module reads instead, to be spoilt."""
    folder = Path(shutil.copytree(FOLDER, tmp_path / "exemplar_data"))
    monkeypatch.setattr(module, "_FOLDER", folder)
    exemplars.cache_clear()
    module._paths.cache_clear()
    module._entries.cache_clear()
    yield folder
    exemplars.cache_clear()
    module._paths.cache_clear()
    module._entries.cache_clear()


def spoil(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize("task", TASKS)
def test_a_task_has_two_or_more_of_train_variations_that_end_at_score_1(task: str) -> None:
    paths = [trajectory for trajectory, _ in exemplars(task)]

    assert len({path.variation for path in paths}) == len(paths) >= 2
    assert {path.task for path in paths} == {task}
    assert {get_task(task).split_of(path.variation) for path in paths} == {"train"}
    assert all(path.steps[-1].score_fraction == 1 for path in paths)
    assert all(step.score_fraction < 1 for path in paths for step in path.steps[:-1])


def test_segments_cover_the_paths() -> None:
    for trajectory, segments in all_exemplars():
        check_segments(segments, len(trajectory.steps))


def test_every_path_at_hand_is_annotated_and_in_the_order_of_the_task_table() -> None:
    annotated = [(trajectory.task, trajectory.variation) for trajectory, _ in all_exemplars()]

    assert annotated == list(module._paths())
    assert list(dict.fromkeys(task for task, _ in annotated)) == list(TASKS)


def test_the_paper_id_means_the_task() -> None:
    assert exemplars("1-1") == exemplars("boil")


def test_the_names_are_those_of_the_vocabulary() -> None:
    used = {segment.subgoal.name for _, segments in all_exemplars() for segment in segments}

    assert used == set(vocabulary())


def test_the_arguments_fit_the_forms_of_the_vocabulary() -> None:
    allowed = vocabulary()
    forms = {
        (step.subgoal.name, len(step.subgoal.arguments)) for _, steps in all_exemplars() for step in steps
    }

    assert list(allowed["focus_on"]) == [1, 2]
    assert [form for form in forms if not allowed[form[0]][0] <= form[1] <= allowed[form[0]][1]] == []


def test_an_entry_with_other_actions_is_refused(copy: Path) -> None:
    spoil(copy / "boil.yaml", "    - focus on water", "    - focus on ice")

    with pytest.raises(SubgoalError, match=r"boil\.yaml, variation 0: the actions of focus_on\(water\)"):
        exemplars("boil")


def test_an_entry_that_ends_too_early_is_refused(copy: Path) -> None:
    spoil(copy / "find-animal.yaml", "    - move dove egg to red box\n", "")

    with pytest.raises(SubgoalError, match=r"find-animal\.yaml, variation 0: Segments cover 4 of 5"):
        exemplars("find-animal")


def test_an_entry_without_path_is_refused(copy: Path) -> None:
    spoil(copy / "melt.yaml", "- variation: 4\n", "- variation: 5\n")

    with pytest.raises(SubgoalError, match=r"melt\.yaml, variation 5: no such path"):
        exemplars("melt")


def test_a_missing_file_is_named(copy: Path) -> None:
    (copy / "freeze.yaml").unlink()

    with pytest.raises(SubgoalError, match=r"freeze has no exemplars: .*freeze\.yaml is missing"):
        exemplars("freeze")
