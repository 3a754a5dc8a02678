"""Muon and AdamW as one optimizer."""

import copy
from typing import Any

import pytest
import torch
from transformers import T5Config, T5ForConditionalGeneration

from modeling.recipes.recipe import parse_recipe
from modeling.training.muon import MuonWithAdamW

RECIPE = parse_recipe({"name": "test", "optimizer": "muon", "learning_rate": 0.01}, "test")
INPUTS = torch.arange(2, 18).reshape(2, 8)
LABELS = INPUTS[:, :3].contiguous()


@pytest.fixture
def model() -> Any:
    torch.manual_seed(0)
    sizes: dict[str, Any] = {"d_model": 16, "d_ff": 32, "d_kv": 8, "num_heads": 2, "num_layers": 1}
    sizes["decoder_start_token_id"] = 0
    config = T5Config(vocab_size=24, dropout_rate=0.0, **sizes)
    return T5ForConditionalGeneration(config)


def _step(model: Any, optimizer: torch.optim.Optimizer) -> float:
    loss = model(input_ids=INPUTS, labels=LABELS).loss
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return float(loss.detach())


def test_matrices_go_to_muon_and_embeddings_and_biases_do_not(model: Any) -> None:
    muon, adamw = MuonWithAdamW(model, RECIPE).param_groups
    names = {id(weights): name for name, weights in model.named_parameters()}
    rest = {names[id(weights)] for weights in adamw["params"]}
    assert rest == {name for name in names.values() if "norm" in name or "bias" in name or "shared" in name}
    assert len(muon["params"]) + len(rest) == len(names)


def test_it_learns(model: Any) -> None:
    optimizer = MuonWithAdamW(model, RECIPE)
    losses = [_step(model, optimizer) for _ in range(30)]
    assert losses[-1] < losses[0] / 4


def test_all_weights_follow_the_schedule(model: Any) -> None:
    optimizer = MuonWithAdamW(model, RECIPE)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 0.0 if step else 1.0)
    _step(model, optimizer)
    schedule.step()
    before = copy.deepcopy(model.state_dict())
    _step(model, optimizer)
    assert all(torch.equal(before[name], weights) for name, weights in model.state_dict().items())


def test_a_saved_state_resumes_identically(model: Any) -> None:
    optimizer = MuonWithAdamW(model, RECIPE)
    _step(model, optimizer)
    other = copy.deepcopy(model)
    resumed = MuonWithAdamW(other, RECIPE)
    resumed.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    for each, its in ((model, optimizer), (other, resumed)):
        _step(each, its)
    for name, weights in model.state_dict().items():
        assert torch.equal(weights, other.state_dict()[name]), name
