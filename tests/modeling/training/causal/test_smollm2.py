"""The recipe for CPUs on real pretrained weights: SmolLM2-135M-Instruct."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM

from dataset_builder.trajectories.agent_state import AgentState
from modeling.agents.loading import load_role_model
from modeling.inference.search import Search
from modeling.recipes.recipe import load_recipe
from modeling.training.train import train
from tests.smollm2 import PARAMETERS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


def test_a_few_steps_on_real_weights(
    smollm2: Path, dataset: Path, tmp_path: Path, states: Callable[[], Iterator[AgentState]]
) -> None:
    recipe = load_recipe("cpu-mini").with_values(
        max_steps=10, evaluate_every=5, evaluate_examples=8, exact_match_examples=4
    )
    result = train("executor", recipe, dataset, tmp_path / "executor", base=str(smollm2))
    losses = result.curve["validation_loss"]["value"]
    assert losses[-1] < losses[0]
    assert result.parameters == PARAMETERS
    before = AutoModelForCausalLM.from_pretrained(smollm2).state_dict()
    after = AutoModelForCausalLM.from_pretrained(tmp_path / "executor").state_dict()
    changed = {
        name.partition(".layers.")[2].partition(".")[0]
        for name in before
        if not torch.equal(before[name], after[name])
    }
    assert changed == {"", *map(str, range(22, 30))}  # the final norm has no number

    executor = load_role_model(str(tmp_path / "executor"))
    (answer,) = executor.answer([next(states())], Search())
    assert answer.texts[0]
