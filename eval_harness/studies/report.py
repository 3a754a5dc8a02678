"""The report of a study: a table with confidence intervals, for the terminal and for `report.md`."""

from collections.abc import Sequence
from dataclasses import dataclass

from dataset_builder.common.errors import UsageError
from eval_harness.reports.score_table import interval_text, mean_text
from eval_harness.reports.table import NOT_COMPARABLE, ReportTable
from eval_harness.results.played_run import PlayedRun, by_variation, read_played
from eval_harness.results.records import RESULTS_FILE, seen_and_unseen
from eval_harness.results.statistics import Bootstrap, Estimate
from eval_harness.studies.run import StudyFolder
from eval_harness.studies.study import ALL_TASKS, Cell, HeldOut, Sizes, Study, Training
from modeling.checkpoints.training_record import RECORD, TrainingResult, read_record


@dataclass(frozen=True)
class _Done:
    """A finished cell, its run and its trainings."""

    cell: Cell
    run: PlayedRun
    controller: TrainingResult
    executor: TrainingResult

    def hours(self) -> float:
        return (self.controller.wall_seconds + self.executor.wall_seconds) / 3600


def study_report(study: Study, folder: StudyFolder) -> ReportTable:
    """The report on the finished cells of a study.

    Raises:
        UsageError: if the run or a training of a finished cell is missing.
    """
    finished = folder.cells
    cells = study.cells()
    done = {cell.name: _read(cell, folder) for cell in cells if (cell.name,) in finished}
    if isinstance(study, HeldOut):
        heads, blocks = _held_out(done)
    else:
        assert isinstance(study, Sizes)  # the only other kind
        heads, blocks = _sizes(study, done)
    missing = [cell.name for cell in cells if cell.name not in done]
    notes = _notes(study, list(done.values()), missing)
    return ReportTable(heads, blocks, f"Study {study.name}", notes)


def _read(cell: Cell, folder: StudyFolder) -> _Done:
    trainings = (cell.controller, cell.executor)
    for file in (
        *(folder.model(training) / RECORD for training in trainings),
        folder.run(cell) / RESULTS_FILE,
    ):
        if not file.is_file():
            raise UsageError(
                f"Cell {cell.name} is finished, but {file} is missing: restore its folder; or, to run the "
                f"cell again, remove its line from {folder.cells.path} and the folder {folder.run(cell)}; "
                "or use a new --out."
            )
    records = [read_record(folder.model(training)) for training in trainings]
    return _Done(cell, read_played(folder.run(cell)), *records)


def _held_out(done: dict[str, _Done]) -> tuple[list[str], list[list[list[str]]]]:
    heads = [
        "held-out topic",
        "tasks",
        "episodes",
        "its tasks, unseen",
        "its tasks, seen",
        "difference",
        "other tasks, without it",
        "other tasks, with it",
    ]
    reference = done.get(ALL_TASKS)
    topics = [cell for cell in done.values() if cell.cell.held_out]
    rows = [_topic_row(topic.cell.name, [topic], reference) for topic in topics]
    blocks = [rows]
    if len(topics) > 1:
        blocks.append([_topic_row("all of these", topics, reference)])
    return heads, blocks


def _topic_row(name: str, cells: Sequence[_Done], reference: _Done | None) -> list[str]:
    """Scores on the tasks that these cells held out, and on the other tasks."""
    unseen = {key: score for cell in cells for key, score in _scores(cell, held_out=True).items()}
    known = _scores(reference) if reference else {}
    tasks = {task for task, _, _ in unseen}
    row = [name, str(len(tasks)), str(len(unseen)), _with_interval(_mean(unseen))]
    row.append(_number(_mean({key: known[key] for key in unseen if key in known})))
    row.append(_with_interval(_mean({key: unseen[key] - known[key] for key in unseen if key in known}), "+"))
    if len(cells) > 1:
        return [*row, "", ""]
    seen = _scores(cells[0], held_out=False)
    return [*row, _number(_mean(seen)), _number(_mean({key: known[key] for key in seen if key in known}))]


