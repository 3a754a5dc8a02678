"""Budget and cost table."""

import pytest

from dataset_builder.teacher.cost import Budget, BudgetSpent, cost_rows, estimate_tokens


def test_a_budget_counts_calls_under_way() -> None:
    budget = Budget(100, spent=20)
    with budget.call(50):
        line = r"20 of 100 tokens are spent .*about 40.*--budget-tokens"
        with pytest.raises(BudgetSpent, match=line), budget.call(40):
            pass
        budget.add(10)
    with budget.call(70):
        pass
    assert budget.spent == 30


def test_a_failed_call_gives_back_what_was_held() -> None:
    budget = Budget(100)
    with pytest.raises(RuntimeError), budget.call(90):
        raise RuntimeError
    with budget.call(100):
        assert budget.spent == 0


def test_without_a_limit_everything_goes() -> None:
    with Budget().call(10**12):
        pass


def test_cost_per_task_in_the_tables_order() -> None:
    rows = cost_rows([("melt", 1_000, 5), ("boil", 10, 1), ("melt", 1_000, 5)])
    assert [row["task"] for row in rows] == ["boil", "melt", "all"]
    assert rows[1] == {"task": "melt", "calls": "2", "tokens read": "2,000", "tokens written": "10"}
    assert rows[2] == {"task": "all", "calls": "3", "tokens read": "2,010", "tokens written": "11"}
    assert cost_rows([]) == []


def test_tokens_are_estimated_by_length() -> None:
    assert [estimate_tokens(text) for text in ("", "abc", "abcde")] == [0, 1, 2]
