"""Exchanging names in training examples."""

import pytest

from modeling.augment import RenamingExamples, balanced_rows, find_names
from modeling.tokenizer import train_tokenizer

PAIRS = [
    ("see: metal pot, water | goal: pick_up(metal pot)", "pick up metal pot"),
    ("see: glass cup, juice | goal: pick_up(glass cup)", "pick up glass cup"),
    ("see: orange, stove | goal: focus_on(orange)", "focus on orange"),
    ("see: stove | goal: wait_until(orange, hot)", "wait"),
    ("see: stove | goal: leave()", "teleport to kitchen"),
]
TOKENIZER = train_tokenizer([text for pair in PAIRS for text in pair] * 3)
INPUTS = TOKENIZER([text for text, _ in PAIRS])["input_ids"]
LABELS = TOKENIZER([text for _, text in PAIRS])["input_ids"]
NAMES = find_names(INPUTS, LABELS, TOKENIZER)


def _words(ids: list[int]) -> list[str]:
    return str(TOKENIZER.decode(ids, skip_special_tokens=True)).split()


def test_names_are_words_that_answers_take_from_their_inputs() -> None:
    names = {word.strip() for word in TOKENIZER.batch_decode([[token] for token in NAMES])}
    assert {"metal", "pot", "glass", "cup", "orange", "water", "juice", "stove"} <= names
    assert not {"teleport", "kitchen", "up", "on", "to", ":", "|"} & names


def test_names_change_in_input_and_answer_alike() -> None:
    examples = RenamingExamples(INPUTS, LABELS, NAMES, chance=0.9, seed=0)
    changed = 0
    for epoch in range(20):
        examples.epoch = epoch
        for index in range(len(examples)):
            found = examples[index]
            assert len(found["input_ids"]) == examples.lengths[index]
            new = dict(zip(INPUTS[index] + LABELS[index], found["input_ids"] + found["labels"], strict=True))
            # One name became one other, everywhere, and no two became the same.
            assert [new[token] for token in INPUTS[index]] == found["input_ids"]
            assert [new[token] for token in LABELS[index]] == found["labels"]
            assert len(set(new.values())) == len(new)
            moved = {token for token in new if new[token] != token}
            assert moved <= set(NAMES) & set(LABELS[index])
            changed += bool(moved)
    assert changed > 20
    assert _words(INPUTS[0])[1:3] == ["metal", "pot,"]  # the originals stay as they were


def test_draws_depend_on_seed_epoch_and_example_alone() -> None:
    one, two = (RenamingExamples(INPUTS, LABELS, NAMES, 0.5, seed=1) for _ in range(2))
    first = [one[index] for index in range(len(one))]
    assert [two[index] for index in reversed(range(len(two)))] == first[::-1]
    two.epoch = 1
    assert [two[index] for index in range(len(two))] != first


def test_without_a_chance_nothing_changes() -> None:
    examples = RenamingExamples(INPUTS, LABELS, NAMES, 0.0, seed=0)
    assert [examples[index]["input_ids"] for index in range(len(examples))] == INPUTS


@pytest.mark.parametrize(("balance", "shares"), [(0, (9, 1)), (0.5, (9, 3)), (1, (9, 9))])
def test_rare_tasks_are_repeated(balance: float, shares: tuple[int, int]) -> None:
    tasks = ["often"] * 9 + ["rare"]
    rows = balanced_rows(tasks, balance)
    assert (len([row for row in rows if row < 9]), rows.count(9)) == shares
    assert set(rows) == set(range(10))
    assert balanced_rows([], balance) == []
