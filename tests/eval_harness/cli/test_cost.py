import re
from pathlib import Path
from typing import Any

from PIL import Image
from typer.testing import CliRunner

from dataset_builder.simulator.simulator import Simulator
from dataset_builder.trajectories.trajectory import Trajectory
from eval_harness.cost.costs import (
    read_annotation,
)
from subgoal.cli import app


def test_cost_prints_tables_and_draws_the_plot(
    recorded: list[Trajectory], scripted: Any, simulator: Simulator, tmp_path: Path, monkeypatch: Any
) -> None:
    """An example only: the tokens are words of a server of this test, no model was asked.

    The oracle annotates two paths; `react` is fed by the expert on four episodes, which the scripted
    agent (in the place of a pair) plays too.
    """
    from dataset_builder.annotation.teacher.annotator import llm_annotator
    from eval_harness import run_protocol
    from eval_harness.agents.llm.chat import make_llm
    from eval_harness.agents.llm.react import React
    from tests.dataset_builder.annotation.teacher.oracle import Oracle
    from tests.eval_harness.agents.llm.brains import TASKS, Expert, descriptions
    from tests.eval_harness.conftest import PATHS
    from tests.servers.openai_server import OpenAIServer

    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    with OpenAIServer(Oracle(recorded)) as server:
        teacher = llm_annotator(tmp_path / "corpus", "teacher", server.base_url)
        for path in [path for path in recorded if path.task == "find-animal"][:2]:
            teacher.annotate(path)
    options: dict[str, Any] = {"simulator": simulator, "tasks": TASKS, "progress": False}
    run_protocol(scripted(), "mini", tmp_path / "pair", **options)
    with OpenAIServer(Expert(descriptions(simulator, PATHS))) as server:
        agent = React(make_llm("teacher", server.base_url, tmp_path / "react"))
        run_protocol(agent, "mini", tmp_path / "react", **options)
    (tmp_path / "prices.yaml").write_text("models: {teacher: {prompt: 2, completion: 8}}")
    command = ["eval", "cost", "--annotation", tmp_path / "corpus", "--run", tmp_path / "pair"]
    command += ["--llm-run", tmp_path / "react", "--plot", tmp_path / "out" / "cost.png"]
    result = CliRunner().invoke(
        app, [*map(str, command), "--prices", str(tmp_path / "prices.yaml")], env={"COLUMNS": "160"}
    )
    assert result.exit_code == 0, result.output
    paid = sum(map(sum, read_annotation(tmp_path / "corpus").tokens.values()))
    assert f"{paid:,} tokens for the annotations (llm-teacher)" in result.output
    assert "Total tokens by number of episodes" in result.output
    assert "Total USD by number of episodes" in result.output
    assert re.search(r"break-even +│ +│ +[\d,]+ │\n│ 95% interval +│ +│ +[\d,]+ to [\d,]+ │", result.output)
    with Image.open(tmp_path / "out" / "cost.png") as picture:
        assert picture.size[0] > 500
        assert len(picture.convert("RGB").getcolors(1_000_000) or []) > 3
    missing = CliRunner().invoke(app, list(map(str, command)))
    assert missing.exit_code == 2
    assert "No price for 'llm-teacher'" in missing.output
