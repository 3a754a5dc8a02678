"""What of a causal model is trained: all of it, upper layers, LoRA."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dataset_builder.common.errors import UsageError
from modeling.checkpoints.load import Checkpoint, load_checkpoint
from modeling.recipes.recipe import LoraRecipe, Recipe
from modeling.training.causal.model import causal_parts
from tests.modeling.tiny_models import save_tiny

RECIPE = Recipe(name="tiny", kind="causal", base="ns/base", cache_gb=0)
LORA = LoraRecipe(rank=2, alpha=4)

Load = Callable[[], Checkpoint]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of two layers."""
    return save_tiny("llama", tmp_path_factory.mktemp("base"))


@pytest.fixture
def checkpoint(folder: Path) -> Checkpoint:
    return load_checkpoint(str(folder))


def _trained(model: Any) -> set[str]:
    """Layers with trainable weights; other weights by their names."""
    names = [name for name, weights in model.named_parameters() if weights.requires_grad]
    return {f"layer {name.split('layers.')[1][0]}" if ".layers." in name else name for name in names}


def test_without_further_settings_the_whole_model_is_trained(checkpoint: Checkpoint) -> None:
    parts = causal_parts(checkpoint, RECIPE)
    assert parts.whole is parts.trained is checkpoint.model
    assert parts.lower is None
    assert {"layer 0", "layer 1", "model.embed_tokens.weight"} <= _trained(parts.whole)


def test_frozen_layers_are_not_trained_and_their_outputs_may_be_cached(folder: Path) -> None:
    frozen = RECIPE.with_values(frozen_layers=1)
    parts = causal_parts(load_checkpoint(str(folder)), frozen)
    assert parts.trained is parts.whole
    assert _trained(parts.whole) == {"layer 1", "model.norm.weight", "lm_head.weight"}
    cached = causal_parts(load_checkpoint(str(folder)), frozen.with_values(cache_gb=1.0))
    assert cached.lower is not None
    assert cached.trained is not cached.whole
    assert (len(_layers(cached.lower)), len(_layers(cached.trained))) == (1, 1)
    # The part that is optimized is a part of what is saved.
    assert _layers(cached.trained)[0] is _layers(cached.whole)[1]


def test_lora_in_the_upper_layers_is_shared_by_the_trained_part(checkpoint: Checkpoint) -> None:
    recipe = RECIPE.with_values(frozen_layers=1, cache_gb=1.0, lora=LORA.model_dump())
    parts = causal_parts(checkpoint, recipe)
    names = [name for name, weights in parts.whole.named_parameters() if weights.requires_grad]
    assert names
    assert all("lora_" in name and ".layers.1." in name for name in names)
    of_part = [weights for weights in parts.trained.parameters() if weights.requires_grad]
    assert len(of_part) == len(names)


def test_an_adapter_names_its_base_so_that_it_is_found_again(
    checkpoint: Checkpoint, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder.parent)
    recipe = RECIPE.with_values(lora=LORA.model_dump())
    assert _base_of(causal_parts(replace(checkpoint, id=folder.name), recipe).whole) == (str(folder), None)


def test_an_adapter_of_a_model_of_the_hub_names_its_commit(checkpoint: Checkpoint) -> None:
    on_hub = replace(checkpoint, id="ns/base", revision="abc123")
    parts = causal_parts(on_hub, RECIPE.with_values(lora=LORA.model_dump()))
    assert _base_of(parts.whole) == ("ns/base", "abc123")


def test_more_frozen_layers_than_there_are_is_one_line(checkpoint: Checkpoint) -> None:
    with pytest.raises(UsageError, match="frozen_layers is 2, but the base has 2 layers: freeze fewer"):
        causal_parts(checkpoint, RECIPE.with_values(frozen_layers=2))


def _layers(model: Any) -> Any:
    return model.model.layers


def _base_of(model: Any) -> tuple[str, str | None]:
    (config,) = model.peft_config.values()
    return config.base_model_name_or_path, config.revision
