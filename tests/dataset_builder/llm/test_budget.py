"""Token budgets."""

import threading

import pytest

from dataset_builder.llm.budget import ANSWER_TOKENS, Budget, BudgetSpent, estimate_tokens


def _known(limit: int, spent: int = 0, longest: int = ANSWER_TOKENS) -> Budget:
    """A budget that has seen an answer."""
    budget = Budget(limit + longest)
    budget.add("annotation", spent, longest)
    return budget


def test_a_budget_counts_calls_under_way() -> None:
    budget = _known(1100, spent=20)
    with budget.call("annotation", 50):
        line = r"520 of 1,600 tokens are spent .*about 540.*--budget-tokens"
        with pytest.raises(BudgetSpent, match=line), budget.call("annotation", 40):
            pass
        budget.add("annotation", 8, 2)
    with budget.call("annotation", 570):
        pass
    assert (budget.spent, budget.excess) == (530, 0)


def test_an_answer_is_taken_to_be_as_long_as_the_longest_so_far() -> None:
    budget = _known(6000, longest=4000)
    budget.add("annotation", 0, 10)
    with budget.call("annotation", 1000), pytest.raises(BudgetSpent), budget.call("annotation", 0):
        pass
    with budget.call("thought", 5000):
        pass
    budget.add("annotation", 0, 9000)
    assert budget.excess == 3010


def test_calls_wait_for_each_other_until_an_answers_length_is_known() -> None:
    budget = Budget(10_000)
    second = threading.Event()

    def call() -> None:
        with budget.call("annotation", 10):
            second.set()

    thread = threading.Thread(target=call)
    with budget.call("annotation", 10):
        thread.start()
        assert not second.wait(0.2)
    # The call failed, so nothing is known of a length, but others go on.
    assert second.wait(20)
    thread.join(20)
    budget.add("annotation", 10, 10)
    with budget.call("annotation", 10), budget.call("annotation", 10):
        assert budget.excess == 0


def test_a_failed_call_releases_its_reservation() -> None:
    budget = Budget(600)
    with pytest.raises(RuntimeError), budget.call("annotation", 90):
        raise RuntimeError
    with budget.call("annotation", 100):
        assert budget.spent == 0


def test_without_a_limit_everything_goes() -> None:
    budget = Budget()
    with budget.call("annotation", 10**12), budget.call("annotation", 10**12):
        assert budget.excess == 0


def test_tokens_are_estimated_by_length() -> None:
    assert [estimate_tokens(text) for text in ("", "abc", "abcde")] == [0, 1, 2]
