"""Seq2seq students: where they start, what their trainer reads, and what they save."""

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

from dataset_builder.common.errors import UsageError
from modeling.data.encoding import tokenize
from modeling.data.examples import RoleData, load_role
from modeling.recipes.recipe import Recipe
from modeling.training.clock import TrainingClock
from modeling.training.seq2seq import Seq2SeqStudent
from modeling.training.student import Examples, TrainingFlow
from modeling.training.trainer import RoleTrainer


@pytest.fixture(scope="module")
def data(dataset: Path) -> RoleData:
    return load_role("executor", str(dataset))


def make_trainer(student: Seq2SeqStudent, folder: Path, said: list[str]) -> RoleTrainer:
    """The trainer of a training that does not run."""
    train = student.data.train
    rows = tokenize(train, range(len(train)), student.fitter, student.recipe.target_length)
    flow = TrainingFlow(folder, "test", TrainingClock(None), None, None, said.append)
    return student.trainer(Examples(rows, rows, rows), flow)


def test_from_scratch_the_tokenizer_knows_the_corpus(data: RoleData, recipe: Recipe, tmp_path: Path) -> None:
    student = Seq2SeqStudent("executor", recipe, data, tmp_path)
    assert student.base is None
    assert student.whole is student.model
    assert student.model.config.vocab_size >= len(student.tokenizer)
    target = data.train["target"][0]
    (ids,) = student.fitter.encode_targets([target])
    assert student.fitter.decode([ids]) == [target]
    again = Seq2SeqStudent("executor", recipe, data, tmp_path / "again")
    weights = again.model.state_dict()
    assert all(torch.equal(tensor, weights[name]) for name, tensor in student.model.state_dict().items())


def test_a_base_brings_its_tokenizer_and_its_identity(
    checkpoints: dict[str, Path], data: RoleData, recipe: Recipe, tmp_path: Path
) -> None:
    base = checkpoints["flat"]
    student = Seq2SeqStudent("executor", recipe.with_values(base=str(base)), data, tmp_path)
    assert student.base is not None
    assert student.base["id"] == base.name
    assert student.tokenizer.get_vocab() == AutoTokenizer.from_pretrained(base).get_vocab()


def test_a_base_of_another_kind_is_refused(
    causal_base: object, data: RoleData, recipe: Recipe, tmp_path: Path
) -> None:
    folder = str(causal_base("llama"))  # type: ignore[operator]
    with pytest.raises(UsageError, match="is a causal model"):
        Seq2SeqStudent("executor", recipe.with_values(base=folder), data, tmp_path)


def test_validation_examples_are_not_augmented(data: RoleData, recipe: Recipe, tmp_path: Path) -> None:
    renamed = recipe.with_values(rename=0.9)
    student = Seq2SeqStudent("executor", renamed, data, tmp_path)
    said: list[str] = []
    trainer = make_trainer(student, tmp_path, said)
    assert said == []  # names were found
    train: Any = trainer.train_dataset
    held_out: Any = trainer.eval_dataset
    rows = [row["input_ids"] for row in held_out]
    assert [row["input_ids"] for row in held_out] == rows
    assert [row["input_ids"] for row in train] != rows


def test_what_is_saved_opens_with_plain_transformers(data: RoleData, recipe: Recipe, tmp_path: Path) -> None:
    student = Seq2SeqStudent("executor", recipe, data, tmp_path)
    rows = tokenize(data.train, range(len(data.train)), student.fitter, recipe.target_length)
    student.finish()
    student.save(rows)
    model = AutoModelForSeq2SeqLM.from_pretrained(tmp_path)
    assert (model.config.subgoal_role, model.config.state_text_version) == ("executor", "compact-2")
    assert model.config.grounding
    assert model.generation_config.max_new_tokens == recipe.target_length
    assert AutoTokenizer.from_pretrained(tmp_path).model_max_length == recipe.source_length
