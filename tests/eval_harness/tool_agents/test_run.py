"""Runs over questions: resumed without repetition, refused if they differ, reported with intervals."""

from pathlib import Path

import pytest

from dataset_builder.common.errors import UsageError
from dataset_builder.llm.client import ChatClient
from dataset_builder.llm.completion_cache import CompletionCache
from dataset_builder.llm.request_format import Message
from dataset_builder.llm.session import ChatSession
from dataset_builder.tool_agents.retrieval.base import Passage
from dataset_builder.tool_agents.retrieval.bm25 import BM25Retriever
from dataset_builder.tool_agents.scoring import LLMJudge
from eval_harness.tool_agents.playing import PlaySettings
from eval_harness.tool_agents.records import RUN_FILE, read_run
from eval_harness.tool_agents.run import run_questions
from modeling.inference.search import Search
from tests.eval_harness.tool_agents.conftest import Scripted, question

QUESTIONS = [
    question(str(number), f"What is {number} + 1?", str(number + 1), family=("sums", "more")[number % 2])
    for number in range(6)
]
COT = PlaySettings("cot", batch_size=2)


def _adds(messages: list[Message]) -> list[str]:
    return [f"The answer is {int(messages[1]['content'].split()[2]) + 1}."]


def _stops(messages: list[Message]) -> list[str]:
    if "4" in messages[1]["content"]:
        raise KeyboardInterrupt
    return _adds(messages)


def test_a_killed_run_answers_only_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run_questions(tmp_path / "run", QUESTIONS, Scripted(_stops), COT)
    assert len(read_run(tmp_path / "run").results) == 4
    model = Scripted(_adds)
    run = run_questions(tmp_path / "run", QUESTIONS, model, COT)
    assert len(model.asked) == 2
    assert run.complete
    assert [result.right for result in run.results.values()] == [True] * 6


def test_another_run_in_the_folder_is_refused(tmp_path: Path) -> None:
    run_questions(tmp_path / "run", QUESTIONS, Scripted(_adds), COT)
    with pytest.raises(UsageError, match="differs in mode, max_steps: choose another --out"):
        run_questions(tmp_path / "run", QUESTIONS, Scripted(_adds), PlaySettings("cot-rag", max_steps=3))
    with pytest.raises(UsageError, match="differs in questions"):
        run_questions(tmp_path / "run", QUESTIONS[:2], Scripted(_adds), COT)
    with pytest.raises(UsageError, match="differs in samples, temperature, top_p, seed"):
        run_questions(tmp_path / "run", QUESTIONS, Scripted(_adds), PlaySettings("cot", Search(samples=2)))


def test_what_changes_scores_may_not_change_within_a_run(tmp_path: Path, retriever: BM25Retriever) -> None:
    out, questions = tmp_path / "run", QUESTIONS
    run_questions(out, questions, Scripted(_adds), PlaySettings("cot-rag"), retriever)
    longer = Scripted(_adds)
    longer.max_new_tokens = 64
    with pytest.raises(UsageError, match="differs in max_new_tokens:"):
        run_questions(out, questions, longer, PlaySettings("cot-rag"), retriever)
    others = BM25Retriever([Passage("td", "Chad", "Chad borders Libya.")])
    with pytest.raises(UsageError, match="differs in passages:"):
        run_questions(out, questions, Scripted(_adds), PlaySettings("cot-rag"), others)
    client = ChatClient("judge", "http://127.0.0.1:9/v1")
    judge = LLMJudge(ChatSession(client, CompletionCache(tmp_path / "judged")))
    with pytest.raises(UsageError, match="differs in judge:"):
        run_questions(out, questions, Scripted(_adds), PlaySettings("cot-rag"), retriever, judge=judge)


def test_a_damaged_record_is_one_line(tmp_path: Path) -> None:
    (tmp_path / RUN_FILE).write_text("{")
    with pytest.raises(UsageError, match="holds a damaged run"):
        run_questions(tmp_path, QUESTIONS, Scripted(_adds), COT)
