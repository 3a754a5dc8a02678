"""Options of `subgoal eval tools` that cannot work: one line, before a model is loaded."""

from pathlib import Path

import pytest

from dataset_builder.common.errors import UsageError
from dataset_builder.tool_agents.questions.question import write_questions
from eval_harness.tool_agents.command import play_and_report
from eval_harness.tool_agents.playing import PlaySettings
from modeling.inference.search import Search
from tests.eval_harness.tool_agents.conftest import question


@pytest.mark.parametrize(
    ("search", "sandbox", "message"),
    [
        (Search(samples=-1), "local", "--samples must be 0 or more"),
        (Search(samples=2, temperature=0.0), "local", "--temperature above 0"),
        (Search(samples=2, top_p=1.5), "local", "at most 1"),
        (Search(samples=22), "local", "the sandbox local runs at most 21 at a step"),
        (Search(samples=2), "docker", "the sandbox docker runs at most 1 at a step"),
    ],
)
def test_samples_that_cannot_be_drawn_or_run(
    search: Search, sandbox: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=message):
        play_and_report("m", "q", tmp_path, PlaySettings("agent", search), split="test", sandbox=sandbox)


@pytest.mark.parametrize(
    ("mode", "message"),
    [("cot", "openai: names no model"), ("agent", "has no passages"), ("cot-rag", "has no passages")],
)
def test_a_chain_of_thought_needs_no_passages(mode: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    write_questions(path, [question("a", "What is the capital of Chad?", "N'Djamena", "facts")])
    with pytest.raises(UsageError, match=message):  # the first thing that is wrong
        play_and_report("openai:", str(path), tmp_path / "run", PlaySettings(mode), split="test")
