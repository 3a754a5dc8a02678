"""The order of the batches of a training."""

from datasets import Dataset

from modeling.training.trainer import _MixedOrder


def test_batches_of_similar_length_come_in_random_order() -> None:
    lengths = list(range(64))
    examples = Dataset.from_dict({"input_ids": [[0] * length for length in lengths]})
    order = _MixedOrder(4, examples, seed=1)
    order.set_epoch(2)
    first, again = list(order), list(order)
    assert first == again
    assert sorted(first) == lengths
    batches = [first[start : start + 4] for start in range(0, 64, 4)]
    spread = [max(batch) - min(batch) for batch in batches]
    assert sum(spread) < 64 * len(batches) / 4  # of similar length
    means = [sum(batch) for batch in batches]
    assert means != sorted(means, reverse=True)
    order.set_epoch(3)
    assert list(order) != first
