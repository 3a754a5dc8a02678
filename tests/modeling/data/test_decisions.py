"""Decision steps of a split and their share of an epoch."""

from collections import Counter

from datasets import Dataset

from modeling.data.decisions import decision_rows, with_decision_share

TASK = "task: If it is hot, place it in the red box. If not, place it in the blue box. | room: kitchen"


def test_decision_rows_and_a_sample_of_them() -> None:
    targets = ["wait", "place(ice, red box)", "wait", *["place(ice, blue box)"] * 5]
    table = Dataset.from_dict(
        {"input": [TASK] * 8, "target": targets, "task": ["often"] * 2 + ["often"] * 5 + ["rare"]}
    )
    assert decision_rows(table) == [1, 3, 4, 5, 6, 7]
    assert decision_rows(table, at_most=2) == [1, 4, 7]


def test_decisions_get_their_share_alike_for_each_task() -> None:
    tasks = ["plain"] * 60 + ["often"] * 9 + ["rare"]
    decisions = range(60, 70)
    rows = with_decision_share(range(70), decisions, tasks, 0.25)
    counts = Counter(tasks[row] for row in rows)
    assert counts == {"plain": 60, "often": 10, "rare": 10}
    heavy = with_decision_share(range(70), decisions, tasks, 0.25, {"rare": 3})
    assert Counter(tasks[row] for row in heavy) == {"plain": 60, "often": 5, "rare": 15}
    assert with_decision_share(range(70), decisions, tasks, 0.0) == list(range(70))
    assert with_decision_share(range(70), [], tasks, 0.25) == list(range(70))
