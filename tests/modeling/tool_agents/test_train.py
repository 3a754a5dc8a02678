"""Training of agents with tools and their baselines, on a tiny model."""

import json
from pathlib import Path

import pytest
from datasets import Dataset
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from dataset_builder.common.errors import UsageError
from dataset_builder.tool_agents.conversation import ToolStep, agent_messages, cot_messages
from modeling.checkpoints.load import load_checkpoint, weights_hash
from modeling.checkpoints.publish import push_checkpoint
from modeling.checkpoints.rebase import rebase_adapter
from modeling.checkpoints.training_record import read_record
from modeling.recipes.recipe import Recipe, load_recipe, recipe_names
from modeling.tool_agents.train import train_tool_agent
from tests.modeling.tiny_models import save_tiny


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny("llama", tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset with two configurations, as `subgoal tools build` lays it out."""
    folder = tmp_path_factory.mktemp("dataset")
    for config in ("agent", "cot"):
        for split, numbers in (("train", range(8)), ("validation", range(8, 11))):
            rows = []
            for number in numbers:
                question = f"What is {number} plus 1?"
                if config == "agent":
                    messages = agent_messages(question, [ToolStep("Add.", f"final_answer({number} + 1)")])
                else:
                    messages = cot_messages(question, answer=f"The answer is {number + 1}.")
                rows.append({"messages": messages, "learn": [False, False, True], "id": str(number)})
            (folder / config).mkdir(exist_ok=True)
            Dataset.from_list(rows).to_parquet(folder / config / f"{split}.parquet")
    configs = "".join(
        f"- config_name: {config}\n  data_files:\n"
        + "".join(
            f"  - split: {split}\n    path: {config}/{split}.parquet\n" for split in ("train", "validation")
        )
        for config in ("agent", "cot")
    )
    (folder / "README.md").write_text(f"---\nconfigs:\n{configs}---\n")
    return folder


@pytest.fixture(scope="module")
def recipe(base: Path) -> Recipe:
    return Recipe(
        name="tiny",
        purpose="tools",
        kind="causal",
        base=str(base),
        batch_size=4,
        learning_rate=5e-3,
        max_steps=12,
        evaluate_every=6,
        threads=1,
        source_length=800,
    )


def test_a_student_learns_and_its_folder_is_a_checkpoint(
    recipe: Recipe, dataset: Path, tmp_path: Path
) -> None:
    result = train_tool_agent("agent", recipe, dataset, tmp_path / "agent")
    losses = result.curve["validation_loss"]["value"]
    assert losses[-1] < losses[0]
    assert load_checkpoint(str(tmp_path / "agent")).kind == "causal"
    assert read_record(tmp_path / "agent").role == "agent"
    assert not (tmp_path / "agent" / "checkpoints").exists()
    card = (tmp_path / "agent" / "README.md").read_text()
    assert "search(query)" in card
    again = train_tool_agent("agent", recipe, dataset, tmp_path / "agent")
    assert again.weights == result.weights
    with pytest.raises(UsageError, match="differs in"):
        train_tool_agent("agent", recipe, dataset, tmp_path / "agent", seed=1)


def test_lora_in_the_upper_layers_makes_an_adapter(
    recipe: Recipe, dataset: Path, base: Path, tmp_path: Path
) -> None:
    upper = recipe.with_values(lora={"rank": 2, "alpha": 4}, frozen_layers=1, max_steps=4, evaluate_every=2)
    train_tool_agent("cot", upper, dataset, tmp_path / "cot")
    adapter = load_file(tmp_path / "cot" / "adapter_model.safetensors")
    assert all(".layers.1." in name for name in adapter)
    assert {str(weights.dtype) for weights in adapter.values()} == {"torch.float16"}
    PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), tmp_path / "cot")
    assert "search(query)" not in (tmp_path / "cot" / "README.md").read_text()

    with pytest.raises(UsageError, match=r"name its base on the Hub with `subgoal models rebase .*/cot ID`"):
        push_checkpoint(tmp_path / "cot", "tester/cot")
    with pytest.raises(UsageError, match="is a folder: give the id of the base on the Hub"):
        rebase_adapter(tmp_path / "cot", str(base))
    rebase_adapter(tmp_path / "cot", "tester/base@v1", "its 4-bit weights")
    config = json.loads((tmp_path / "cot" / "adapter_config.json").read_text())
    assert (config["base_model_name_or_path"], config["revision"]) == ("tester/base", "v1")
    trained_on = read_record(tmp_path / "cot").base
    assert trained_on is not None
    assert trained_on["weights"] == weights_hash(base)
    card = (tmp_path / "cot" / "README.md").read_text()
    assert "`tester/base` (`v1`); trained and scored on its 4-bit weights" in card
    assert str(tmp_path) not in card
    assert load_checkpoint(str(tmp_path / "cot"), base=str(base)).kind == "causal"


def test_what_cannot_be_trained_is_one_line(recipe: Recipe, dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has no configuration 'cot_rag'"):
        train_tool_agent("cot-rag", recipe, dataset, tmp_path / "a")
    with pytest.raises(UsageError, match="Unknown learner 'agnet'"):
        train_tool_agent("agnet", recipe, dataset, tmp_path / "b")
    with pytest.raises(UsageError, match="recipe cpu-mini trains a role for sub-goals"):
        train_tool_agent("agent", "cpu-mini", dataset, tmp_path / "c")
    short = recipe.with_values(source_length=32, target_length=20)
    with pytest.raises(UsageError, match="All conversations are longer than 52 tokens: raise source_length"):
        train_tool_agent("agent", short, dataset, tmp_path / "d")


def test_recipes_of_tools_are_for_causal_models() -> None:
    named = [load_recipe(name) for name in recipe_names()]
    tools = [recipe for recipe in named if recipe.purpose == "tools"]
    assert {recipe.name for recipe in tools} >= {"tool-agent-cpu", "tool-agent-lora"}
    assert all(recipe.kind == "causal" and recipe.base for recipe in tools)
