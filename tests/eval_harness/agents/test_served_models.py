"""`subgoal eval run` with a model behind a server: described, scored, resumed."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from dataset_builder.simulator.simulator import Simulator
from subgoal.cli import app
from tests.eval_harness.agents.llm.brains import Expert, descriptions
from tests.eval_harness.conftest import PATHS
from tests.servers.openai_server import OpenAIServer, Reply

RUN = ("eval", "run", "--tasks", "7-1", "--max-variations", "1")
TEMPLATE = """
{# target: after:Action: #}
{% call system() %}
Thought: what you know now
{% endcall %}
{% call user() %}
## Your game
Task: {{ task.split() | join(" ") }}
{% for event in history %}
Action: {{ event.action }}
{% endfor %}
{{ look }}
{% endcall %}
"""


def invoke(*arguments: Any) -> Any:
    return CliRunner().invoke(app, list(map(str, arguments)))


@pytest.fixture(scope="module")
def expert(simulator: Simulator) -> Expert:
    return Expert(descriptions(simulator, PATHS))


def test_a_served_flat_model_is_described_and_scored(expert: Expert, tmp_path: Path) -> None:
    template, described, out = tmp_path / "mine.jinja", tmp_path / "mine.yaml", tmp_path / "run"
    template.write_text(TEMPLATE)
    with OpenAIServer(
        lambda request: Reply("Thought: a\nAction: look around"), models=("student",)
    ) as server:
        options = ("--role-of", "flat", "--template", template, "--base-url", server.base_url)
        result = invoke("models", "describe", "openai:student", *options, "--out", described)
    assert result.exit_code == 0, result.output
    assert "action: 'look around'" in result.output
    assert "prompt: mine.jinja" in described.read_text()
    with OpenAIServer(expert, models=("student",)) as server:
        text = described.read_text().partition("# OpenAI-compatible server")
        described.write_text(text[0] + text[2].partition("\n")[2].partition("\n")[2])
        play = (*RUN, "--flat", described, "--base-url", server.base_url, "--out", out)
        result = invoke(*play)
        assert result.exit_code == 0, result.output
        asked = len(server.requests)
        assert invoke(*play).exit_code == 0
        assert len(server.requests) == asked
    saved = json.loads((out / "results.json").read_text())
    assert (saved["agent"], saved["mean_score"]) == ("flat", 100)
    record = saved["models"]["flat"]
    assert (record["id"], record["kind"], record["target"]) == ("openai:student", "served", "after:Action:")
    assert record["prompt"]["name"] == "mine.jinja"
    assert saved["inputs_shortened"] == 0
    template.write_text(TEMPLATE + "{# changed #}")
    refused = invoke(*play)
    assert refused.exit_code == 2
    assert "holds another run" in refused.output


def test_prose_counts_as_rejected_actions(tmp_path: Path) -> None:
    (tmp_path / "few.yaml").write_text("decision_limit: 3\n")
    with OpenAIServer(lambda request: Reply("I am sorry. I cannot play games."), models=("m",)) as server:
        options = ("--flat", "openai:m", "--base-url", server.base_url, "--protocol", tmp_path / "few.yaml")
        result = invoke(*RUN, *options, "--out", tmp_path / "run")
    assert result.exit_code == 0, result.output
    (line,) = (tmp_path / "run" / "episodes.jsonl").read_text().splitlines()
    episode = json.loads(line)
    assert episode["error"] is None
    assert ["i am sorry. i cannot play games"] in episode["rejected"]
    assert episode["model_calls"] > 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--flat", "openai:m", "--backend", "transformers"), "openai:m runs at its server: drop --backend"),
        (("--flat", "openai:m", "--engine", "ray"), "--engine ray does not support agents that ask"),
        (("--flat", "nowhere.yaml"), "There is no model description nowhere.yaml"),
        (("--agent", "random", "--prompt", "thought"), "Agent random does not use --prompt: drop it"),
    ],
)
def test_bad_options_are_one_line(options: tuple[str, ...], message: str, tmp_path: Path) -> None:
    server = ("--base-url", "http://127.0.0.1:9/v1") if "openai:m" in options else ()
    result = invoke(*RUN, *options, *server, "--out", tmp_path / "run")
    assert result.exit_code == 2
    assert message in " ".join(result.output.split())
    assert "Traceback" not in result.output
