"""Whatever names a model, and whoever made it: the same interface."""

from copy import deepcopy
from pathlib import Path

import pytest

from dataset_builder.common.errors import SubgoalError, UsageError
from dataset_builder.trajectories.agent_state import AgentState
from modeling import SubgoalAgent
from modeling.agents.loading import load_role_model
from modeling.agents.local_model import LocalModel
from modeling.agents.served_model import ServedModel
from modeling.checkpoints.description import ModelDescription, ModelSettings
from tests.modeling.tiny_models import save_adapter


def test_a_pair_may_be_of_different_kinds(
    folders: dict[str, Path], checkpoints: dict[str, Path], some_states: list[AgentState]
) -> None:
    agent = SubgoalAgent.from_pretrained(str(folders["llama"]), str(checkpoints["executor"]))
    decisions = agent.act(deepcopy(some_states[:2]))
    assert all(decision.actions for decision in decisions)
    assert set(agent.describe()["models"]) == {"controller", "executor"}
    with pytest.raises(UsageError, match=r"swap them|has the role"):
        SubgoalAgent.from_pretrained(str(folders["llama"]), str(checkpoints["controller"]))


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


def test_a_name_tells_where_a_model_runs(folders: dict[str, Path], tmp_path: Path) -> None:
    settings = ModelSettings(base_url="http://127.0.0.1:9/v1")
    assert isinstance(load_role_model("openai:m", "flat", settings=settings), ServedModel)
    assert isinstance(load_role_model(str(folders["gpt2"]), "flat"), LocalModel)
    described = ModelDescription(id="openai:m", role="executor", base_url="http://127.0.0.1:9/v1")
    described.write(tmp_path / "served.yaml")
    served = load_role_model(str(tmp_path / "served.yaml"), revision="main")  # a server has no revisions
    assert (served.id, served.role, served.description.revision) == ("openai:m", "executor", None)


def test_a_description_and_the_options_must_agree(folders: dict[str, Path], tmp_path: Path) -> None:
    ModelDescription(id=str(folders["gpt2"]), role="flat", state_text="paper-1").write(tmp_path / "mine.yaml")
    name = str(tmp_path / "mine.yaml")
    assert load_role_model(name, settings=ModelSettings(prompt="thought")).version == "paper-1"
    with pytest.raises(UsageError, match=r"has state-text paper-1, not compact-2: drop --state-text"):
        load_role_model(name, settings=ModelSettings(state_text="compact"))
