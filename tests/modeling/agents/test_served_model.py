"""A model behind a server, in its role: what ends an episode, and what ends a run."""

from pathlib import Path

import pytest

from dataset_builder.llm.client import ChatClient
from dataset_builder.llm.errors import RequestRejected
from dataset_builder.trajectories.agent_state import AgentState
from modeling import FlatAgent
from modeling.agents.base import RunAborted
from modeling.agents.loading import load_role_model
from modeling.checkpoints.description import ModelSettings
from modeling.inference.search import Search
from tests.servers.openai_server import OpenAIServer, Reply


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


def test_a_request_that_is_refused_ends_no_run(some_states: list[AgentState]) -> None:
    refused = Reply(status=400, error="the prompt was flagged by moderation")
    with OpenAIServer(lambda request: refused, models=("m",)) as server:
        model = load_role_model("openai:m", "flat", settings=ModelSettings(base_url=server.base_url))
        with pytest.raises(RequestRejected, match="flagged by moderation"):
            model.answer(some_states[:1], Search())


def test_answers_are_stored_in_the_run_folder(some_states: list[AgentState], tmp_path: Path) -> None:
    with OpenAIServer(lambda request: Reply("open door"), models=("m",)) as server:
        for _ in range(2):  # the second is a resumed run
            settings = ModelSettings(base_url=server.base_url, ledger=tmp_path)
            model = load_role_model("openai:m", "flat", settings=settings)
            (answer,) = model.answer(some_states[:1], Search())
            assert answer.texts == ["open door"]
    assert len(server.requests) == 1
    assert (tmp_path / "completions.jsonl").exists()
