"""The LLM judge, over real HTTP."""

from pathlib import Path

import pytest

from dataset_builder.llm.budget import Budget, BudgetSpent
from dataset_builder.llm.client import ChatClient
from dataset_builder.llm.completion_cache import CompletionCache
from dataset_builder.llm.session import ChatSession
from dataset_builder.tool_agents.questions.question import Question
from dataset_builder.tool_agents.scoring import LLMJudge, score
from dataset_builder.tool_agents.scoring.judge import read_verdict
from tests.servers.openai_server import OpenAIServer, Reply

QUESTION = Question("q", "Who is it?", "Barack Obama", "facts", "hotpotqa", "hotpotqa", "test", True)


def _judge(server: OpenAIServer, folder: Path, budget: int | None = None) -> LLMJudge:
    client = ChatClient("teacher", server.base_url, retries=0)
    return LLMJudge(ChatSession(client, CompletionCache(folder), budget=Budget(budget)))


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("CORRECT", True),
        ("**Incorrect.**", False),
        ("correct\n\nBoth name the same man.", True),
        ("Both name the same man.\nVerdict: correct", True),
        ("I cannot say whether this is correct or incorrect.", None),
        ("The answer names the same person, so it is fine.", None),
        ("", None),
    ],
)
def test_verdicts(text: str, verdict: bool | None) -> None:
    assert read_verdict(text) is verdict


def test_a_judge_is_asked_about_what_does_not_match_and_never_twice(tmp_path: Path) -> None:
    with OpenAIServer(lambda request: Reply("CORRECT")) as server:
        judge = _judge(server, tmp_path)
        assert score(QUESTION, "barack obama", judge).right
        assert not server.requests
        assert score(QUESTION, "the 44th president", judge).right
        assert score(QUESTION, "the 44th president", _judge(server, tmp_path)).right
    assert len(server.requests) == 1
    assert judge.verdicts == {"right": 1}


def test_prose_and_refusals_are_counted_as_unjudged(tmp_path: Path) -> None:
    replies = [
        Reply("It depends on what correct means."),
        Reply(status=400, error="I will not judge people."),
    ]
    with OpenAIServer(lambda request: replies[request.number]) as server:
        judge = _judge(server, tmp_path)
        assert not score(QUESTION, "him", judge).right
        assert not score(QUESTION, "her", judge).right
    assert judge.verdicts == {"unjudged": 2}


def test_the_budget_stops_a_judge(tmp_path: Path) -> None:
    with OpenAIServer(lambda request: Reply("CORRECT")) as server, pytest.raises(BudgetSpent):
        score(QUESTION, "him", _judge(server, tmp_path, budget=10))
    assert not server.requests
