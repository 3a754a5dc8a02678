"""Rows that a base answers badly come again more often."""

import math
from collections import Counter
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console
from transformers import DataCollatorForSeq2Seq

from dataset_builder.errors import UsageError
from modeling.agent import RoleModel
from modeling.augment import Names, VariedExamples, balanced_rows
from modeling.data import load_role
from modeling.hard import answer_losses, hard_rows, read_losses, write_losses
from modeling.recipe import Recipe
from modeling.train import train


def test_rows_come_again_in_proportion_to_their_loss() -> None:
    rows = [0, 1, 1, 2] * 500
    again = Counter(hard_rows(rows, {0: 2.0, 1: 0.5}, 0.5, seed=1))
    assert again.total() == 1000
    assert 2 not in again
    assert 600 <= again[0] <= 730  # 2.0 to 2 x 0.5
    assert hard_rows(rows, {0: 2.0}, 0.5, seed=1) == hard_rows(rows, {0: 2.0}, 0.5, seed=1)


def test_what_nobody_could_know_does_not_take_over() -> None:
    again = Counter(hard_rows([0, 1] * 500, {0: 50.0, 1: 3.0}, 1.0, seed=0))
    assert 400 <= again[0] <= 600


@pytest.mark.parametrize("losses", [{}, {0: 0.0}])
def test_nothing_hard_nothing_added(losses: dict[int, float]) -> None:
    assert hard_rows([0, 0], losses, 1.0, seed=0) == []


def test_losses_are_those_of_the_whole_answers(checkpoints: dict[str, Path]) -> None:
    model = RoleModel.from_pretrained(str(checkpoints["executor"]))
    tokenizer, network = model.fitter.tokenizer, model.checkpoint.model
    texts = [
        "task: boil water | goal: fetch(metal pot)",
        "task: find an animal | see: dove, orange | goal: focus_on(dove)",
    ]
    answers = ["pick up metal pot", "focus on dove"]
    inputs, labels = tokenizer(texts)["input_ids"], tokenizer(answers)["input_ids"]
    examples = VariedExamples(inputs, labels, Names(), 0.0, seed=0)
    network.train()
    collate = DataCollatorForSeq2Seq(tokenizer, model=network)
    found = answer_losses(network, examples, collate, 1, bf16=False)
    assert network.training
    network.eval()
    for ids, label, loss in zip(inputs, labels, found, strict=True):
        mean = network(input_ids=torch.tensor([ids]), labels=torch.tensor([label])).loss.item()
        assert math.isclose(loss, mean * len(label), rel_tol=1e-3)


def test_losses_are_kept_for_who_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "checkpoints" / "losses.json"
    assert read_losses(path) == {}
    assert write_losses(path, {3: 0.5, 1: 2.25}) == {3: 0.5, 1: 2.25} == read_losses(path)


def test_what_the_base_finds_hard_is_trained_on_more_and_no_base_is_refused(
    checkpoints: dict[str, Path], dataset: Path, recipe: Recipe, tmp_path: Path
) -> None:
    hard, said = recipe.with_values(hard=0.5, max_steps=2), StringIO()
    with pytest.raises(UsageError, match="needs weights to start from"):
        train("executor", hard, dataset, tmp_path / "out")
    base = str(checkpoints["executor"])
    train("executor", hard, dataset, tmp_path / "out", base=base, console=Console(file=said, width=200))
    rows = len(balanced_rows(load_role("executor", str(dataset)).train["task"], hard.balance))
    assert f"{rows + round(rows / 2)} examples" in said.getvalue()


def test_whoever_goes_on_draws_the_same_rows(
    checkpoints: dict[str, Path],
    dataset: Path,
    recipe: Recipe,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn: list[list[int]] = []

    def draw(*given: Any) -> list[int]:
        drawn.append(hard_rows(*given))
        return drawn[-1]

    def killed(*args: Any, **options: Any) -> None:
        raise KeyboardInterrupt

    def play() -> None:
        base = str(checkpoints["executor"])
        train("executor", recipe.with_values(hard=0.5, max_steps=2), dataset, tmp_path / "out", base=base)

    monkeypatch.setattr("modeling.train.hard_rows", draw)
    with monkeypatch.context() as patched:
        patched.setattr("modeling.trainer.RoleTrainer.train", killed)
        with pytest.raises(KeyboardInterrupt):
            play()
    monkeypatch.setattr("modeling.train.answer_losses", killed)  # they are not asked for again
    play()
    assert drawn[0] == drawn[1] != []