def _scores(done: _Done, held_out: bool | None = None) -> dict[tuple[str, int, int], float]:
    """(task, variation, seed) → score: of all tasks, of the held-out ones, or of the others."""
    return {
        (episode.task, episode.variation, episode.seed): episode.score
        for episode in done.run.episodes
        if episode.score is not None and held_out in (None, episode.task in done.cell.held_out)
    }


def _mean(values: dict[tuple[str, int, int], float]) -> Estimate | None:
    """The plain mean over tasks."""
    return Bootstrap(
        by_variation((task, number, value) for (task, number, _), value in values.items())
    ).mean()


def _number(estimate: Estimate | None, sign: str = "") -> str:
    return "-" if estimate is None else f"{estimate.mean:{sign}.1f}"


def _with_interval(estimate: Estimate | None, sign: str = "") -> str:
    """`31.2 (25.0 to 40.5)`."""
    interval = interval_text(estimate, sign=sign)
    return _number(estimate, sign) + ("" if interval == "-" else f" ({interval})")


def _sizes(study: Sizes, done: dict[str, _Done]) -> tuple[list[str], list[list[list[str]]]]:
    groups = {name: seen_and_unseen(cell.run.result) or {} for name, cell in done.items()}
    kinds = [kind for kind in ("seen", "unseen") if any(kind in group for group in groups.values())]
    heads = ["controller", "executor", "mean score", "solved"]
    heads += [f"{kind} tasks" for kind in kinds] + ["training, hours"]
    # First the controllers with the middle executor, then the executors with the middle controller, then
    # the rest of a grid.
    blocks: tuple[list[list[str]], ...] = ([], [], [])
    for name, cell in done.items():
        means = [mean_text(groups[name].get(kind, {}).get("mean")) for kind in kinds]
        row = [*_size_cells(cell), *means, f"{cell.hours():.2f}"]
        varies_controller = cell.cell.executor.name == f"executor-{study.middle}"
        varies_executor = cell.cell.controller.name == f"controller-{study.middle}"
        if varies_controller:
            blocks[0].append(row)
        if varies_executor:
            blocks[1].append(row)
        if not varies_controller and not varies_executor:
            blocks[2].append(row)
    return heads, [block for block in blocks if block]


def _size_cells(done: _Done) -> list[str]:
    """Sizes of both models, mean score with its interval, share of solved episodes."""
    rate = done.run.result.success_rate
    return [
        _size(done.cell.controller, done.controller),
        _size(done.cell.executor, done.executor),
        _with_interval(done.run.scores().mean()),
        "-" if rate is None else f"{rate:.0%}",
    ]


def _size(training: Training, record: TrainingResult) -> str:
    size = training.name.removeprefix(f"{training.role}-")
    return f"{size} ({record.parameters / 1e6:.2f}M)"


def _notes(study: Study, done: Sequence[_Done], missing: Sequence[str]) -> list[str]:
    notes = [study.about] if study.about else []
    records = [record for cell in done for record in (cell.controller, cell.executor)]
    if done:
        result = done[0].run.result
        hardware = {record.hardware for record in records}
        notes.append(
            f"Recipe {study.recipe}, protocol {result.protocol['name']} ({result.protocol['hash']}), "
            f"{result.episodes + result.failed} episodes a cell, seed {study.seed}; trained on "
            f"{', '.join(sorted(hardware))}."
        )
    if isinstance(study, HeldOut):
        notes.append(
            "Unseen: neither model was trained on the topic's tasks. Seen: the pair that was trained on all. "
            "Differences are paired by episode."
        )
    notes.append(
        "Scores are means over tasks, 0 to 100, with their 95% intervals in parentheses. One training per "
        "cell: an interval covers other variations of the tasks, but not the difference between two "
        "trainings, which may be larger."
    )
    rows = {(record.role, record.dataset["fingerprint"]) for record in records}  # each role has its own
    if len(rows) > len({role for role, _ in rows}):
        notes.append(
            f"{NOT_COMPARABLE}: not all cells were trained on the same rows (the builds of the dataset "
            "differ, or only some cells used the practice split)."
        )
    if failed := [cell.cell.name for cell in done if cell.run.result.failed]:
        notes.append(f"Failed episodes, which the means exclude, are in {', '.join(failed)}.")
    if missing:
        notes.append(f"Not finished: {', '.join(missing)}.")
    return notes
