"""What the configs of a trained model say: role, state text, lengths, held-out tasks, constraints."""

from dataclasses import replace
from pathlib import Path

import pytest

from modeling.data.encoding import tokenize
from modeling.data.examples import RoleData, load_role
from modeling.inference.grounding import Grounding
from modeling.recipes.recipe import Recipe
from modeling.training.seq2seq import Seq2SeqStudent
from modeling.training.student import ground, mark


@pytest.fixture
def student(dataset: Path, recipe: Recipe, tmp_path: Path) -> Seq2SeqStudent:
    return Seq2SeqStudent("flat", recipe, load_role("flat", str(dataset)), tmp_path)


def test_configs_say_how_the_model_is_used(student: Seq2SeqStudent, recipe: Recipe) -> None:
    student.data = replace(student.data, held_out_tasks=("boil", "melt"))
    student.model.config.use_cache = False  # as gradient checkpointing leaves it
    mark(student)
    config, generation = student.whole.config, student.whole.generation_config
    assert (config.subgoal_role, config.state_text_version) == ("flat", "compact-2")
    assert config.held_out_tasks == ["boil", "melt"]
    assert config.use_cache
    assert student.tokenizer.model_max_length == recipe.source_length
    assert generation is not None
    assert (generation.max_length, generation.max_new_tokens) == (None, recipe.target_length)


def test_constraints_are_learned_from_each_row_once(student: Seq2SeqStudent) -> None:
    data: RoleData = student.data
    once = tokenize(data.train, range(len(data.train)), student.fitter, student.recipe.target_length)
    rows = [*range(len(data.train))] * 3  # balancing repeats rows
    repeated = tokenize(data.train, rows, student.fitter, student.recipe.target_length)
    ground(student, once)
    learned = student.whole.config.grounding
    assert learned
    ground(student, repeated)
    assert student.whole.config.grounding == learned
    grounding = Grounding.of(student.whole, student.tokenizer)
    assert grounding is not None
    for ids, labels in zip(once.inputs, once.labels, strict=True):
        assert not list(grounding.violations(ids, labels))


def test_a_seq2seq_model_reads_the_state_text_itself(student: Seq2SeqStudent) -> None:
    assert student.prompt("task: boil") == {}
    assert student.libraries == ()
