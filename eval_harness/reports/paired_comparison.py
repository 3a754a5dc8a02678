"""`subgoal eval compare`: two runs, paired episode by episode."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from rich.markup import escape
from rich.table import Table

from dataset_builder.common.errors import UsageError
from dataset_builder.simulator.tasks import TASKS
from eval_harness.reports.score_table import (
    interval_notes,
    interval_text,
    markdown_row,
    protocol_note,
    run_names,
)
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
        left_out: why episodes are not paired → how many.
        notes: what a reader must know.
        costs: what an episode took (`eval_harness.results.effort`), by name: a value for either run. All
            episodes of a run count.
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


def compare_runs(first: PlayedRun, second: PlayedRun, names: tuple[str, str] | None = None) -> Comparison:
    """Compare two runs on their common episodes: same task, variation and repetition.

    A repetition is counted from the run's own seed: the worlds know nothing of seeds, so runs with
    different seeds played the same episodes. Episodes that failed in either run have no score and
    are left out.

    Args:
        first (`PlayedRun`): the one to compare with.
        second (`PlayedRun`): the other; a positive difference means that it is better.
        names (`tuple[str, str]`, *optional*): what to call them; else by agent and folder.

    Raises:
        UsageError: if they have no scored episode in common.
    """
    one, two = called = names or tuple(run_names([first.result, second.result]))
    pairs, left_out = _pair(first, second, called)
    if not pairs:
        reasons = "; ".join(f"{why}: {count}" for why, count in left_out.items() if count) or "none played"
        raise UsageError(f"{one} and {two} have no scored episode in common ({reasons}).")
    tasks = [task for task in TASKS if any(key[0] == task for key in pairs)]
    rows = [_row(task, [task], pairs) for task in tasks]
    adjusted = holm([row.p for row in rows])
    by_group = {name: [task for task in tasks if TASKS[task].horizon == name] for name in HORIZONS}
    groups = [_row(f"{name} tasks", own, pairs) for name, own in by_group.items() if own]
    different = protocol_note([first.result, second.result])
    return Comparison(
        one,
        two,
        tasks=[replace(row, p_adjusted=p) for row, p in zip(rows, adjusted, strict=True)],
        groups=groups if len(groups) > 1 else [],
        overall=_row("mean over tasks", tasks, pairs),
        comparable=different is None,
        left_out=left_out,
        notes=[*_notes(first, second, called, left_out, different), *interval_notes([_differences(pairs)])],
        costs=cost_rows([first, second]),
    )


def _pair(first: PlayedRun, second: PlayedRun, names: Sequence[str]) -> tuple[Pairs, dict[str, int]]:
    """Scores of common episodes by (task, variation, repetition), and the counts of the others."""
    ones, twos = (
        {(e.task, e.variation, e.seed - run.result.seed): e.score for e in run.episodes}
        for run in (first, second)
    )
    pairs: Pairs = {}
    for key in ones.keys() & twos.keys():
        one, two = ones[key], twos[key]
        if one is not None and two is not None:
            pairs[key] = one, two
    common = len(ones.keys() & twos.keys())
    return dict(sorted(pairs.items())), {
        f"only in {names[0]}": len(ones) - common,
        f"only in {names[1]}": len(twos) - common,
        "failed in one of them": common - len(pairs),
    }


def _row(name: str, tasks: Sequence[str], pairs: Pairs) -> PairedRow:
    own = {key: pair for key, pair in pairs.items() if key[0] in tasks}
    changes = [two - one for one, two in own.values()]
    found = _differences(own).mean()
    assert found is not None  # every row has pairs
    return PairedRow(
        name,
        len(own),
        _mean_over_tasks(by_variation((*key[:2], one) for key, (one, _) in own.items())),
        _mean_over_tasks(by_variation((*key[:2], two) for key, (_, two) in own.items())),
        found,
        sign_flip_test(_changes(own)),
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
        counts = "; ".join(f"{why}: {count}" for why, count in left_out.items() if count)
        notes.append(f"Episodes left out: {counts}.")
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


def paired_table(comparison: Comparison) -> Table:
    """The comparison for a terminal."""
    notes = list(map(escape, comparison.notes))
    if not comparison.comparable:
        notes[0] = f"[bold red]{notes[0]}[/]"
    table = Table(caption="\n".join(notes), caption_justify="left")
    for place, head in enumerate(_heads(comparison)):
        # In a narrow terminal the names give way, not the figures.
        justify: Literal["left", "right"] = "right" if place else "left"
        table.add_column(escape(head), justify=justify, no_wrap=place > 2, overflow="fold")
    for block in (comparison.tasks, comparison.groups, [comparison.overall]):
        for row in block:
            table.add_row(*_cells(row), style="bold" if row is comparison.overall else None)
        table.add_section()
    return table


def effort_table(comparison: Comparison) -> Table:
    """What an episode took in either run, for a terminal."""
    table = Table()
    for place, head in enumerate(["", comparison.first, comparison.second]):
        table.add_column(escape(head), justify="right" if place else "left", overflow="fold")
    for cost in comparison.costs:
        table.add_row(cost["name"], *cost["values"])
    return table


def paired_markdown(comparison: Comparison) -> str:
    """The comparison as Markdown."""
    heads = _heads(comparison)
    lines = [markdown_row(heads), "|---|" + "---:|" * (len(heads) - 1)]
    lines += [markdown_row(_cells(row)) for row in (*comparison.tasks, *comparison.groups)]
    lines.append(markdown_row([f"**{cell}**" for cell in _cells(comparison.overall)]))
    for note in comparison.notes:
        lines += ["", f"**{note}**" if note.startswith("NOT COMPARABLE") else note]
    lines += ["", markdown_row(["", comparison.first, comparison.second]), "|---|---:|---:|"]
    lines += [markdown_row([cost["name"], *cost["values"]]) for cost in comparison.costs]
    return "\n".join(lines) + "\n"
