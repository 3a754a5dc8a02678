"""Causal students: whole models, adapters and frozen layers, by the one `train`."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from dataset_builder.common.errors import UsageError
from dataset_builder.trajectories.agent_state import AgentState
from modeling.agents.loading import load_role_model
from modeling.checkpoints.publish import push_checkpoint
from modeling.inference.search import Search
from modeling.recipes.recipe import Recipe
from modeling.training.train import train

Base = Callable[[str], Path]
Stopped = Callable[[int], AbstractContextManager[None]]


@pytest.fixture(scope="module")
def whole(
    causal_base: Base, causal_recipe: Recipe, dataset: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    out = tmp_path_factory.mktemp("causal") / "executor"
    train("executor", causal_recipe, dataset, out, base=str(causal_base("llama")))
    return out


def _record(folder: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((folder / "training.json").read_text())
    return record


def test_the_output_is_a_plain_causal_checkpoint(whole: Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(whole)
    tokenizer = AutoTokenizer.from_pretrained(whole)
    assert (model.config.subgoal_role, model.config.state_text_version) == ("executor", "compact-2")
    assert (tokenizer.model_max_length, model.generation_config.max_new_tokens) == (400, 48)
    assert {path.name for path in whole.iterdir()} - {".lock"} == {
        "README.md",
        "chat_template.jinja",
        "config.json",
        "curve.png",
        "generation_config.json",
        "model.safetensors",
        "prompt.jinja",
        "subgoal.yaml",
        "tokenizer.json",
        "tokenizer_config.json",
        "training.json",
    }


def test_it_learns_and_records_as_every_training(whole: Path) -> None:
    record = _record(whole)
    losses = record["curve"]["validation_loss"]["value"]
    assert losses[-1] < losses[0] - 0.3
    assert record["metrics"]["validation_loss"] == pytest.approx(min(losses), abs=1e-4)
    assert 0 <= record["metrics"]["exact_match"] <= 1
    assert set(record["versions"]) == {"torch", "transformers", "datasets", "trl"}
    assert record["example"]["prompt"].endswith("<|im_start|>assistant\n")
    assert record["example"]["input"] in record["example"]["prompt"]


def test_the_card_runs(whole: Path, capsys: pytest.CaptureFixture[str]) -> None:
    card = (whole / "README.md").read_text()
    assert "A causal language model for [ScienceWorld]" in card
    code = card.split("```python\n")[1].partition("```")[0]
    exec(code.replace("NAMESPACE/scienceworld-executor", str(whole)), {})
    assert _record(whole)["example"]["answer"] in capsys.readouterr().out
    assert "AutoModelForCausalLM" in code


def test_a_stopped_training_goes_on_to_the_same_weights(
    whole: Path,
    causal_base: Base,
    causal_recipe: Recipe,
    dataset: Path,
    tmp_path: Path,
    stopped_after: Stopped,
) -> None:
    out, base = tmp_path / "out", str(causal_base("llama"))
    with stopped_after(8), pytest.raises(KeyboardInterrupt):
        train("executor", causal_recipe, dataset, out, base=base)
    said = StringIO()
    train("executor", causal_recipe, dataset, out, base=base, console=Console(file=said, width=200))
    assert "resuming from checkpoint-8" in said.getvalue()
    _assert_same_weights(out, whole, "model.safetensors")


def test_an_adapter_plays_without_a_description(
    causal_base: Base, causal_recipe: Recipe, dataset: Path, tmp_path: Path, states: Any
) -> None:
    out, base = tmp_path / "adapter", causal_base("qwen2")
    recipe = causal_recipe.with_values(
        lora={"rank": 4, "alpha": 8}, packing=True, max_steps=8, only_tasks=["find-plant", "find-animal"]
    )
    result = train("executor", recipe, dataset, out, base=str(base))
    names = {path.name for path in out.iterdir()}
    assert {"adapter_config.json", "adapter_model.safetensors", "subgoal.yaml"} <= names
    assert "model.safetensors" not in names
    assert result.parameters > 50_000  # of base and adapter
    assert json.loads((out / "adapter_config.json").read_text())["base_model_name_or_path"] == str(base)
    card = (out / "README.md").read_text()
    assert "A LoRA adapter of a causal language model" in card
    assert "library_name: peft" in card

    executor = load_role_model(str(out))
    assert (executor.role, executor.version) == ("executor", "compact-2")
    assert len(executor.describe()["held_out_tasks"]) == 28
    state: AgentState = next(states())
    (answer,) = executor.answer([state], Search())
    assert answer.written > 0
    with pytest.raises(UsageError, match=r"adapter of the local folder .*: name its base on the Hub"):
        push_checkpoint(out, "me/adapter")


def test_what_a_causal_training_cannot_start_from(
    causal_base: Base,
    causal_recipe: Recipe,
    checkpoints: dict[str, Path],
    dataset: Path,
    tmp_path: Path,
) -> None:
    base = str(causal_base("llama"))
    refused: list[tuple[dict[str, Any], str]] = [
        ({"base": None}, "fine-tunes a causal model: add --base"),
        ({"base": str(checkpoints["executor"])}, "is a seq2seq model"),
        ({"base": base, "source_length": 1000}, "1048 together, but .* takes 1024 tokens at most"),
        ({"base": base, "frozen_layers": 4}, "frozen_layers is 4, but the base has 4 layers"),
    ]
    for number, (changes, message) in enumerate(refused):
        with pytest.raises(UsageError, match=message):
            train("executor", causal_recipe.with_values(**changes), dataset, tmp_path / str(number))


def _assert_same_weights(first: Path, second: Path, name: str) -> None:
    ours, theirs = load_file(first / name), load_file(second / name)
    assert ours.keys() == theirs.keys()
    for key, value in ours.items():
        torch.testing.assert_close(value, theirs[key], rtol=1e-5, atol=1e-6)
