"""Running an annotator over a folder: what is kept, what is given up, what is asked again."""

from collections import Counter
from pathlib import Path

import pytest

from dataset_builder.annotation.annotate_corpus import annotate, not_annotated
from dataset_builder.annotation.annotators import Annotation, NotAnnotated, TrajectoryRejected, version_of
from dataset_builder.annotation.rules.annotator import RulesAnnotator
from dataset_builder.common.errors import SubgoalError, UsageError
from dataset_builder.dataset.card import annotator_note
from dataset_builder.llm.errors import RequestFailed
from dataset_builder.trajectories.corpus import Corpus, annotation_store, quarantine_store
from dataset_builder.trajectories.subgoals import Segment, SubGoal
from dataset_builder.trajectories.trajectory import Trajectory

MADE = {
    "model": "teacher",
    "answer_format": "functional",
    "examples": [["boil", 0]],
    "thought": None,
    "repairs": 1,
}


class _Moody:
    """An annotator that fails on some tasks."""

    name = "llm-moody"

    def __init__(self, **moods: SubgoalError) -> None:
        self.moods = {task.replace("_", "-"): error for task, error in moods.items()}
        self.asked: Counter[tuple[str, int]] = Counter()

    def annotate(self, trajectory: Trajectory) -> list[Segment]:
        return RulesAnnotator().annotate(trajectory)

    def annotation(self, trajectory: Trajectory, attempt: int = 0) -> Annotation:
        self.asked[trajectory.task, attempt] += 1
        if trajectory.task in self.moods:
            raise self.moods[trajectory.task]
        return Annotation(self.annotate(trajectory), MADE)


@pytest.fixture(scope="module")
def paths(recorded: list[Trajectory]) -> list[Trajectory]:
    tidied = {path.task: path for path in recorded if path.path == "tidied"}
    return [tidied[task] for task in ("boil", "melt", "find-plant", "grow-plant")]


@pytest.mark.parametrize("concurrency", [1, 3])
def test_segments_and_provenance_are_kept(concurrency: int, paths: list[Trajectory], tmp_path: Path) -> None:
    assert annotate(tmp_path, _Moody(), paths, concurrency=concurrency) == 4
    assert annotate(tmp_path, _Moody(), paths, concurrency=concurrency) == 0
    record = annotation_store(tmp_path, "llm-moody")[paths[0].key]
    assert record["actions"] == paths[0].actions
    assert {name: record[name] for name in MADE} == MADE
    pairs = Corpus(tmp_path).annotated("llm-moody", paths)
    assert pairs == [(path, RulesAnnotator().annotate(path)) for path in paths]


def test_rules_records_hold_the_rules_version(paths: list[Trajectory], tmp_path: Path) -> None:
    annotate(tmp_path, RulesAnnotator(), paths)
    for record in annotation_store(tmp_path, "rules"):
        assert set(record) == {"key", "segments", "actions", "version"}
        assert record["version"] == RulesAnnotator().version
    assert not quarantine_store(tmp_path, "rules").path.exists()


def test_failed_trajectories_are_quarantined_with_their_answers(
    paths: list[Trajectory], tmp_path: Path
) -> None:
    moody = _Moody(melt=NotAnnotated("no sub-goals", ["first", "second"], MADE))
    assert annotate(tmp_path, moody, paths) == 3
    assert Corpus(tmp_path).quarantined("llm-moody") == [paths[1].key]
    record = quarantine_store(tmp_path, "llm-moody")[paths[1].key]
    assert (record["reason"], record["answers"]) == ("no sub-goals", ["first", "second"])
    assert (record["attempts"], record["model"]) == (1, "teacher")
    assert [path for path, _ in Corpus(tmp_path).annotated("llm-moody", paths)] == [paths[0], *paths[2:]]


def test_quarantined_items_are_retried_only_on_request(paths: list[Trajectory], tmp_path: Path) -> None:
    moody = _Moody(melt=NotAnnotated("no sub-goals"))
    for retry in (False, False, True):
        annotate(tmp_path, moody, paths, retry_quarantined=retry)
    assert moody.asked["melt", 0] == moody.asked["melt", 1] == 1
    assert quarantine_store(tmp_path, "llm-moody")[paths[1].key]["attempts"] == 2
    assert not_annotated(tmp_path, "llm-moody", paths) == []
    healed = _Moody()
    assert annotate(tmp_path, healed, paths, retry_quarantined=True) == 1
    assert healed.asked == {("melt", 2): 1}
    assert Corpus(tmp_path).quarantined("llm-moody") == []
    assert len(Corpus(tmp_path).annotated("llm-moody", paths)) == 4


