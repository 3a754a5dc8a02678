"""Causal models, adapters and served models as agents: the same interface, whoever made the model."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path

import pytest

from dataset_builder.common.errors import SubgoalError, UsageError
from dataset_builder.llm.client import ChatClient
from dataset_builder.trajectories.agent_state import AgentState
from modeling import FlatAgent, SubgoalAgent
from modeling.agents.base import RunAborted
from modeling.agents.describing import describe, try_out
from modeling.agents.loading import load_role_model
from modeling.checkpoints.description import ModelDescription, ModelSettings
from tests.modeling.tiny_models import FAMILIES, save_adapter, save_tiny
from tests.servers.openai_server import OpenAIServer, Reply


@pytest.fixture(scope="module")
def some_states(states: Callable[[], Iterator[AgentState]]) -> list[AgentState]:
    wanted = {"find-animal", "use-thermometer"}
    return [deepcopy(state) for state in states() if state.task in wanted][::6][:8]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A causal model of each family."""
    return {family: save_tiny(family, tmp_path_factory.mktemp(family)) for family in FAMILIES}


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


def test_a_pair_may_be_of_different_kinds(
    folders: dict[str, Path], checkpoints: dict[str, Path], some_states: list[AgentState]
) -> None:
    agent = SubgoalAgent.from_pretrained(str(folders["llama"]), str(checkpoints["executor"]))
    decisions = agent.act(deepcopy(some_states[:2]))
    assert all(decision.actions for decision in decisions)
    assert set(agent.describe()["models"]) == {"controller", "executor"}
    with pytest.raises(UsageError, match=r"swap them|has the role"):
        SubgoalAgent.from_pretrained(str(folders["llama"]), str(checkpoints["controller"]))


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


def test_an_adapter_plays_and_its_identity_is_recorded(
    folders: dict[str, Path], tmp_path: Path, some_states: list[AgentState]
) -> None:
    pytest.importorskip("peft")
    adapter = save_adapter(folders["llama"], tmp_path / "adapter")
    ModelDescription(role="executor", state_text="paper-1", prompt="state").save(adapter)
    model = load_role_model(str(adapter))
    assert (model.role, model.version) == ("executor", "paper-1")
    record = model.describe()
    assert record["base"]["id"] == folders["llama"].name
    (adapter / "prompt.jinja").write_text("{{ state_text }} ?")
    again = load_role_model(str(adapter)).describe()
    assert again["prompt"]["hash"] != record["prompt"]["hash"]
    assert again["files"] != record["files"]


def test_a_served_flat_agent_of_another_project_acts(some_states: list[AgentState]) -> None:
    with OpenAIServer(lambda request: Reply("Thought: a\nAction: open door"), models=("m",)) as server:
        settings = ModelSettings(base_url=server.base_url, prompt="thought")
        agent = FlatAgent.from_pretrained("openai:m", settings=settings)
        decisions = agent.act(some_states)
        assert {decision.actions for decision in decisions} == {("open door",)}
        assert decisions[0].more is not None
        assert decisions[0].more().actions == ("open door",)
    record = agent.describe()["models"]["flat"]
    assert (record["id"], record["kind"], record["candidates"]) == ("openai:m", "served", "samples")
    assert server.base_url not in str(agent.describe())


def test_a_lost_server_ends_the_run(some_states: list[AgentState], monkeypatch: pytest.MonkeyPatch) -> None:
    defaults = {**(ChatClient.__init__.__kwdefaults__ or {}), "timeout": 5.0, "retries": 0}
    monkeypatch.setattr(ChatClient.__init__, "__kwdefaults__", defaults)
    settings = ModelSettings(base_url="http://127.0.0.1:9/v1")
    agent = FlatAgent.from_pretrained("openai:m", settings=settings)
    with pytest.raises(RunAborted, match=r"Cannot reach http://127\.0\.0\.1:9/v1"):
        agent.act(some_states[:2])


@pytest.mark.parametrize(
    ("name", "role", "settings", "message"),
    [
        ("openai:", "flat", {}, "names no model: write openai:MODEL"),
        ("openai:m", None, {}, "openai:m has no role: name it by --controller"),
        ("openai:m", "flat", {"prompt": "nowhere"}, "No prompt template 'nowhere'"),
        ("openai:m", "flat", {"target": "last"}, "Unknown target pattern 'last'"),
        ("mine.yaml", "flat", {}, "There is no model description mine.yaml"),
    ],
)
def test_bad_models_are_one_line(name: str, role: str | None, settings: dict[str, str], message: str) -> None:
    with pytest.raises(SubgoalError, match=message) as caught:
        load_role_model(name, role, settings=ModelSettings(**settings))
    assert "\n" not in str(caught.value)


def test_a_description_is_tried_before_it_is_written(folders: dict[str, Path], tmp_path: Path) -> None:
    description = describe(str(folders["qwen2"]), role="flat", prompt="state", max_new_tokens=8)
    trial = try_out(description)
    assert trial.answer.written <= 8
    assert trial.description.state_text == "compact-2"
    trial.description.write(tmp_path / "mine.yaml")
    model = load_role_model(str(tmp_path / "mine.yaml"))
    assert model.describe() == load_role_model(str(folders["qwen2"]), "flat", settings=None).describe() | {
        "prompt": model.describe()["prompt"],
        "max_new_tokens": 8,
        "longest_prompt": model.describe()["longest_prompt"],
    }
    with pytest.raises(UsageError, match="Unknown role 'planner'"):
        describe("a/b", role="planner")
