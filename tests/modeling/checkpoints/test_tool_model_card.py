"""The model card of an agent with tools, or of a baseline."""

from typing import Any

import pytest
from huggingface_hub import ModelCard

from modeling.checkpoints.tool_model_card import tool_model_card, tool_placeholder
from modeling.checkpoints.training_record import TrainingResult
from modeling.recipes.recipe import Recipe

BASE = {"id": "ns/base", "revision": "0123456789abcdef0123456789", "weights": "sha256:base"}


def tool_result(role: str = "agent", **changes: Any) -> TrainingResult:
    """The record of a training on conversations."""
    recipe = Recipe(name="tiny", purpose="tools", kind="causal", base="ns/base", batch_size=4, accumulation=2)
    values: dict[str, Any] = {
        "role": role,
        "recipe": recipe.model_dump(mode="json"),
        "dataset": {
            "source": "ns/dialogues",
            "revision": "abc",
            "fingerprint": "sha256:0123456789abcdef",
            "train": 1234,
        },
        "base": BASE,
        "parameters": 1000,
        "steps": 2500,
        "epochs": 2.0,
        "best_step": 2500,
        "metrics": {"validation_loss": 0.12345},
        "shortened": {},
        "left_out": 0,
        "wall_seconds": 90.0,
        "weights": "sha256:weights",
        "versions": {},
        "hardware": "two cores",
    }
    return TrainingResult(**values | changes)


def _head(card: str) -> dict[str, Any]:
    return ModelCard(card).data.to_dict()


def test_the_head_names_base_dataset_and_library() -> None:
    head = _head(tool_model_card(tool_result()))
    assert (head["base_model"], head["datasets"]) == ("ns/base", ["ns/dialogues"])
    assert (head["library_name"], head["pipeline_tag"]) == ("transformers", "text-generation")
    assert "agent" in head["tags"]
    lora = tool_result().recipe | {"lora": {"rank": 8, "alpha": 16}}
    adapter = tool_model_card(tool_result(recipe=lora))
    assert _head(adapter)["library_name"] == "peft"
    assert "LoRA of rank 8, alpha 16" in adapter


def test_what_only_this_machine_has_is_not_linked() -> None:
    local = tool_result(base={"id": "my-base"}, dataset=tool_result().dataset | {"revision": ""})
    head = _head(tool_model_card(local))
    assert "base_model" not in head
    assert "datasets" not in head


def test_the_training_is_described() -> None:
    card = tool_model_card(tool_result())
    for words in (
        "`ns/base` (`0123456789abcdef012`)",
        "1,234 training conversations",
        "2,500 steps of 8 conversations, 2.0 epochs, 1.5 min on two cores, seed 0",
        "| validation loss | 0.1235 |",
    ):
        assert words in card
    assert "trained and scored on" not in card
    copy = tool_result(base=BASE | {"trained_on": "its 4-bit weights"})
    assert "; trained and scored on its 4-bit weights" in tool_model_card(copy)


@pytest.mark.parametrize("role", ["agent", "cot", "cot-rag"])
def test_only_an_agent_has_tools(role: str) -> None:
    card = tool_model_card(tool_result(role))
    assert ("search(query)" in card) == (role == "agent")
    assert f"--mode {role} " in card


def test_the_placeholder_of_the_id_can_be_replaced() -> None:
    card = tool_model_card(tool_result())
    assert tool_placeholder("agent") == "NAMESPACE/tool-agent"
    assert card.replace(tool_placeholder("agent"), "me/mine") == tool_model_card(tool_result(), "me/mine")


def test_scores_and_passages_are_mentioned_if_there_are_any() -> None:
    plain = tool_model_card(tool_result())
    assert "No scores were available when this card was written." in plain
    assert "GeoNames" not in plain
    full = tool_model_card(tool_result(), results="| all | 42.0 |", passages=True)
    assert "| all | 42.0 |" in full
    assert "No scores" not in full
    assert "`passages.jsonl`" in full
