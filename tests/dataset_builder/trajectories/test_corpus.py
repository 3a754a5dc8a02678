"""What a corpus folder holds, and how often its files are parsed."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from dataset_builder.annotation.annotators import version_of
from dataset_builder.common.errors import UsageError
from dataset_builder.common.jsonl_store import JsonlStore
from dataset_builder.dataset.build import build
from dataset_builder.trajectories.corpus import (
    Corpus,
    read_segments,
    report,
    segment_rows,
    trajectory_store,
)
from dataset_builder.trajectories.subgoals import Segment, SubGoal
from dataset_builder.trajectories.trajectory import TrajectoryKey


def test_a_build_parses_each_store_once(
    small_corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: Counter[str] = Counter()
    read = JsonlStore.__init__

    def counting(store: JsonlStore, path: Any) -> None:
        parsed[Path(path).name] += 1
        read(store, path)

    monkeypatch.setattr(JsonlStore, "__init__", counting)
    build(small_corpus, tmp_path / "dataset")
    names = ("trajectories.jsonl", "annotations-rules.jsonl", "quarantine-rules.jsonl", "practice.jsonl")
    assert parsed == {name: 1 for name in names}


def test_trajectories_are_sorted_and_of_one_form(corpus_folder: Path) -> None:
    corpus = Corpus(corpus_folder)
    tidied = corpus.trajectories("tidied")
    keys = [path.key for path in tidied]
    assert keys == sorted(keys)
    assert {path.path for path in tidied} == {"tidied"}
    assert len(tidied) < len(corpus.trajectories())
    pairs = corpus.annotated("rules", tidied, version_of("rules"))
    assert [path.key for path, _ in pairs] == keys
    assert corpus.quarantined("rules") == []
    assert corpus.report("tidied").verified.total() == len(tidied)


def test_the_error_for_an_empty_folder_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no tidied trajectories: run `subgoal corpus collect --out"):
        Corpus(tmp_path).trajectories("tidied")


def test_results_of_variations_are_counted(tmp_path: Path) -> None:
    store = trajectory_store(tmp_path)
    for variation, record in enumerate(({"given_up": "too long"}, {"given_up": "too long"}, {})):
        store.append(("boil", variation, "tidied"), record)
    counts = report(store)
    assert (counts.verified.total(), counts.given_up["boil"]) == (0, 3)
    assert counts.why == {"boil": {"too long": 2, "no reason was stored": 1}}
    assert report(store, [TrajectoryKey("boil", 2, "tidied")]).reasons == {"no reason was stored": 1}


def test_segments_are_stored_as_rows() -> None:
    segments = [Segment(SubGoal("wait"), 0, 2), Segment(SubGoal("fill", ("pot", "water")), 2, 3)]
    rows = segment_rows(segments)
    assert rows == [["wait()", 0, 2], ["fill(pot, water)", 2, 3]]
    assert read_segments(rows, 3) == segments  # type: ignore[arg-type]
