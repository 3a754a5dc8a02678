"""Tables of runs over questions."""

from pathlib import Path

import pytest

from dataset_builder.common.errors import UsageError
from eval_harness.tool_agents.playing import PlaySettings
from eval_harness.tool_agents.records import ToolRun
from eval_harness.tool_agents.report import column, paired_report, tool_report
from eval_harness.tool_agents.run import run_questions
from tests.eval_harness.tool_agents.conftest import Scripted, question

QUESTIONS = [
    question(str(number), f"What is {number} + 1?", str(number + 1), family=("sums", "more")[number % 2])
    for number in range(6)
]


def _run(out: Path, always: str | None = None, ids: str = "012345", training: str = "0") -> ToolRun:
    """A run with right answers, or always the same one."""
    asked = [item for item in QUESTIONS if item.id in ids]
    script = Scripted(
        lambda messages: [f"The answer is {always or int(messages[1]['content'].split()[2]) + 1}."]
    )
    script.id = f"seed-{training}/scripted"
    return run_questions(out, asked, script, PlaySettings("cot", batch_size=2))


def test_reports_compare_columns_on_the_same_questions(tmp_path: Path) -> None:
    right, wrong = _run(tmp_path / "right"), _run(tmp_path / "wrong", always="3", training="1")
    table = tool_report([column([wrong]), column([right]), column([right, wrong])])
    rows = {row[0]: list(row[1:]) for block in table.blocks for row in block}
    assert rows["sums"] == ["3", "33.3", "100.0", "66.7"]
    assert rows["more"] == ["3", "0.0", "100.0", "50.0"]
    assert rows["all"][0] == "6"
    assert rows["all"][2] == "100.0 (100.0 to 100.0)"
    assert "out of domain" not in rows
    assert table.heads[-1] == "scripted (cot), 2 trainings"
    compared = paired_report(column([wrong]), column([right]))
    differences = {row[0]: row[1:] for block in compared.blocks for row in block}
    assert differences["all"][:2] == ["6", "+83.3"]


def test_columns_are_named_and_equal_names_are_told_apart(tmp_path: Path) -> None:
    one, two = _run(tmp_path / "one"), _run(tmp_path / "two")
    assert list(tool_report([column([one]), column([two])]).heads[2:]) == [
        "scripted (cot), one",
        "scripted (cot), two",
    ]
    assert list(tool_report([column([one], "A"), column([two], "B")]).heads[2:]) == ["A", "B"]
    assert paired_report(column([one], "A"), column([two], "B")).title == "B minus A"


def test_runs_over_other_questions_are_not_comparable(tmp_path: Path) -> None:
    some, others = _run(tmp_path / "some", ids="01"), _run(tmp_path / "others", ids="23")
    assert tool_report([column([some]), column([others])]).notes[0].startswith("NOT COMPARABLE")
    with pytest.raises(UsageError, match="no question in common"):
        paired_report(column([some]), column([others]))


def test_a_column_may_have_questions_that_others_were_not_asked(tmp_path: Path) -> None:
    sums, more = _run(tmp_path / "sums", ids="024"), _run(tmp_path / "more", ids="135")
    again = _run(tmp_path / "again", ids="024")
    table = tool_report([column([sums, more]), column([again])])
    assert not any(note.startswith("NOT COMPARABLE") for note in table.notes)
    assert list(table.heads[2:]) == ["scripted (cot), sums", "scripted (cot), again"]
    rows = {row[0]: list(row[1:]) for block in table.blocks for row in block}
    assert rows["more"] == ["3", "100.0", "-"]
    assert "all" not in rows
    assert "all" in {row[0] for block in tool_report([column([sums, more])]).blocks for row in block}
