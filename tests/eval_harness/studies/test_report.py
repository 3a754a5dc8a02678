import json
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from dataset_builder.common.errors import UsageError
from eval_harness.results.records import EpisodeResult
from eval_harness.studies.report import study_report
from eval_harness.studies.run import StudyFolder
from eval_harness.studies.study import Cell, HeldOut, Sizes, load_study
from modeling.checkpoints.training_record import RECORD, TrainingResult
from tests.eval_harness.reports.test_score_table import episode


def _finish(folder: StudyFolder, cell: Cell, run: Path, fingerprint: str = "f") -> None:
    """Enter a cell as if it had been trained and played."""
    for training in (cell.controller, cell.executor):
        result = TrainingResult(
            role=training.role,
            recipe=training.recipe.model_dump(mode="json"),
            dataset={"fingerprint": f"{training.role} {fingerprint}"},  # each role has rows of its own
            base=None,
            parameters=1_150_000,
            steps=10,
            epochs=1.0,
            best_step=10,
            metrics={"validation_loss": 1.0, "exact_match": None},
            shortened={},
            left_out=0,
            wall_seconds=1800.0,
            weights="sha256:0",
            versions={},
            hardware="2 cores",
        )
        folder.model(training).mkdir(parents=True, exist_ok=True)
        (folder.model(training) / RECORD).write_text(json.dumps(asdict(result)))
    folder.run(cell).parent.mkdir(parents=True, exist_ok=True)
    run.rename(folder.run(cell))
    folder.cells.append((cell.name,), {"plan": {}})


def _episodes(boil: tuple[int, int], plant: tuple[int, int]) -> list[EpisodeResult]:
    tasks = [("boil", score) for score in boil] + [("find-plant", score) for score in plant]
    return [episode(task, number % 2, score) for number, (task, score) in enumerate(tasks)]


def test_held_out_tasks_are_compared_with_the_pair_trained_on_them(
    two_topics: HeldOut, tmp_path: Path, make_run: Callable[..., Path]
) -> None:
    folder = StudyFolder(tmp_path / "study")
    nothing, matter, classification = two_topics.cells()
    _finish(folder, nothing, make_run("a", _episodes((50, 70), (80, 90))))
    _finish(folder, matter, make_run("b", _episodes((10, 20), (70, 90))))
    report = study_report(two_topics, folder)
    row = dict(zip(report.heads, report.blocks[0][0], strict=False))
    assert row["held-out topic"] == "matter"
    assert (row["tasks"], row["episodes"]) == ("1", "2")
    assert row["its tasks, unseen"].startswith("15.0 (")
    assert row["its tasks, seen"] == "60.0"
    assert row["difference"].startswith("-45.0 (")
    assert report.blocks[0][0][-2:] == ["80.0", "85.0"], "the tasks that both were trained on"
    assert "Not finished: classification." in report.notes

    _finish(folder, classification, make_run("c", _episodes((50, 70), (30, 30))))
    report = study_report(two_topics, folder)
    whole = report.blocks[1][0]
    assert whole[:3] == ["all of these", "2", "4"]
    assert [cell.split(" ")[0] for cell in whole[3:6]] == ["22.5", "72.5", "-50.0"]
    assert "| matter | 1 | 2 | 15.0 (" in report.markdown()
    assert not any("NOT COMPARABLE" in note for note in report.notes)


def test_cells_of_two_dataset_builds_are_not_comparable(
    two_topics: HeldOut, tmp_path: Path, make_run: Callable[..., Path]
) -> None:
    folder = StudyFolder(tmp_path / "study")
    for number, cell in enumerate(two_topics.cells()):
        _finish(folder, cell, make_run(str(number), _episodes((1, 2), (3, 4))), fingerprint=str(number))
    assert any("NOT COMPARABLE" in note for note in study_report(two_topics, folder).notes)


def test_sizes_form_two_blocks_with_the_middle_in_both(
    write_study: Callable[..., Path], tmp_path: Path, make_run: Callable[..., Path]
) -> None:
    study = load_study("sizes", write_study(recipe="scratch-tiny", sizes={"a": {}, "b": {}}, middle="a"))
    assert isinstance(study, Sizes)
    folder = StudyFolder(tmp_path / "study")
    for number, cell in enumerate(study.cells()):
        _finish(folder, cell, make_run(str(number), _episodes((number, number), (10, 10))))
    blocks = study_report(study, folder).blocks
    assert [[row[:2] for row in block] for block in blocks] == [
        [["a (1.15M)", "a (1.15M)"], ["b (1.15M)", "a (1.15M)"]],
        [["a (1.15M)", "a (1.15M)"], ["a (1.15M)", "b (1.15M)"]],
    ]
    assert [row[2].split(" ")[0] for row in blocks[0]] == ["5.0", "5.5"]
    assert blocks[0][0][-1] == "1.00", "hours, both models together"


def test_a_finished_cell_without_its_model_or_run_is_reported(
    two_topics: HeldOut, tmp_path: Path, make_run: Callable[..., Path]
) -> None:
    folder = StudyFolder(tmp_path / "study")
    cell = two_topics.cells()[1]
    _finish(folder, cell, make_run("a", _episodes((1, 2), (3, 4))))
    for path in (folder.run(cell), folder.model(cell.executor)):
        shutil.rmtree(path)
        with pytest.raises(UsageError, match=f"Cell matter is finished, but {path}/.* is missing: restore"):
            study_report(two_topics, folder)
