"""LoRA: small matrices are trained, plain weights are saved."""

import builtins
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console
from transformers import AutoModelForSeq2SeqLM, PreTrainedModel

from dataset_builder.common.errors import UsageError
from modeling.agents.local_model import LocalModel
from modeling.data.tokenizer import train_tokenizer
from modeling.recipes.recipe import Recipe
from modeling.training.model_init import build_model, merge_lora
from modeling.training.train import train

STEPS = 8


@pytest.fixture
def lora(recipe: Recipe) -> Recipe:
    return recipe.with_values(lora={"rank": 4, "alpha": 8}, max_steps=STEPS, evaluate_every=4)


def test_a_killed_lora_training_resumes_and_saves_merged_weights(
    checkpoints: dict[str, Path],
    dataset: Path,
    lora: Recipe,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    base, out = checkpoints["executor"], tmp_path / "out"
    with monkeypatch.context() as broken:
        broken.setattr("modeling.training.seq2seq.merge_lora", lambda model: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            train("executor", lora, dataset, out, base=str(base))
    said = StringIO()
    result = train("executor", lora, dataset, out, base=str(base), console=Console(file=said, width=300))

    assert f"resuming from checkpoint-{STEPS}" in said.getvalue()
    assert "M of them trainable)" in said.getvalue()
    assert {path.name for path in out.iterdir()} == {path.name for path in base.iterdir()}
    importing = builtins.__import__

    def without_peft(name: str, *arguments: Any, **options: Any) -> Any:
        if name.partition(".")[0] == "peft":
            raise ImportError(name)
        return importing(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without_peft)
    before = AutoModelForSeq2SeqLM.from_pretrained(base).state_dict()
    after = AutoModelForSeq2SeqLM.from_pretrained(out).state_dict()
    assert LocalModel.from_pretrained(str(out)).role == "executor"
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert before.keys() == after.keys()
    assert changed
    assert {name.split(".")[-2] for name in changed} <= {"q", "k", "v", "o", "wi", "wo"}
    assert result.parameters == AutoModelForSeq2SeqLM.from_pretrained(out).num_parameters()


def test_memory_can_be_saved_with_frozen_weights(
    checkpoints: dict[str, Path],
    dataset: Path,
    lora: Recipe,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recomputed: list[torch.nn.Module] = []

    def merge(model: PreTrainedModel) -> PreTrainedModel:
        recomputed.extend(
            module for module in model.modules() if getattr(module, "gradient_checkpointing", False)
        )
        return merge_lora(model)

    monkeypatch.setattr("modeling.training.seq2seq.merge_lora", merge)
    thrifty = lora.with_values(gradient_checkpointing=True, accumulation=2, precision="bf16", max_steps=2)
    result = train("flat", thrifty, dataset, tmp_path / "out", base=str(checkpoints["flat"]))
    assert result.steps == 2
    assert result.metrics["validation_loss"] is not None
    assert recomputed


def test_lora_needs_weights_to_start_from(dataset: Path, lora: Recipe, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="needs weights to start from: add --base"):
        train("executor", lora, dataset, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_first_weights_can_copy(recipe: Recipe) -> None:
    """After `b`, the untrained model votes for the word that follows `b` in its input."""
    words = [f"{first}{second}" for first in "bdfgklmnprst" for second in ("axo", "emu", "iko", "olu")]
    tokenizer = train_tokenizer(words * 3, vocab_size=600)
    architecture = recipe.architecture.model_copy(update={"d_model": 128, "heads": 4})
    ranks = {}
    for initialisation in ("copying", "plain"):
        chosen = architecture.model_copy(update={"initialisation": initialisation})
        model = build_model(chosen, tokenizer, seed=0).eval()
        found = []
        for index in range(0, len(words) - 1, 2):
            source = tokenizer(" ".join(words), return_tensors="pt")
            word, following = tokenizer(f"{words[index]} {words[index + 1]}")["input_ids"][:2]
            with torch.inference_mode():
                logits = model(**source, decoder_input_ids=torch.tensor([[0, word]])).logits[0, -1]
            found.append(int((logits > logits[following]).sum()))
        ranks[initialisation] = sorted(found)[len(found) // 2]
    assert ranks["copying"] < 10 < ranks["plain"]


@pytest.mark.parametrize("seed", [0, 1])
def test_first_weights_follow_the_seed(recipe: Recipe, seed: int) -> None:
    tokenizer = train_tokenizer(["a b c"], vocab_size=300)
    one, two = (build_model(recipe.architecture, tokenizer, seed).state_dict() for _ in range(2))
    other = build_model(recipe.architecture, tokenizer, seed + 1).state_dict()
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert not all(torch.equal(one[name], other[name]) for name in one)
