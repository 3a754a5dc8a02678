"""Frozen lower layers: cached or not, the trained weights are the same."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, GPT2Config, GPT2LMHeadModel

from dataset_builder.common.errors import UsageError
from modeling.recipes.recipe import Recipe
from modeling.training.causal.frozen_layers import HiddenStatesCollator, LowerOutputs, freeze_lower, split
from modeling.training.train import train

Base = Callable[[str], Path]
IDS = [[5, 6, 7, 8], [9, 10], [5, 6, 7, 8]]


@pytest.mark.parametrize("family", ["llama", "qwen2"])
def test_both_parts_together_are_the_model(family: str, causal_base: Base) -> None:
    model = AutoModelForCausalLM.from_pretrained(causal_base(family)).eval()
    freeze_lower(model, 3)
    lower, upper = split(model, 3)
    ids = torch.tensor(IDS[:1])
    with torch.no_grad():
        hidden = lower.model(input_ids=ids).last_hidden_state
        logits = upper(inputs_embeds=hidden).logits
        torch.testing.assert_close(logits, model(input_ids=ids).logits)
    trained = {name for name, weights in model.named_parameters() if weights.requires_grad}
    head = set() if family == "llama" else {"lm_head.weight"}  # tied to the frozen embeddings in Llama
    assert {name for name in trained if "layers.3." not in name} == {"model.norm.weight"} | head
    # The parts share the weights, so training one trains the model.
    assert upper.model.layers[0] is model.model.layers[3]


def test_the_cache_is_bounded_and_its_outputs_are_those_of_the_layers(
    causal_base: Base, tmp_path: Path
) -> None:
    model = AutoModelForCausalLM.from_pretrained(causal_base("llama")).eval()
    lower, _ = split(model, 2)
    room_for_four_tokens = 4 * 4 * model.config.hidden_size / 1e9
    outputs = LowerOutputs(lower, tmp_path / "lower.bin", room_for_four_tokens)
    first = outputs(IDS)
    assert outputs.cached == 4  # the second sequence does not fit, the third is the first
    again = outputs(IDS)
    for one, other, ids in zip(first, again, IDS, strict=True):
        assert one.shape == (len(ids), model.config.hidden_size)
        torch.testing.assert_close(one, other, rtol=0, atol=0)
    assert (tmp_path / "lower.bin").stat().st_size == 4 * 4 * model.config.hidden_size

    def collate(rows: list[dict[str, list[int]]]) -> dict[str, torch.Tensor]:
        return {
            "input_ids": torch.tensor([row["input_ids"] + [0] * (4 - len(row["input_ids"])) for row in rows])
        }

    batch = HiddenStatesCollator(collate, outputs)([{"input_ids": ids} for ids in IDS[:2]])
    assert set(batch) == {"inputs_embeds"}
    torch.testing.assert_close(batch["inputs_embeds"][1, :2], first[1])
    assert not batch["inputs_embeds"][1, 2:].any()


def test_training_with_and_without_the_cache_gives_the_same_weights(
    causal_base: Base,
    causal_recipe: Recipe,
    dataset: Path,
    tmp_path: Path,
    stopped_after: Callable[[int], AbstractContextManager[None]],
) -> None:
    base = causal_base("llama")
    recipe = causal_recipe.with_values(base=str(base), frozen_layers=3, max_steps=6, evaluate_every=3)
    with stopped_after(3), pytest.raises(KeyboardInterrupt):  # and resuming changes nothing
        train("executor", recipe.with_values(cache_gb=1.0), dataset, tmp_path / "cached")
    losses = []
    for name, room in (("cached", 1.0), ("not-cached", 0.0)):
        result = train("executor", recipe.with_values(cache_gb=room), dataset, tmp_path / name)
        losses.append(result.curve["validation_loss"]["value"])
        assert not (tmp_path / name / "checkpoints").exists()
    assert losses[0] == pytest.approx(losses[1], abs=1e-4)
    before, cached, other = (
        load_file(folder / "model.safetensors")
        for folder in (base, tmp_path / "cached", tmp_path / "not-cached")
    )
    assert before.keys() == cached.keys() == other.keys()
    for key, value in cached.items():
        torch.testing.assert_close(value, other[key], rtol=1e-4, atol=1e-5)
    changed = {key for key in before if not torch.equal(before[key], cached[key])}
    assert changed == {key for key in before if "layers.3." in key or key == "model.norm.weight"}


def test_lora_in_the_upper_layers_is_the_same_with_and_without_the_cache(
    causal_base: Base, causal_recipe: Recipe, dataset: Path, tmp_path: Path
) -> None:
    recipe = causal_recipe.with_values(
        base=str(causal_base("llama")),
        frozen_layers=3,
        lora={"rank": 4, "alpha": 8},
        max_steps=4,
        evaluate_every=2,
    )
    adapters = []
    for name, room in (("cached", 1.0), ("not-cached", 0.0)):
        train("executor", recipe.with_values(cache_gb=room), dataset, tmp_path / name)
        adapters.append(load_file(tmp_path / name / "adapter_model.safetensors"))
    assert adapters[0].keys() == adapters[1].keys()
    assert {key.partition("layers.")[2][0] for key in adapters[0]} == {"3"}
    for key, value in adapters[0].items():
        assert value.abs().sum() > 0, key
        torch.testing.assert_close(value, adapters[1][key], rtol=1e-4, atol=1e-5)


def test_a_model_of_another_build_is_refused() -> None:
    model = GPT2LMHeadModel(GPT2Config(vocab_size=300, n_embd=16, n_layer=2, n_head=2))
    with pytest.raises(UsageError, match=r"built like Llama .*the base is a gpt2: set frozen_layers: 0"):
        freeze_lower(model, 1)
