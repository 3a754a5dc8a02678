"""Agreement: counted by hand on small paths, and the rules' own with the exemplars."""

from pathlib import Path

import pytest

from dataset_builder.annotation.agreement import Agreement, agreement_rows, annotations_of, compare, total
from dataset_builder.annotation.exemplars import all_exemplars, exemplars, is_held_out
from dataset_builder.common.errors import UsageError
from dataset_builder.dataset.card import agreement_note
from dataset_builder.simulator.tasks import TASKS
from dataset_builder.trajectories.corpus import Corpus, annotation_store, trajectory_store
from dataset_builder.trajectories.subgoals import Segment, SubGoal


def segments(*parts: tuple[str, int]) -> list[Segment]:
    """Segments from (sub-goal, number of actions)."""
    made = []
    position = 0
    for text, size in parts:
        made.append(Segment(SubGoal.parse(text), position, position + size))
        position += size
    return made


def test_counts_of_a_small_path() -> None:
    found = Agreement()
    found.add(
        segments(("fetch(pot, kitchen)", 3), ("heat(water, stove)", 2), ("wait_until(water, boiled)", 1)),
        segments(("fetch(pot, kitchen)", 2), ("fill(pot, water)", 1), ("heat(ice, stove)", 3)),
    )
    assert [found.counts[f"{name}_starts"] for name in ("reference", "other", "shared")] == [
        2,
        2,
        1,
    ]
    assert found.boundary_f1 == 0.5
    assert [found.counts[name] for name in ("actions", "same_name", "same_subgoal")] == [6, 4, 2]
    assert found.renamed == {("fetch", "fill"): 1, ("wait_until", "heat"): 1}
    assert (found.name_share, found.subgoal_share) == (4 / 6, 2 / 6)


def test_one_segment_each_agree_on_all_boundaries() -> None:
    found = Agreement()
    found.add(segments(("wait()", 2)), segments(("explore()", 2)))
    assert (found.boundary_f1, found.name_share) == (1.0, 0.0)


def test_only_common_paths_count_and_the_total_adds_up() -> None:
    boil, melt = list(exemplars("boil")), list(exemplars("melt"))
    by_task = compare([*boil, *melt], [*boil[:2], (melt[0][0], segments(("wait()", len(melt[0][0].steps))))])
    assert {task: part.counts["paths"] for task, part in by_task.items()} == {"boil": 2, "melt": 1}
    assert by_task["boil"].subgoal_share == 1.0
    whole = total(by_task)
    assert whole.counts["paths"] == 3
    assert whole.counts["actions"] == sum(part.counts["actions"] for part in by_task.values())
    assert agreement_rows(by_task)[-1]["task"] == "all"
    with pytest.raises(UsageError, match="no path in common"):
        compare(boil, melt)


def test_the_rules_are_a_teacher_worth_imitating() -> None:
    by_task = compare(annotations_of("exemplars", None), annotations_of("rules", None))
    assert list(by_task) == list(TASKS)
    assert total(by_task).boundary_f1 > 0.95
    assert total(by_task).subgoal_share > 0.95


def test_held_out_exemplars_are_counted_separately() -> None:
    given = annotations_of("rules", None)
    apart = [pair for pair in all_exemplars() if is_held_out(pair[0])]
    assert len(apart) >= 20
    found = total(compare(apart, given))
    assert found.counts["paths"] == len(apart)
    assert found.boundary_f1 > 0.8
    rows = agreement_rows(compare(apart, given), found)
    assert rows[-1]["task"].startswith("held out")
    assert rows[-1]["actions"] == rows[-2]["actions"]


def test_an_llms_annotations_are_read_from_its_folder(tmp_path: Path) -> None:
    path, gold = exemplars("boil")[0]
    trajectory_store(tmp_path).append(path.key, {"trajectory": path.to_dict()})
    rows = [[str(segment.subgoal), segment.start, segment.stop] for segment in gold]
    annotation_store(tmp_path, "llm-x").append(path.key, {"segments": rows, "actions": path.actions})

    by_task = compare(all_exemplars(), annotations_of("llm-x", tmp_path))

    assert (by_task["boil"].counts["paths"], by_task["boil"].subgoal_share) == (1, 1.0)
    assert agreement_note(Corpus(tmp_path), "llm-x").startswith(
        "Agreement with the exemplars: on 1 paths: F1"
    )
    with pytest.raises(UsageError, match="Name the corpus folder in which llm-x annotated"):
        annotations_of("llm-x", None)


def test_the_cards_sentence_tells_that_the_rules_were_tuned(tmp_path: Path) -> None:
    assert "paths that they were tuned on: F1" in agreement_note(Corpus(tmp_path), "rules")
    path, _ = exemplars("boil")[0]
    other = path.to_dict() | {"variation": 1}
    trajectory_store(tmp_path).append(("boil", 1, "tidied"), {"trajectory": other})
    rows = [["wait()", 0, len(path.steps)]]
    annotation_store(tmp_path, "llm-x").append(
        ("boil", 1, "tidied"), {"segments": rows, "actions": path.actions}
    )
    assert agreement_note(Corpus(tmp_path), "llm-x") == ""
