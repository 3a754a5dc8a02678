"""Runs over questions as tables: shares of right answers by family with intervals, and paired differences."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import combinations_with_replacement, product
from typing import NamedTuple

from dataset_builder.common.errors import UsageError
from eval_harness.reports.score_table import interval_text, mean_text
from eval_harness.reports.table import NOT_COMPARABLE, ReportTable
from eval_harness.results.statistics import Bootstrap
from eval_harness.tool_agents.records import QuestionResult, ToolRun

_ALL = "all"
_GROUPS: tuple[tuple[str, Callable[[QuestionResult], bool]], ...] = (
    ("in domain", lambda result: result.in_domain),
    ("maths in domain", lambda result: result.in_domain and result.kind == "maths"),
    ("facts in domain", lambda result: result.in_domain and result.kind == "facts"),
    ("out of domain", lambda result: not result.in_domain),
    (_ALL, lambda result: True),
)


class Column(NamedTuple):
    """A model in a table.

    Attributes:
        name: head of the column.
        runs: its runs; those of several trainings answer the same questions, those of one training others.

    Example:

    ```python
    agent = column([read_run("runs/agent-0"), read_run("runs/agent-1")], "agent")
    print(tool_report([agent, column([read_run("runs/cot")])]).markdown())
    ```
    """

    name: str
    runs: Sequence[ToolRun]


def column(runs: Sequence[ToolRun], name: str = "") -> Column:
    """The column of some runs, by default named after their model and how it answered.

    Args:
        runs (`Sequence[ToolRun]`): at least one.
        name (`str`, *optional*): head of the column.
    """
    name = name or runs[0].name
    trainings = len({json.dumps(run.settings["model"], sort_keys=True) for run in runs})
    return Column(name if trainings == 1 else f"{name}, {trainings} trainings", runs)


def tool_report(columns: Sequence[Column]) -> ReportTable:
    """A column for each model: the percentage of right answers, by family and over groups of families.

    Intervals are 95% bootstrap intervals over questions, drawn within families; runs of one column (trainings
    with other seeds) count as repeated answers to the same questions.

    Args:
        columns (`Sequence[Column]`): models with their runs.

    Raises:
        UsageError: if there are no answers.
    """
    groups = [listed.runs for listed in columns]
    runs = [run for group in groups for run in group]
    families = list(dict.fromkeys(result.family for run in runs for result in run.results.values()))
    if not families:
        raise UsageError("None of the runs holds an answer.")
    by_family = []
    for family in families:
        values = [_values(group, lambda result, family=family: result.family == family) for group in groups]  # type: ignore[misc]
        by_family.append([family, str(_count(values)), *map(_cell, values)])
    totals = []
    for name, belongs in _GROUPS:
        values = [_values(group, belongs) for group in groups]
        if any(values) and (name != _ALL or _same_questions(groups)):
            totals.append([name, str(_count(values)), *(_cell(cell, interval=True) for cell in values)])
    details = [
        ["steps a question", "", *(_mean(group, lambda result: len(result.steps)) for group in groups)],
        ["tokens read a question", "", *(_mean(group, lambda result: result.read) for group in groups)],
        ["tokens written a question", "", *(_mean(group, lambda result: result.written) for group in groups)],
        ["without code, % of answers", "", *(_faults(group, "unparsed") for group in groups)],
        ["code failed, % of answers", "", *(_faults(group, "failed") for group in groups)],
        ["CPU seconds a question", "", *(_cpu(group) for group in groups)],
    ]
    return ReportTable(
        ["% right", "questions", *_heads(columns)], [by_family, totals, details], notes=_notes(groups)
    )


def paired_report(first: Column, second: Column) -> ReportTable:
    """The second model's percentage of right answers minus the first's, on the questions that both answered.

    Args:
        first, second (`Column`): the models with their runs.

    Raises:
        UsageError: if they have no question in common.
    """
    rows = []
    for name, belongs in _GROUPS:
        one, two = _values(first.runs, belongs), _values(second.runs, belongs)
        differences = {
            family: [
                [_average(two[family][key]) - _average(one[family][key])]
                for key in one[family]
                if key in two[family]
            ]
            for family in one
            if family in two
        }
        count = sum(map(len, differences.values()))
        if count:
            estimate = Bootstrap(differences).pooled()
            assert estimate is not None
            rows.append([name, str(count), f"{estimate.mean:+.1f}", interval_text(estimate, sign="+")])
    if not rows:
        raise UsageError("The runs have no question in common.")
    one_head, two_head = _heads([first, second])
    title = f"{two_head} minus {one_head}"
    return ReportTable(["difference in points", "questions", "mean", "95% interval"], [rows], title=title)


def _heads(columns: Sequence[Column]) -> list[str]:
    """The names of the columns; equal ones are told apart by the folders of their runs."""
    often = Counter(listed.name for listed in columns)
    return [
        listed.name if often[listed.name] == 1 else f"{listed.name}, {listed.runs[0].folder.name}"
        for listed in columns
    ]


_Values = dict[str, dict[str, list[float]]]
"""Family → question → 100 or 0 for each run."""


def _values(group: Sequence[ToolRun], belongs: Callable[[QuestionResult], bool]) -> _Values:
    values: _Values = {}
    for run in group:
        for result in run.results.values():
            if belongs(result):
                values.setdefault(result.family, {}).setdefault(result.id, []).append(100.0 * result.right)
    return values


def _count(columns: Sequence[_Values]) -> int:
    return max(sum(map(len, values.values())) for values in columns)


def _cell(values: _Values, interval: bool = False) -> str:
    if not values:
        return "-"
    estimate = Bootstrap({family: list(questions.values()) for family, questions in values.items()}).pooled()
    assert estimate is not None
    if not interval:
        return mean_text(estimate.mean)
    return f"{estimate.mean:.1f} ({interval_text(estimate)})"


def _mean(group: Sequence[ToolRun], measure: Callable[[QuestionResult], int]) -> str:
    values = [measure(result) for run in group for result in run.results.values()]
    return f"{_average(values):.1f}" if values else "-"


def _faults(group: Sequence[ToolRun], name: str) -> str:
    steps = [step for run in group for result in run.results.values() for step in result.steps]
    candidates = sum(step.candidates for step in steps)
    return f"{100 * sum(getattr(step, name) for step in steps) / candidates:.1f}" if candidates else "-"


def _cpu(group: Sequence[ToolRun]) -> str:
    answered = sum(len(run.results) for run in group)
    return f"{sum(run.cpu_seconds for run in group) / answered:.1f}" if answered else "-"


def _same_questions(groups: Sequence[Sequence[ToolRun]]) -> bool:
    """Whether all columns were asked the same questions, so that their scores on all can be compared."""
    return len({frozenset(_expected(group)) for group in groups}) == 1


def _comparable(one: Sequence[ToolRun], two: Sequence[ToolRun]) -> bool:
    """Whether two columns were asked the same questions of each family that both were asked about."""
    if any(
        first.settings["questions"] != second.settings["questions"]
        for first, second in product(one, two)
        if set(first.expected) == set(second.expected)
    ):
        return False
    common = _families(one).keys() & _families(two).keys()
    return all(
        _families(first)[family] <= _expected(second)
        for first, second in ((one, two), (two, one))
        for family in common
    )


def _expected(group: Sequence[ToolRun]) -> set[str]:
    return {name for run in group for name in run.expected}


def _families(group: Sequence[ToolRun]) -> dict[str, set[str]]:
    """Family → answered questions."""
    answered: dict[str, set[str]] = {}
    for run in group:
        for result in run.results.values():
            answered.setdefault(result.family, set()).add(result.id)
    return answered


def _notes(groups: Sequence[Sequence[ToolRun]]) -> list[str]:
    runs = [run for group in groups for run in group]
    notes = []
    if not all(_comparable(one, two) for one, two in combinations_with_replacement(groups, 2)):
        notes.append(f"{NOT_COMPARABLE}, the runs answered different questions.")
    if len({run.settings.get("judge") for run in runs}) > 1:
        notes.append(f"{NOT_COMPARABLE}, the runs were scored by different judges, or not all by one.")
    notes += [
        f"{run.name}: {len(run.results)} of {len(run.expected)} questions answered."
        for run in runs
        if not run.complete
    ]
    notes.append("Intervals: 95%, bootstrap over questions within families.")
    return notes


def _average(values: Sequence[float]) -> float:
    return sum(values) / len(values)
