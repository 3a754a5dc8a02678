"""What a teacher may spend and has spent."""

import pytest

from dataset_builder.common.errors import UsageError
from dataset_builder.llm.ledger import check_llm_options, cost_rows, teacher_name

CALLS = [("melt", 1_000, 5), ("boil", 10, 1), ("melt", 1_000, 5)]


def test_cost_per_group_with_a_sum() -> None:
    rows = cost_rows(CALLS, ["boil", "melt", "freeze"])
    assert [row["task"] for row in rows] == ["boil", "melt", "all"]
    assert rows[1] == {"task": "melt", "calls": "2", "tokens read": "2,000", "tokens written": "10"}
    assert rows[2] == {"task": "all", "calls": "3", "tokens read": "2,010", "tokens written": "11"}
    assert cost_rows([]) == []


def test_without_an_order_groups_come_as_they_are_called() -> None:
    assert [row["task"] for row in cost_rows(CALLS)] == ["melt", "boil", "all"]


def test_names_of_teachers_are_usable_as_file_names() -> None:
    assert teacher_name("gpt-5.1-mini") == "llm-gpt-5.1-mini"
    assert teacher_name("qwen3", "agent") == "llm-qwen3-agent"
    assert "/" not in teacher_name("Qwen/Qwen3")


@pytest.mark.parametrize("model", [None, "", " "])
def test_a_model_is_needed(model: str | None) -> None:
    with pytest.raises(UsageError, match="--model MODEL"):
        check_llm_options(model)