def test_a_refused_path_is_quarantined_at_the_end(paths: list[Trajectory], tmp_path: Path) -> None:
    assert annotate(tmp_path, _Moody(melt=TrajectoryRejected("too long")), paths) == 3
    assert quarantine_store(tmp_path, "llm-moody")[paths[1].key]["reason"] == "too long"


def test_a_run_that_ends_early_quarantines_no_refused_path(paths: list[Trajectory], tmp_path: Path) -> None:
    moody = _Moody(
        melt=TrajectoryRejected("unknown field"), grow_plant=SubgoalError("5 requests in a row failed")
    )
    with pytest.raises(SubgoalError, match="in a row"):
        annotate(tmp_path, moody, paths)
    assert len(annotation_store(tmp_path, "llm-moody")) == 2
    assert Corpus(tmp_path).quarantined("llm-moody") == []


def test_unanswered_items_are_reported_and_requested_again(paths: list[Trajectory], tmp_path: Path) -> None:
    with pytest.raises(SubgoalError, match="1 of 4 trajectories got no answer, the last because it is down"):
        annotate(tmp_path, _Moody(melt=RequestFailed("it is down")), paths, concurrency=2)
    assert Corpus(tmp_path).quarantined("llm-moody") == []
    assert annotate(tmp_path, _Moody(), paths) == 1


def test_wrong_segments_never_enter_the_store(paths: list[Trajectory], tmp_path: Path) -> None:
    class Short(_Moody):
        def annotate(self, trajectory: Trajectory) -> list[Segment]:
            return [Segment(SubGoal("wait"), 0, 1)]

    with pytest.raises(SubgoalError, match=r"Annotator llm-moody, boil .*cover 1 of"):
        annotate(tmp_path, Short(), paths)
    assert len(annotation_store(tmp_path, "llm-moody")) == 0


def test_a_folder_of_quarantined_paths_is_nothing_to_build(paths: list[Trajectory], tmp_path: Path) -> None:
    annotate(tmp_path, _Moody(boil=NotAnnotated("no sub-goals")), paths[:1])
    with pytest.raises(UsageError, match="gave up every trajectory"):
        Corpus(tmp_path).annotated("llm-moody", paths[:1])


def test_the_remedy_for_missing_annotations_is_a_command_that_works(
    paths: list[Trajectory], tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=r"--annotator llm --model"):
        Corpus(tmp_path).annotated("llm-moody", paths)
    with pytest.raises(UsageError, match=r"--annotator rules` first"):
        Corpus(tmp_path).annotated("rules", paths, version_of("rules"))


def test_concurrency_below_one_is_refused(paths: list[Trajectory], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--concurrency 0"):
        annotate(tmp_path, _Moody(), paths, concurrency=0)


def test_the_note_says_who_wrote_the_subgoals(paths: list[Trajectory], tmp_path: Path) -> None:
    annotate(tmp_path, RulesAnnotator(), paths)
    annotate(tmp_path, _Moody(melt=NotAnnotated("no sub-goals")), paths)
    assert annotator_note(Corpus(tmp_path), "rules") == "They were written by rules, not by a language model."
    note = annotator_note(Corpus(tmp_path), "llm-moody")
    for part in (
        "`teacher`",
        "at most 1 annotated",
        "functional (3)",
        "for 3 of 3 paths the model was asked again",
        "excluded because no answer fitted: 1.",
    ):
        assert part in note
    assert "thought" not in note


def test_other_rules_annotate_again(
    tmp_path: Path, paths: list[Trajectory], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert annotate(tmp_path, RulesAnnotator(), paths[:3]) == 3
    assert annotate(tmp_path, RulesAnnotator(), paths[:3]) == 0
    monkeypatch.setattr(RulesAnnotator, "version", "next")
    assert annotate(tmp_path, RulesAnnotator(), paths[:4]) == 4
    assert annotate(tmp_path, RulesAnnotator(), paths[:4]) == 0
