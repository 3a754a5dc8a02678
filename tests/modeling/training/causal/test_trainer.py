"""The loss of causal models: that of the answers' tokens, whether or not examples are packed."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch

from modeling.data.encoding import tokenize
from modeling.data.examples import load_role
from modeling.recipes.recipe import Recipe
from modeling.training.causal.student import CausalStudent
from modeling.training.causal.trainer import CausalRoleTrainer
from modeling.training.clock import TrainingClock
from modeling.training.student import Examples, TrainingFlow

Base = Callable[[str], Path]


def _trainer(
    recipe: Recipe, causal_base: Base, dataset: Path, folder: Path
) -> tuple[CausalRoleTrainer, CausalStudent]:
    """The trainer of a training that does not run."""
    recipe = recipe.with_values(base=str(causal_base("llama")))
    data = load_role("executor", str(dataset))
    student = CausalStudent("executor", recipe, data, folder)
    rows = tokenize(data.train, range(len(data.train)), student.fitter, recipe.target_length)
    flow = TrainingFlow(folder, "test", TrainingClock(None), None, None, print)
    trainer = student.trainer(Examples(rows, rows, rows), flow)
    assert isinstance(trainer, CausalRoleTrainer)
    return trainer, student


@pytest.mark.parametrize("packing", [False, True])
def test_only_tokens_of_the_answer_count(
    packing: bool, causal_base: Base, causal_recipe: Recipe, dataset: Path, tmp_path: Path
) -> None:
    trainer, student = _trainer(causal_recipe.with_values(packing=packing), causal_base, dataset, tmp_path)
    tokenizer = student.tokenizer
    batch = next(iter(trainer.get_train_dataloader()))
    ids, labels = batch["input_ids"], batch["labels"]
    kept = labels != -100
    assert torch.equal(labels[kept], ids[kept])
    targets = set(student.data.train["target"])
    answers = str(tokenizer.decode(ids[kept])).split("<|im_end|>")
    assert answers.pop() == ""
    assert answers
    assert set(answers) <= targets
    # What the loss ignores is all the rest: prompts and padding.
    assert "assistant" in tokenizer.decode(ids[0][~kept[0]])


def test_a_packed_batch_has_the_loss_of_its_examples(
    causal_base: Base, causal_recipe: Recipe, dataset: Path, tmp_path: Path
) -> None:
    trainer, _ = _trainer(causal_recipe.with_values(packing=True), causal_base, dataset, tmp_path)
    batch = next(iter(trainer.get_train_dataloader()))
    assert "seq_lengths" not in batch
    model: Any = trainer.model
    with torch.no_grad():
        packed = trainer.compute_loss(trainer.model, dict(batch))
        starts = (batch["position_ids"][0] == 0).nonzero().flatten().tolist()
        lengths = [end - start for start, end in pairwise([*starts, batch["input_ids"].shape[1]])]
        assert len(lengths) > 4  # more examples than sequences
        total, count = torch.tensor(0.0), 0
        for ids, labels in zip(
            batch["input_ids"][0].split(lengths), batch["labels"][0].split(lengths), strict=True
        ):
            answered = int((labels != -100).sum())
            loss = model(input_ids=ids[None], labels=labels[None]).loss
            total, count = total + answered * loss, count + answered
    assert float(packed) == pytest.approx(float(total / count), rel=1e-4)


def test_the_loss_on_a_cpu_is_that_of_trl(
    causal_base: Base,
    causal_recipe: Recipe,
    dataset: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trainer, _ = _trainer(causal_recipe, causal_base, dataset, tmp_path)
    batch = next(iter(trainer.get_train_dataloader()))
    with torch.no_grad():
        ours = trainer.compute_loss(trainer.model, dict(batch))
        monkeypatch.setattr("modeling.training.causal.trainer.world_size", lambda: 2)
        theirs = trainer.compute_loss(trainer.model, dict(batch))
    assert float(ours) == pytest.approx(float(theirs), rel=1e-5)
