import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dataset_builder.common.errors import UsageError
from dataset_builder.trajectories.trajectory import Trajectory
from eval_harness.studies.run import StudyFolder, _plan, run_study
from eval_harness.studies.study import HeldOut, Sizes, load_study
from tests.modeling.conftest import _write_dataset


def test_a_folder_accepts_only_one_study(write_study: Callable[..., Path], tmp_path: Path) -> None:
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
def test_two_processes_share_a_study(
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
def test_a_killed_study_is_resumed_and_finished_cells_are_kept(
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
