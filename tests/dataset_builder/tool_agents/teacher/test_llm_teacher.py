"""A language model as teacher, over real HTTP, with code in the real sandbox."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dataset_builder.common.errors import SubgoalError
from dataset_builder.llm.budget import Budget, BudgetSpent
from dataset_builder.llm.client import ChatClient
from dataset_builder.llm.completion_cache import CompletionCache
from dataset_builder.llm.session import ChatSession
from dataset_builder.tool_agents.questions.question import Question
from dataset_builder.tool_agents.retrieval.base import Passage, Retriever
from dataset_builder.tool_agents.retrieval.bm25 import BM25Retriever
from dataset_builder.tool_agents.retrieval.served import ServedRetriever
from dataset_builder.tool_agents.sandbox import Sandbox
from dataset_builder.tool_agents.teacher.llm_teacher import LLMTeacher
from tests.dataset_builder.tool_agents.teacher.model import AREA, CHAIN, SUMS, Model, is_chain
from tests.servers.openai_server import ChatRequest, OpenAIServer, Reply

PASSAGES = [Passage("chad", "Chad", "The area of Chad is 1,284,000 km².")]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as opened:
        yield opened


def _teacher(
    server: OpenAIServer,
    folder: Path,
    sandbox: Sandbox,
    *,
    retriever: Retriever | None = None,
    budget: int | None = None,
    first_thought: bool = False,
    max_steps: int = 5,
) -> LLMTeacher:
    client = ChatClient("teacher", server.base_url, retries=0)
    session = ChatSession(client, CompletionCache(folder), budget=Budget(budget))
    passages = retriever or BM25Retriever(PASSAGES)
    return LLMTeacher(session, passages, sandbox, first_thought=first_thought, max_steps=max_steps)


def test_a_search_and_an_answer(tmp_path: Path, sandbox: Sandbox) -> None:
    with OpenAIServer(Model()) as server:
        trajectory = _teacher(server, tmp_path, sandbox).attempt(AREA)
    assert (trajectory.right, trajectory.answer, trajectory.reason) == (True, "1284000", "")
    search, answer = trajectory.steps
    assert (search.thought, search.code) == ("I search.", "print(search('area of Chad'))")
    assert search.observation == "[1] Chad: The area of Chad is 1,284,000 km²."
    assert (answer.thought, answer.code) == ("It is in the passage.", "final_answer('1284000')")
    assert answer.observation == ""
    assert (search.learn, answer.learn) == (True, True)
    assert trajectory.cot is None  # the chain of thought gives another area
    chain, first, second = (request.body for request in server.requests)
    assert (chain["max_tokens"], first["max_tokens"], first["temperature"]) == (4096, 1024, 0.0)
    assert "Observation:" in first["stop"]
    # What the agent has written is there once, in the form of this project.
    assert [message["role"] for message in second["messages"]] == ["system", "user", "assistant", "user"]
    assert second["messages"][2]["content"].count("search('area of Chad')") == 1


def test_a_right_chain_of_thought_is_kept_beside_it(tmp_path: Path, sandbox: Sandbox) -> None:
    with OpenAIServer(Model()) as server:
        trajectory = _teacher(server, tmp_path, sandbox).attempt(SUMS[0])
    assert trajectory.right
    assert trajectory.cot == CHAIN.format(answer=2)


def test_a_failed_step_is_read_and_not_learnt(tmp_path: Path, sandbox: Sandbox) -> None:
    def step(request: ChatRequest) -> str:
        if "ZeroDivisionError" in request.messages[-1]["content"]:
            return "Thought: I add.\n```python\nfinal_answer(1 + 1)\n```"
        return "Thought: I divide.\n```python\nprint('so far')\n1 / 0\n```"

    with OpenAIServer(Model(step)) as server:
        trajectory = _teacher(server, tmp_path, sandbox).attempt(SUMS[0])
    assert trajectory.right
    assert [one.learn for one in trajectory.steps] == [False, True]
    assert trajectory.steps[0].observation == "so far\nError: ZeroDivisionError: division by zero"


@pytest.mark.parametrize("call", ["search(5)", "search()", "search(['Chad'])", "search('Chad', 2, z=1)"])
def test_a_wrong_call_of_search_is_an_error_that_the_agent_reads(
    call: str, tmp_path: Path, sandbox: Sandbox
) -> None:
    def step(request: ChatRequest) -> str:
        if "Error" in request.messages[-1]["content"]:
            return "Thought: I add.\n```python\nfinal_answer(1 + 1)\n```"
        return f"Thought: I search.\n```python\nprint({call})\n```"

    with OpenAIServer(Model(step)) as server:
        trajectory = _teacher(server, tmp_path, sandbox).attempt(SUMS[0])
    assert trajectory.right
    assert trajectory.steps[0].observation.startswith("Error: ")


@pytest.mark.parametrize(
    ("answer", "reason", "calls"),
    [
        ("I would rather talk about it.", "an answer without code", 2),
        ("Thought: Long.\n```python\n" + "x = 1\n" * 17_000 + "```", "an answer of more than 8,000 char", 2),
        ("Thought: No.\n```python\nfinal_answer(7)\n```", "wrong answer", 2),
        ("Thought: Wait.\n```python\nprint('hm')\n```", "no final answer after 3 steps", 4),
        ("", "an answer without code", 2),
    ],
)
def test_what_is_rejected_has_a_reason_and_costs_no_more(
    answer: str, reason: str, calls: int, tmp_path: Path, sandbox: Sandbox
) -> None:
    with OpenAIServer(Model(lambda request: answer)) as server:
        trajectory = _teacher(server, tmp_path, sandbox, max_steps=3).attempt(SUMS[0])
    assert not trajectory.right
    assert trajectory.reason.startswith(reason)
    assert len(server.requests) == calls


@pytest.mark.parametrize(
    "answer",
    [
        "Thought: I add.\n\nCode:\n```py\nfinal_answer(1 + 1)\n```<end_code>",
        "Thought: I add.\n<code>\nfinal_answer(1 + 1)\n</code>",
        "Thought: I add.\n```python\nfinal_answer(1 + 1)",
        "<think>Hm.</think>Thought: I add.\n```python\nfinal_answer(1 + 1)\n```\n```python\nprint(2)\n```",
    ],
)
def test_other_forms_of_a_step(answer: str, tmp_path: Path, sandbox: Sandbox) -> None:
    with OpenAIServer(Model(lambda request: answer)) as server:
        (step,) = _teacher(server, tmp_path, sandbox).attempt(SUMS[0]).steps
    assert (step.thought, step.code) == ("I add.", "final_answer(1 + 1)")


def test_the_first_thought_begins_the_first_answer_only(tmp_path: Path, sandbox: Sandbox) -> None:
    def step(request: ChatRequest) -> str:
        if request.messages[-1]["role"] == "assistant":
            return " Then I add.\n```python\nprint(1 + 1)\n```"
        return "Thought: Done.\n```python\nfinal_answer(2)\n```"

    with OpenAIServer(Model(step)) as server:
        teacher = _teacher(server, tmp_path, sandbox, first_thought=True)
        teacher.start()
        trajectory = teacher.attempt(SUMS[0])
        _teacher(server, tmp_path, sandbox, first_thought=True).start()
    assert [one.thought for one in trajectory.steps] == ["I look up both areas. Then I add.", "Done."]
    _probe, _chain, first, second = (request.body for request in server.requests)
    assert first["messages"][-1] == {"role": "assistant", "content": "Thought: I look up both areas."}
    assert (first["continue_final_message"], first["add_generation_prompt"]) == (True, False)
    assert "continue_final_message" not in second
    assert second["messages"][-1]["role"] == "user"


def test_a_server_that_repeats_the_beginning(tmp_path: Path, sandbox: Sandbox) -> None:
    """As llama.cpp's does."""

    def behave(request: ChatRequest) -> Reply:
        last = request.messages[-1]
        reply = Model()(request)
        return replace(reply, text=last["content"] + reply.text) if last["role"] == "assistant" else reply

    with OpenAIServer(behave) as server:
        teacher = _teacher(server, tmp_path, sandbox, first_thought=True)
        teacher.start()
        (step,) = teacher.attempt(SUMS[0]).steps
    assert step.thought == "I look up both areas.I add."


