"""`subgoal eval compare`: two runs, paired episode by episode."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from dataset_builder.common.errors import UsageError
from dataset_builder.simulator.tasks import TASKS
from eval_harness.reports.score_table import (
    interval_notes,
    interval_text,
    protocol_note,
    run_names,
)
from eval_harness.reports.table import ReportTable
from eval_harness.results.effort import cost_rows
from eval_harness.results.played_run import PlayedRun, by_variation
from eval_harness.results.records import HORIZONS
from eval_harness.results.statistics import Bootstrap, Estimate, Scores, holm, sign_flip_test


@dataclass(frozen=True)
class PairedRow:
    """The common episodes of a task, of a group of tasks, or of all.

    Attributes:
        name: of the task or group.
        episodes: pairs.
        first, second: mean score of either run on them (of several tasks: plain mean over tasks).
        difference: second minus first, with its 95% bootstrap interval.
        p: of the sign-flip test that the two are equally good.
        p_adjusted: for tasks: `p` corrected for the number of tasks (Holm).
        better, equal, worse: pairs in which the second run scored more, the same, less.

    Example:

    ```python
    comparison = compare_runs(read_played("runs/flat"), read_played("runs/pair"))
    for row in comparison.tasks:
        print(row.name, row.difference.mean, row.p_adjusted)
    ```
    """

    name: str
    episodes: int
    first: float
    second: float
    difference: Estimate
    p: float
    p_adjusted: float | None
    better: int
    equal: int
    worse: int


@dataclass(frozen=True)
class Comparison:
    """Two runs on the episodes that both have.

    Attributes:
        first, second: names of the runs; differences are second minus first.
        tasks: one row per task.
        groups: rows of horizon groups, if there are several.
        overall: over all tasks.
        comparable: False if the protocols differ.
        left_out: reason → number of episodes that are not paired.
        notes: caveats for the reader, one sentence each.
        costs: the mean cost of an episode over all episodes of either run, as rows of
            `eval_harness.results.effort.cost_rows`.

    Example:

    ```python
    comparison = compare_runs(read_played("runs/flat"), read_played("runs/pair"))
    comparison.overall.difference  # Estimate(mean=…, low=…, high=…), in points
    print(paired_markdown(comparison))
    ```
    """

    first: str
    second: str
    tasks: list[PairedRow]
    groups: list[PairedRow]
    overall: PairedRow
    comparable: bool
    left_out: dict[str, int]
    notes: list[str]
    costs: list[dict[str, Any]]

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready form."""
        return asdict(self)


Pairs = dict[tuple[str, int, int], tuple[int, int]]
"""(task, variation, repetition) → scores of the first and the second run."""


def compare_runs(first: PlayedRun, second: PlayedRun, names: tuple[str, str] | None = None) -> Comparison:
    """Compare two runs on their common episodes: the same task, variation and repetition.

    Repetitions are counted from the run's own seed: worlds do not depend on seeds, so runs with different
    seeds played the same episodes. Episodes that failed in either run have no score and
    are excluded.

    Args:
        first (`PlayedRun`): the one to compare with.
        second (`PlayedRun`): the other; a positive difference means that it is better.
        names (`tuple[str, str]`, *optional*): what to call them; else by agent and folder.

    Raises:
        UsageError: if they have no scored episode in common.
    """
    labels = names or tuple(run_names([first.result, second.result]))
    pairs, left_out = _pair(first, second, labels)
    if not pairs:
        reasons = _reasons(left_out) or "none played"
        raise UsageError(f"{labels[0]} and {labels[1]} have no scored episode in common ({reasons}).")
    tasks = [task for task in TASKS if any(key[0] == task for key in pairs)]
    different = protocol_note([first.result, second.result])
    return Comparison(
        labels[0],
        labels[1],
        tasks=_task_rows(tasks, pairs),
        groups=_group_rows(tasks, pairs),
        overall=_row("mean over tasks", tasks, pairs),
        comparable=different is None,
        left_out=left_out,
        notes=[*_notes(first, second, labels, left_out, different), *interval_notes([_differences(pairs)])],
        costs=cost_rows([first, second]),
    )


def _task_rows(tasks: Sequence[str], pairs: Pairs) -> list[PairedRow]:
    """One row per task, with p values that are adjusted for the number of tasks."""
    rows = [_row(task, [task], pairs) for task in tasks]
    adjusted = holm([row.p for row in rows])
    return [replace(row, p_adjusted=p) for row, p in zip(rows, adjusted, strict=True)]


def _group_rows(tasks: Sequence[str], pairs: Pairs) -> list[PairedRow]:
    """One row per horizon group; none for a single group, which is the overall row."""
    groups = {name: [task for task in tasks if TASKS[task].horizon == name] for name in HORIZONS}
    rows = [_row(f"{name} tasks", members, pairs) for name, members in groups.items() if members]
    return rows if len(rows) > 1 else []


