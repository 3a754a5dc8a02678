"""`subgoal eval run` with real pretrained weights: untuned, tuned, and behind llama.cpp's server."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from subgoal.cli import app
from tests.servers.llama_cpp import LlamaCppServer
from tests.smollm2 import PARAMETERS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
DATASET = Path(__file__).parents[3] / "release" / "dataset"
RULES = "max_variations: 1\ndecision_limit: 3\n"
FIVE_TASKS = "boil,find-plant,grow-plant,lifespan-longest-lived,use-thermometer"
RECIPE = """
kind: causal
source_length: 512
frozen_layers: 26
only_tasks: [find-plant, grow-plant]
learning_rate: 5.0e-4
max_steps: 6
batch_size: 4
evaluate_every: 3
evaluate_examples: 4
exact_match_examples: 2
threads: 1
"""


@pytest.fixture
def played(tmp_path: Path) -> Any:
    """Plays short episodes with a flat model; gives `results.json` and the episodes."""
    (tmp_path / "short.yaml").write_text(RULES)

    def play(model: str, tasks: str, *options: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        out = tmp_path / "run"
        command = ["eval", "run", "--flat", model, "--tasks", tasks, *options]
        command += ["--protocol", str(tmp_path / "short.yaml"), "--beams", "2", "--out", str(out)]
        result = CliRunner().invoke(app, command)
        assert result.exit_code == 0, result.output
        episodes = [json.loads(line) for line in (out / "episodes.jsonl").read_text().splitlines()]
        assert not any(episode["error"] for episode in episodes)
        return json.loads((out / "results.json").read_text()), episodes

    return play


def test_an_untuned_model_plays(smollm2: Path, played: Any) -> None:
    results, episodes = played(str(smollm2), FIVE_TASKS)
    assert len(episodes) == 5
    assert 0 <= results["mean_score"] <= 100
    record = results["models"]["flat"]
    assert (record["kind"], record["parameters"]) == ("causal", PARAMETERS)
    assert (record["prompt"]["name"], record["target"]) == ("instruct", "first-line")
    assert all(episode["tokens_read"] > 300 for episode in episodes)
    assert any(texts for episode in episodes for texts in episode["rejected"])  # it does not know the game


def test_a_tuned_model_plays(smollm2: Path, tmp_path: Path, played: Any) -> None:
    recipe, model = tmp_path / "recipe.yaml", tmp_path / "flat"
    recipe.write_text(RECIPE)
    command = ["train", "flat", "--recipe", str(recipe), "--dataset", str(DATASET)]
    result = CliRunner().invoke(app, [*command, "--base", str(smollm2), "--out", str(model)])
    assert result.exit_code == 0, result.output
    results, episodes = played(str(model), "find-plant,grow-plant")
    assert len(episodes) == 2
    record = results["models"]["flat"]
    assert (record["prompt"]["name"], record["kind"]) == ("prompt.jinja", "causal")
    assert len(record["held_out_tasks"]) == 28
    assert all(episode["tokens_written"] > 0 for episode in episodes)


def test_a_model_of_a_real_server_plays(llama_cpp: LlamaCppServer, played: Any) -> None:
    results, (episode,) = played("openai:smollm2", "find-plant", "--base-url", llama_cpp.base_url)
    assert results["models"]["flat"]["kind"] == "served"
    assert episode["model_calls"] >= len(episode["actions"])
    assert episode["tokens_read"] > 300