def test_a_server_without_stop_texts_is_asked_without_them(tmp_path: Path, sandbox: Sandbox) -> None:
    def behave(request: ChatRequest) -> Reply:
        if "stop" in request.body:
            return Reply(status=400, error="Unsupported parameter: 'stop' is not supported with this model.")
        return Model()(request)

    with OpenAIServer(behave) as server:
        assert _teacher(server, tmp_path, sandbox).attempt(AREA).right
    assert sum("stop" in request.body for request in server.requests) == 1


def test_the_budget_ends_the_run_and_paid_steps_are_not_paid_again(tmp_path: Path, sandbox: Sandbox) -> None:
    model = Model()
    with OpenAIServer(model) as server:
        with pytest.raises(BudgetSpent, match="raise --budget-tokens"):
            _teacher(server, tmp_path, sandbox, budget=2_500).attempt(AREA)
        paid = len(server.requests)
        assert paid >= 1
        assert _teacher(server, tmp_path, sandbox).attempt(AREA).right
    assert max(model.asked.values()) == 1


def test_a_failing_retriever_ends_the_run(tmp_path: Path, sandbox: Sandbox) -> None:
    retriever = ServedRetriever("http://127.0.0.1:9", retries=0)
    with (
        OpenAIServer(Model()) as server,
        pytest.raises(SubgoalError, match="Cannot reach the retrieval server"),
    ):
        _teacher(server, tmp_path, sandbox, retriever=retriever).attempt(AREA)


def test_a_question_is_asked_as_it_is_written(tmp_path: Path, sandbox: Sandbox) -> None:
    braces = Question("q", "What is {1} plus {{1}}? {%", "2", "maths", "test", "sums", "train", True)

    def step(request: ChatRequest) -> str:
        assert any(braces.question in message["content"] for message in request.messages)
        return "Thought: I add.\n```python\nfinal_answer(2)\n```"

    with OpenAIServer(Model(step)) as server:
        assert _teacher(server, tmp_path, sandbox).attempt(braces).right
    assert is_chain(server.requests[0])
