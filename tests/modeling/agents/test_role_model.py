"""What all kinds of model do: batches, candidates, contexts that are too short, roles."""

from copy import deepcopy
from pathlib import Path

import pytest

from dataset_builder.common.errors import UsageError
from dataset_builder.trajectories.agent_state import AgentState
from modeling import FlatAgent
from modeling.agents.loading import load_role_model
from modeling.checkpoints.description import ModelDescription, ModelSettings
from tests.modeling.tiny_models import FAMILIES, save_tiny


@pytest.mark.parametrize("family", FAMILIES)
def test_causal_models_act_the_same_in_batches_of_one_and_eight(
    folders: dict[str, Path], some_states: list[AgentState], family: str
) -> None:
    settings = ModelSettings(prompt="state", target="first-line")
    agent = FlatAgent.from_pretrained(
        str(folders[family]), settings=settings, num_beams=1, num_candidates=1, avoid_loops=False
    )
    together = agent.act(some_states)
    assert [agent.act([state])[0] for state in some_states] == together
    assert len({decision.actions for decision in together}) > 1
    record = agent.describe()["models"]["flat"]
    assert record["prompt"]["name"] == "state"
    assert (record["target"], record["candidates"]) == ("first-line", "beams")
    assert agent.describe()["decoding"]["grounded"] is False


def test_a_model_that_thinks_first_samples_its_candidates(
    folders: dict[str, Path], some_states: list[AgentState]
) -> None:
    settings = ModelSettings(prompt="thought")
    model = load_role_model(str(folders["qwen2"]), "flat", settings=settings)
    assert model.samples_candidates
    assert model.describe()["candidates"] == "samples"
    assert model.description.target == "after:Action:"


def test_a_short_context_is_counted_and_logged(
    tmp_path: Path, some_states: list[AgentState], caplog: pytest.LogCaptureFixture
) -> None:
    folder = save_tiny("gpt2", tmp_path / "short", positions=600)
    ModelDescription(role="flat", state_text="compact-2", prompt="state").save(folder)
    agent = FlatAgent.from_pretrained(str(folder), num_beams=1, num_candidates=1)
    long = deepcopy(some_states[-1])
    long.history *= 12
    for event_number, event in enumerate(list(long.history)):
        long.history[event_number] = type(event)(f"{event.action} {event_number}", "It is very odd. " * 6, 0)
    decisions = agent.act([long, *some_states[:1]])
    assert decisions[0].cost.inputs_shortened == 1
    assert "loses its oldest history" in caplog.text
    with pytest.raises(UsageError, match="has room for 64 tokens, of which 48 are for the answer"):
        load_role_model(str(save_tiny("gpt2", tmp_path / "tiny", positions=64)), "flat")


def test_a_model_of_another_role_is_refused_with_a_remedy(folders: dict[str, Path]) -> None:
    flat, executor = (load_role_model(str(folders["gpt2"]), role) for role in ("flat", "executor"))
    flat.check_role("flat")
    with pytest.raises(UsageError, match=r"has the role flat, not controller: give it to FlatAgent"):
        flat.check_role("controller")
    with pytest.raises(UsageError, match=r"not controller: train one with `subgoal train controller`"):
        executor.check_role("controller")
