"""Studies: their cells, what is refused, the report, and two real cells from training to table."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from dataset_builder.common.errors import UsageError
from dataset_builder.simulator.tasks import TASKS
from dataset_builder.trajectories.trajectory import Trajectory
from eval_harness.results.records import EpisodeResult
from eval_harness.studies.report import study_report
from eval_harness.studies.run import StudyFolder, _plan, run_study
from eval_harness.studies.study import Cell, HeldOut, Sizes, load_study, study_names
from modeling.checkpoints.training_record import RECORD, TrainingResult
from tests.eval_harness.reports.test_score_table import episode
from tests.modeling.conftest import _write_dataset

CELLS = {
    "heldout": 8,
    "heldout-small": 3,
    "heldout-tiny": 3,
    "sizes": 9,
    "sizes-small": 4,
    "sizes-tiny": 3,
}


@pytest.fixture
def write_study(tmp_path: Path) -> Callable[..., Path]:
    def write(**values: Any) -> Path:
        path = tmp_path / "mine.yaml"
        path.write_text(yaml.safe_dump(values))
        return path

    return write


def test_the_shipped_studies_name_cells_that_can_be_trained() -> None:
    kinds = ("heldout", "sizes")
    assert {
        name: len(load_study(kind, name).cells()) for kind in kinds for name in study_names(kind)
    } == CELLS


def test_neither_model_of_a_cell_is_trained_on_the_topic_that_it_leaves_out() -> None:
    cells = {cell.name: cell for cell in load_study("heldout", "heldout").cells()}
    chemistry = ("chemistry-mix", "chemistry-mix-paint-secondary-color", "chemistry-mix-paint-tertiary-color")
    assert cells["chemistry"].held_out == chemistry
    assert cells["chemistry"].controller.recipe.exclude_tasks == chemistry
    assert cells["chemistry"].executor.recipe.exclude_tasks == chemistry
    assert cells["nothing"].controller.recipe.exclude_tasks == ()
    left_out = [task for cell in cells.values() for task in cell.held_out]
    assert sorted(left_out) == sorted(TASKS)


def test_a_recipe_s_own_held_out_tasks_stay_held_out(write_study: Callable[..., Path]) -> None:
    study = load_study(
        "heldout",
        write_study(recipe="scratch-tiny", changes={"exclude_tasks": ["boil"]}, topics=["Chemistry"]),
    )
    nothing, chemistry = study.cells()
    assert nothing.executor.recipe.exclude_tasks == ("boil",)
    assert chemistry.executor.recipe.exclude_tasks[0] == "boil"
    assert len(chemistry.executor.recipe.exclude_tasks) == 4


def test_one_size_varies_while_the_other_stays() -> None:
    cells = load_study("sizes", "sizes").cells()
    assert [cell.name for cell in cells[:3]] == ["tiny+small", "small+small", "medium+small"]
    assert all("small" in cell.name.split("+") for cell in cells)
    tiny = cells[0].controller.recipe.architecture
    assert (tiny.d_model, tiny.dropout) == (64, cells[1].controller.recipe.architecture.dropout)
    assert cells[0].executor == cells[1].executor, "trained once for both"


def test_a_grid_plays_every_pair_and_a_size_may_be_a_recipe(write_study: Callable[..., Path]) -> None:
    sizes = {"a": {}, "b": {"recipe": "flan-t5-small", "batch_size": 4}}
    study = load_study("sizes", write_study(recipe="scratch-tiny", sizes=sizes, middle="a", grid=True))
    assert [cell.name for cell in study.cells()] == ["a+a", "a+b", "b+a", "b+b"]
    recipe = study.cells()[-1].executor.recipe
    assert (recipe.base, recipe.batch_size) == ("google/flan-t5-small", 4)


@pytest.mark.parametrize(
    ("kind", "values", "said"),
    [
        ("heldout", {"recipe": "scratch-tiny", "topic": ["Matter"]}, "did you mean topics?"),
        ("heldout", {"recipe": "scratch-tiny", "topics": ["Magic"]}, "unknown topic 'Magic'"),
        ("heldout", {"recipe": "scratch-tinny"}, "Did you mean scratch-tiny?"),
        ("heldout", {"recipe": "scratch-tiny", "changes": {"epoch": 3}}, "did you mean epochs?"),
        ("heldout", {"recipe": "scratch-tiny", "protocol": "papper"}, "Did you mean paper?"),
        ("heldout", {"recipe": "scratch-tiny", "tasks": ["boyl"]}, "Did you mean boil?"),
        ("heldout", {}, "recipe is missing"),
        ("heldout", {"recipe": "scratch-tiny", "kind": "sizes"}, "`subgoal study sizes`"),
        ("sizes", {"recipe": "scratch-tiny", "middle": "b", "sizes": {"a": {}}}, "no size 'b': use a."),
        (
            "sizes",
            {"recipe": "scratch-tiny", "middle": "../a", "sizes": {"../a": {}}},
            "not a valid name of a size",
        ),
        (
            "sizes",
            {"recipe": "scratch-tiny", "middle": "a", "sizes": {"a": {"architecture": {"width": 1}}}},
            "architecture.width",
        ),
        ("heldout", {"recipe": "scratch-tiny", "topics": []}, "topics: the list is empty"),
        ("heldout", {"recipe": "scratch-tiny", "changes": {"exclude_tasks": None}}, "exclude_tasks is None"),
        ("heldout", {"recipe": "scratch-tiny", "changes": {"exclude_tasks": 5}}, "exclude_tasks is 5"),
        ("heldout", {"recipe": "scratch-tiny", "changes": {"seed": 1}}, "set the study's own key seed"),
        ("heldout", {"recipe": "r" * 300}, "No recipe 'rrr"),
        ("heldout", {"recipe": "scratch-tiny", "protocol": "p" * 300}, "Unknown protocol 'ppp"),
        *(
            ("sizes", {"recipe": "scratch-tiny", "middle": "a", "sizes": {"a": values}}, said)
            for values, said in (
                ({"seed": 1}, "set the study's own key seed"),
                ({"recipe": None}, "sizes.a.recipe is None: name a recipe"),
                ({"recipe": 5}, "sizes.a.recipe is 5: name a recipe"),
            )
        ),
    ],
)
def test_a_study_that_cannot_be_done_is_refused_in_one_line(
    kind: str, values: dict[str, Any], said: str, write_study: Callable[..., Path]
) -> None:
    with pytest.raises(UsageError) as error:
        load_study(kind, write_study(**values))
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_an_unknown_study_and_an_unknown_cell_name_the_known_ones() -> None:
    with pytest.raises(UsageError, match="Did you mean heldout-tiny"):
        load_study("heldout", "heldout-tyny")
    with pytest.raises(UsageError, match="No heldout study 'xxx"):
        load_study("heldout", "x" * 300)
    with pytest.raises(UsageError, match="has no cell 'magic': use nothing, matter"):
        load_study("heldout", "heldout").choose("matter,magic")
    assert [cell.name for cell in load_study("heldout", "heldout").choose("forces, matter")] == [
        "forces",
        "matter",
    ]


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


@pytest.fixture
def two_topics(write_study: Callable[..., Path]) -> HeldOut:
    study = load_study("heldout", write_study(recipe="scratch-tiny", topics=["Matter", "Classification"]))
    assert isinstance(study, HeldOut)
    return study


def test_what_was_left_out_is_compared_with_the_pair_that_saw_it(
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


def test_cells_of_two_builds_of_a_dataset_are_said_not_to_be_comparable(
    two_topics: HeldOut, tmp_path: Path, make_run: Callable[..., Path]
) -> None:
    folder = StudyFolder(tmp_path / "study")
    for number, cell in enumerate(two_topics.cells()):
        _finish(folder, cell, make_run(str(number), _episodes((1, 2), (3, 4))), fingerprint=str(number))
    assert any("NOT COMPARABLE" in note for note in study_report(two_topics, folder).notes)


def test_sizes_stand_in_two_blocks_with_the_middle_in_both(
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


def test_a_finished_cell_whose_model_or_run_is_gone_is_named(
    two_topics: HeldOut, tmp_path: Path, make_run: Callable[..., Path]
) -> None:
    folder = StudyFolder(tmp_path / "study")
    cell = two_topics.cells()[1]
    _finish(folder, cell, make_run("a", _episodes((1, 2), (3, 4))))
    for path in (folder.run(cell), folder.model(cell.executor)):
        shutil.rmtree(path)
        with pytest.raises(UsageError, match=f"Cell matter is finished, but {path}/.* is missing: restore"):
            study_report(two_topics, folder)


def test_a_folder_holds_one_study(write_study: Callable[..., Path], tmp_path: Path) -> None:
    def study(*sizes: str, **values: Any) -> Sizes:
        made = {"recipe": "scratch-tiny", "middle": "a", "sizes": {size: {} for size in sizes}, **values}
        found = load_study("sizes", write_study(**made))
        assert isinstance(found, Sizes)
        return found

    folder, two = StudyFolder(tmp_path / "study"), study("a", "b")
    for cell in two.cells():  # as if they had been done
        folder.cells.append((cell.name,), {"plan": _plan(two, cell, "data")})
    run_study(two, "data", folder.root)
    run_study(study("a", "b", "c"), "data", folder.root, cells=two.cells())  # a size more

    seeded = study("a", "b", seed=1)
    with pytest.raises(UsageError, match=r"holds a cell a\+a that differs in units, controller seed"):
        run_study(seeded, "data", folder.root, cells=seeded.cells()[-1:])
    fewer = study("a")
    with pytest.raises(
        UsageError, match=r"holds a cell b\+a that study mine does not have: use the study file"
    ):
        run_study(fewer, "data", folder.root)


@pytest.mark.parametrize("record", [{}, {"plan": []}, {"plan": {}}, {"plan": {"controller": 1}}])
def test_a_finished_cell_without_a_plan_is_refused_in_one_line(
    record: dict[str, Any], two_topics: HeldOut, tmp_path: Path
) -> None:
    folder = StudyFolder(tmp_path / "study")
    folder.cells.append(("matter",), record)
    with pytest.raises(UsageError, match=r"cells\.jsonl: the line of cell matter .*: remove the line"):
        run_study(two_topics, "data", folder.root)


TINY: dict[str, Any] = {
    "recipe": "scratch-tiny",
    "changes": {
        "max_steps": 40,
        "evaluate_every": 10,
        "evaluate_examples": 40,
        "exact_match_examples": 0,
        "threads": 1,
        "batch_size": 8,
        "architecture": {"d_model": 32, "d_ff": 64, "heads": 2, "encoder_layers": 1, "decoder_layers": 1},
    },
    "topics": ["Classification"],
    "tasks": ["find-plant", "lifespan-longest-lived"],
    "max_variations": 1,
}


def _command(
    write_study: Callable[..., Path], recorded: list[Trajectory], folder: Path
) -> tuple[list[str], Path, Path]:
    """The command of a tiny study, its file and its folder."""
    known = ("find-animal", "find-plant", "lifespan-longest-lived", "lifespan-shortest-lived")
    paths = [path for path in recorded if path.path == "tidied" and path.task in known]
    dataset_folder = _write_dataset(folder / "dataset", paths)
    config, out = write_study(**TINY), folder / "study"
    command = [sys.executable, "-m", "subgoal", "study", "heldout", "--config", str(config)]
    return [*command, "--dataset", str(dataset_folder), "--out", str(out)], config, out


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_study_done_by_two_processes_has_each_record_once(
    write_study: Callable[..., Path], recorded: list[Trajectory], tmp_path: Path
) -> None:
    command, config, out = _command(write_study, recorded, tmp_path)
    both = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    files = [out / "cells.jsonl", *out.glob("runs/*/episodes.jsonl")]
    assert len(files) == 1 + len(load_study("heldout", config).cells())
    for file in files:
        keys = [json.dumps(json.loads(line)["key"]) for line in file.read_text().splitlines()]
        assert len(keys) == len(set(keys)) == 2


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_killed_study_goes_on_and_a_finished_cell_is_not_done_again(
    write_study: Callable[..., Path], recorded: list[Trajectory], tmp_path: Path
) -> None:
    command, config, out = _command(write_study, recorded, tmp_path)
    first = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL)
    checkpoints = out / "models" / "controller-on-all" / "checkpoints"
    while first.poll() is None and not list(checkpoints.glob("checkpoint-*")):
        time.sleep(0.1)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()

    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (out / "report.md").read_text().count("| classification |") == 1
    assert "classification" in done.stdout
    study = load_study("heldout", config)
    folder = StudyFolder(out)
    for cell in study.cells():
        record = json.loads((folder.run(cell) / "results.json").read_text())
        assert record["complete"]
        assert record["models"]["controller"].get("held_out_tasks", []) == list(cell.held_out)

    before = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}
    run_study(study, command[command.index("--dataset") + 1], out)
    assert {path: path.stat().st_mtime_ns for path in before} == before

    other = load_study("heldout", write_study(**TINY, seed=1))
    with pytest.raises(UsageError, match="holds a cell nothing that differs in units, controller seed"):
        run_study(other, command[command.index("--dataset") + 1], out)
