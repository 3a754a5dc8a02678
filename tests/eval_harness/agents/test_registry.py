import re
import sys
from pathlib import Path
from typing import Any

import datasets
import pytest

from dataset_builder.common.errors import SubgoalError, UsageError
from dataset_builder.simulator.simulator import Simulator
from eval_harness.agents.baselines import ExpertAgent, RandomAgent
from eval_harness.agents.options import AgentOptions
from eval_harness.agents.registry import AGENTS, make_agent, select_agent
from eval_harness.protocols.protocol import EpisodeKey, Protocol
from eval_harness.rollout.rollout import Rollout


def test_every_agent_has_a_line_of_description() -> None:
    assert set(AGENTS) == {
        "hierarchical", "flat", "random", "expert",
        "expert-subgoals", "semi-random-subgoals", "random-subgoals", "no-subgoals",
        "react", "saycan", "reflexion", "swiftsage",
    }  # fmt: skip
    assert all(entry.description and "\n" not in entry.description for entry in AGENTS.values())


def test_agents_without_weights_are_made_without_torch_models() -> None:
    assert isinstance(make_agent("random"), RandomAgent)
    assert isinstance(make_agent("expert"), ExpertAgent)
    assert make_agent("random").describe() == {"name": "random", "models": {}}


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("ranodm", {}, "Unknown agent 'ranodm'. Did you mean random?"),
        ("xyz", {}, "Unknown agent 'xyz'. Use hierarchical, flat"),
        ("hierarchical", {"controller": "a"}, "Agent hierarchical needs --executor"),
        ("flat", {}, "Agent flat needs --flat"),
        ("random", {"flat": "a"}, "Agent random does not use --flat"),
        ("no-subgoals", {}, "Agent no-subgoals needs --executor"),
        ("no-subgoals", {"executor": "a", "controller": "b"}, "does not use --controller"),
        ("semi-random-subgoals", {"executor": "a"}, "needs --controller"),
        ("semi-random-subgoals", {"executor": "a", "controller": "b", "trajectories": "c"}, "does not use"),
        ("hierarchical", {"controller": "a", "executor": "b", "flat": "c"}, "does not use --flat"),
        ("a:B", {"controller": "a"}, "Agent a:B does not use --controller"),
        ("a:B", {"trajectories": "a"}, "Agent a:B does not use --trajectories"),
        ("nosuchmodule:Agent", {}, "no module 'nosuchmodule' here"),
        ("random:Nothing", {}, "module random has no 'Nothing'"),
        ("collections:OrderedDict", {}, "has no method 'begin'"),
    ],
)
def test_bad_agent_is_one_line_with_the_remedy(name: str, options: Any, message: str) -> None:
    with pytest.raises(UsageError, match=re.escape(message)):
        make_agent(name, AgentOptions(**options))


def test_checkpoints_on_the_command_line_choose_the_agent() -> None:
    assert select_agent(None, controller="a", executor="b", flat=None) == "hierarchical"
    assert select_agent(None, controller=None, executor=None, flat="c") == "flat"
    assert select_agent("expert", controller=None, executor=None, flat=None) == "expert"
    with pytest.raises(UsageError, match="No agent selected: pass"):
        select_agent(None, controller=None, executor=None, flat=None)
    with pytest.raises(UsageError, match="--flat cannot be combined"):
        select_agent(None, controller="a", executor="b", flat="c")


def test_plug_in_from_the_working_directory(tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "my_plug_in.py").write_text(
        "class Mine:\n"
        "    name = 'mine'\n"
        "    def begin(self, state, episode, seed): pass\n"
        "    def act(self, states): return []\n"
        "    def end(self, state): pass\n"
        "    def describe(self): return {'name': 'mine'}\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry])
    assert make_agent("my_plug_in:Mine").name == "mine"


def test_page_of_agents_names_them_all_and_its_example_plays(
    tmp_path: Path, monkeypatch: Any, simulator: Simulator
) -> None:
    page = (Path(__file__).parents[3] / "docs" / "agents.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE)) == set(AGENTS)
    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (tmp_path / "curious.py").write_text(example)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "curious", raising=False)
    short = Protocol(name="short", decision_limit=4)
    unit = EpisodeKey("lifespan-longest-lived", 93, 0)
    (result,) = Rollout(make_agent("curious:Curious"), short, simulator, 1).run([unit])
    assert (result.error, result.stop_reason) == (None, "decision_limit")
    assert len(set(result.actions)) == 4
    assert not any(action.startswith("focus") for action in result.actions)


def test_expert_plays_the_paths_of_a_dataset(tmp_path: Path, monkeypatch: Any) -> None:
    # The cache of `datasets` knows a folder by its last name only.
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "cache"))
    rows: list[dict[str, Any]] = [
        {"variation": 21, "simplifications": "easy", "action": ["wait1", "look around"]},
        {"variation": 22, "simplifications": "", "action": ["wait"]},
    ]
    rows = [{"task": "boil", "subgoal": ["wait()" for _ in row["action"]], **row} for row in rows]
    folder = tmp_path / "corpus"
    (folder / "trajectories").mkdir(parents=True)
    datasets.Dataset.from_list(rows).to_parquet(folder / "trajectories" / "test.parquet")
    (folder / "README.md").write_text(
        "---\nconfigs:\n- config_name: trajectories\n  data_files:\n"
        "  - split: test\n    path: trajectories/test.parquet\n---\n"
    )
    agent = make_agent("expert", AgentOptions(trajectories=str(folder)))
    assert isinstance(agent, ExpertAgent)
    source = agent.describe()["trajectories"]
    assert source["id"] == "corpus"
    assert re.fullmatch("sha256:[0-9a-f]{64}", source["revision"])
    assert agent._expert.actions("boil", 21) == ["wait1", "look around"]
    with pytest.raises(SubgoalError, match=r"^corpus has no path for boil 22"):
        agent._expert.actions("boil", 22)  # its only path has other simplifications
    with pytest.raises(UsageError, match="There is no dataset folder"):
        make_agent("expert", AgentOptions(trajectories=str(tmp_path / "nothing")))
