"""`subgoal eval run` with a language model, from the command line to the run folder."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from dataset_builder.common.errors import UsageError
from dataset_builder.llm.client import ChatClient
from eval_harness.agents.options import AgentOptions
from eval_harness.agents.registry import make_agent
from subgoal.cli import app
from tests.eval_harness.agents.llm.brains import Expert, noise
from tests.servers.openai_server import OpenAIServer, Reply

RELEASE = Path(__file__).parents[4] / "release"
RUN = ("eval", "run", "--tasks", "7-1", "--max-variations", "1", "--llm", "teacher")


def invoke(*arguments: Any) -> Any:
    return CliRunner().invoke(app, list(map(str, arguments)))


def test_react_by_name(expert: Expert, tmp_path: Path) -> None:
    with OpenAIServer(expert) as server:
        out = tmp_path / "run"
        result = invoke(*RUN, "--agent", "react", "--base-url", server.base_url, "--out", out)
    assert result.exit_code == 0, result.output
    saved = json.loads((out / "results.json").read_text())
    assert (saved["agent"], saved["mean_score"], saved["models"]) == (
        "react",
        100,
        {"llm": {"id": "teacher", "kind": "served"}},
    )
    (line,) = (out / "episodes.jsonl").read_text().splitlines()
    record = json.loads(line)
    assert record["llm_calls"] == len(record["actions"]) == 2
    assert min(record["llm_prompt_tokens"], record["llm_completion_tokens"]) > 0
    assert len((out / "completions.jsonl").read_text().splitlines()) == 2


def test_swiftsage_with_the_hierarchical_pair(tmp_path: Path) -> None:
    (tmp_path / "few.yaml").write_text("decision_limit: 7\n")
    pair: tuple[Any, ...] = ("--controller", RELEASE / "controller", "--executor", RELEASE / "executor")
    pair += ("--backend", "transformers")  # see test_escalation
    out = tmp_path / "run"
    with OpenAIServer(noise) as server:
        options = (*pair, "--base-url", server.base_url, "--protocol", tmp_path / "few.yaml", "--out", out)
        result = invoke(*RUN, "--agent", "swiftsage", *options)
    assert result.exit_code == 0, result.output
    saved = json.loads((out / "results.json").read_text())
    assert set(saved["models"]) == {"llm", "controller", "executor"}
    assert saved["agent_settings"]["swift"]["name"] == "hierarchical"
    assert saved["failed"] == 0


def test_ctrl_c_ends_a_run_whose_server_does_not_answer(tmp_path: Path) -> None:
    with OpenAIServer(lambda request: Reply(delay=300)) as server:
        options = ("--agent", "react", "--base-url", server.base_url, "--out", str(tmp_path / "run"))
        command = [sys.executable, "-m", "subgoal", *RUN, *options]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            while not server.requests and process.poll() is None:
                time.sleep(0.1)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=120)
    assert "run the same command again" in said
    assert "Traceback" not in said


def test_unreachable_server_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    defaults = {"timeout": 20.0, "retries": 0}
    monkeypatch.setattr(ChatClient.__init__, "__kwdefaults__", defaults)
    options = ("--agent", "react", "--base-url", "http://127.0.0.1:9/v1", "--out", tmp_path / "run")
    result = invoke(*RUN, *options)
    assert result.exit_code == 1
    assert "Cannot reach http://127.0.0.1:9/v1: start the server, or check --base-url" in result.output
    assert "Traceback" not in result.output
    assert json.loads((tmp_path / "run" / "results.json").read_text())["failed"] == 0


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("react", {}, "Agent react needs --llm: the model's name at its server"),
        ("react", {"llm": "m", "flat": "f"}, "Agent react does not use --flat"),
        ("react", {"llm": "m", "trials": 2}, "Agent react does not use --trials"),
        ("react", {"llm": "m", "budget_tokens": 0}, "--budget-tokens 0: give 1 or more"),
        ("react", {"llm": "m", "base_url": "ftp://x"}, "'ftp://x' is not an address"),
        ("react", {"llm": "m", "decoding": {"num_beams": 2}}, "Agent react does not use --beams"),
        ("saycan", {"llm": "m", "escalate_to": "x"}, "Agent saycan does not use --escalate-to"),
        ("reflexion", {"llm": "m", "trials": 0}, "--trials 0: give 1 or more"),
        ("swiftsage", {"llm": "m"}, "Agent swiftsage needs a Swift model: --flat, or --controller"),
        ("flat", {"flat": "f", "llm": "m"}, "Agent flat does not use --llm"),
    ],
)
def test_bad_options_are_one_line(name: str, changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        make_agent(name, AgentOptions(ledger=tmp_path, **changes))
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)