def _reasons(left_out: dict[str, int]) -> str:
    return "; ".join(f"{reason}: {count}" for reason, count in left_out.items() if count)


def _pair(first: PlayedRun, second: PlayedRun, names: Sequence[str]) -> tuple[Pairs, dict[str, int]]:
    """Scores of common episodes by (task, variation, repetition), and the counts of the others."""
    # Worlds do not depend on seeds. Repetitions are counted from the run's own seed, so that the episodes of
    # two runs with different seeds are paired.
    first_scores, second_scores = (
        {(e.task, e.variation, e.seed - run.result.seed): e.score for e in run.episodes}
        for run in (first, second)
    )
    common = sorted(first_scores.keys() & second_scores.keys())
    pairs: Pairs = {}
    for key in common:
        one, two = first_scores[key], second_scores[key]
        if one is not None and two is not None:
            pairs[key] = one, two
    return pairs, {
        f"only in {names[0]}": len(first_scores) - len(common),
        f"only in {names[1]}": len(second_scores) - len(common),
        "failed in one of them": len(common) - len(pairs),
    }


def _row(name: str, tasks: Sequence[str], pairs: Pairs) -> PairedRow:
    row_pairs = {key: pair for key, pair in pairs.items() if key[0] in tasks}
    changes = [two - one for one, two in row_pairs.values()]
    difference = _differences(row_pairs).mean()
    assert difference is not None  # every row has pairs
    return PairedRow(
        name,
        len(row_pairs),
        _mean_over_tasks(by_variation((*key[:2], one) for key, (one, _) in row_pairs.items())),
        _mean_over_tasks(by_variation((*key[:2], two) for key, (_, two) in row_pairs.items())),
        difference,
        sign_flip_test(_changes(row_pairs)),
        None,
        better=sum(change > 0 for change in changes),
        equal=sum(change == 0 for change in changes),
        worse=sum(change < 0 for change in changes),
    )


def _changes(pairs: Pairs) -> Scores:
    return by_variation((task, variation, two - one) for (task, variation, _), (one, two) in pairs.items())


def _differences(pairs: Pairs) -> Bootstrap:
    return Bootstrap(_changes(pairs))


def _mean_over_tasks(scores: Scores) -> float:
    means = [sum(map(sum, values)) / sum(map(len, values)) for values in scores.values()]
    return sum(means) / len(means)


def _notes(
    first: PlayedRun, second: PlayedRun, names: Sequence[str], left_out: dict[str, int], different: str | None
) -> list[str]:
    notes = [different] if different else []
    if any(left_out.values()):
        notes.append(f"Excluded episodes: {_reasons(left_out)}.")
    if first.result.seed != second.result.seed:
        notes.append(
            f"The runs' seeds differ ({first.result.seed}, {second.result.seed}): paired by variation."
        )
    unfinished = zip(names, (first, second), strict=True)
    if unfinished_names := [name for name, run in unfinished if not run.result.complete]:
        notes.append(f"Not finished: {', '.join(unfinished_names)}.")
    notes += [
        f"Difference: {names[1]} minus {names[0]}, with its 95% bootstrap interval over variations.",
        "+/=/-: episodes that it plays better, equally well, and worse.",
        "p: sign-flip test of paired scores; of single tasks corrected for their number (Holm).",
    ]
    return notes


def _heads(comparison: Comparison) -> list[str]:
    return [
        "task",
        comparison.first,
        comparison.second,
        "difference",
        "95% interval",
        "p",
        "+/=/-",
    ]


def _cells(row: PairedRow) -> list[str]:
    p = row.p if row.p_adjusted is None else row.p_adjusted
    return [
        row.name,
        f"{row.first:.1f}",
        f"{row.second:.1f}",
        signed_text(row.difference.mean),
        interval_text(row.difference, sign="+"),
        p_text(p),
        f"{row.better}/{row.equal}/{row.worse}",
    ]


def signed_text(value: float) -> str:
    """`+3.1`, `-0.4`, `0.0`."""
    return f"{value:+.1f}" if abs(value) >= 0.05 else "0.0"


def p_text(p: float) -> str:
    """`0.031`; `<0.001` below that."""
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def paired_table(comparison: Comparison) -> ReportTable:
    """The scores of the paired episodes."""
    total = _cells(comparison.overall)
    rows = [[_cells(row) for row in block] for block in (comparison.tasks, comparison.groups)]
    return ReportTable(
        _heads(comparison), [*filter(None, rows), [total]], notes=comparison.notes, total=total
    )


def effort_table(comparison: Comparison) -> ReportTable:
    """The cost of an episode in either run."""
    rows = [[cost["name"], *cost["values"]] for cost in comparison.costs]
    return ReportTable(["", comparison.first, comparison.second], [rows])


def paired_markdown(comparison: Comparison) -> str:
    """Both tables as Markdown."""
    return f"{paired_table(comparison).markdown()}\n{effort_table(comparison).markdown()}"
