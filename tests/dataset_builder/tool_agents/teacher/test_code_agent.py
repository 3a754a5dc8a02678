"""One question for a code agent whose model is a function: no server, real code."""

from collections.abc import Callable, Iterator, Sequence

import pytest

from dataset_builder.common.errors import SubgoalError
from dataset_builder.llm.request_format import Message
from dataset_builder.tool_agents.retrieval.base import Passage, Retriever
from dataset_builder.tool_agents.retrieval.bm25 import BM25Retriever
from dataset_builder.tool_agents.sandbox import Sandbox
from dataset_builder.tool_agents.teacher.code_agent import AgentRun, run_code_agent

PASSAGES = BM25Retriever([Passage("chad", "Chad", "The area of Chad is 1,284,000 km².")])

Run = Callable[..., AgentRun]


class _Model:
    """Gives prepared answers in turn, the last one again and again; keeps what it was asked."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked: list[list[Message]] = []
        self.stops: list[Sequence[str]] = []

    def __call__(self, messages: list[Message], stops: Sequence[str]) -> str:
        self.asked.append(messages)
        self.stops.append(stops)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def _code(source: str, thought: str = "Work.") -> str:
    return f"Thought: {thought}\n```python\n{source}\n```"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as opened:
        yield opened


@pytest.fixture
def run(sandbox: Sandbox) -> Run:
    def run(model: _Model, retriever: Retriever = PASSAGES, max_steps: int = 3) -> AgentRun:
        return run_code_agent("What is the area of Chad?", model, retriever, sandbox, max_steps)

    return run


def test_steps_are_recorded_with_what_their_code_printed(run: Run) -> None:
    model = _Model(_code("print(search('area of Chad'))", "Search."), _code("final_answer(1284000)", "Read."))
    done = run(model)
    assert (done.answer, done.reason) == (1284000, "")
    search, answer = done.steps
    assert (search.thought, search.code) == ("Search.", "print(search('area of Chad'))")
    assert search.observation == "[1] Chad: The area of Chad is 1,284,000 km²."
    assert (answer.thought, answer.observation, answer.learn) == ("Read.", "", True)


def test_the_model_reads_its_own_steps_once_and_the_modules_that_it_may_import(run: Run) -> None:
    model = _Model(_code("print(search('area of Chad'))"), _code("final_answer(0)"))
    run(model)
    first, second = model.asked
    assert [message["role"] for message in first] == ["system", "user"]
    assert "fractions" in first[0]["content"]
    assert "numpy" not in first[0]["content"]
    assert [message["role"] for message in second] == ["system", "user", "assistant", "user"]
    assert second[2]["content"] == _code("print(search('area of Chad'))")
    assert "1,284,000 km²" in second[3]["content"]
    assert all("Observation:" in stops for stops in model.stops)


def test_code_that_fails_is_read_and_not_learnt(run: Run) -> None:
    model = _Model(_code("print('so far')\n1 / 0"), _code("final_answer(5)"))
    failed, answer = run(model).steps
    assert failed.observation == "so far\nError: ZeroDivisionError: division by zero"
    assert (failed.learn, answer.learn) == (False, True)


def test_steps_that_are_used_up_end_the_run_without_another_call(run: Run) -> None:
    model = _Model(_code("print('hm')"))
    done = run(model, max_steps=2)
    assert (done.answer, done.reason) == (None, "no final answer after 2 steps")
    assert len(done.steps) == len(model.asked) == 2


def test_an_answer_without_code_ends_the_run_with_the_reason(run: Run) -> None:
    done = run(_Model(_code("print(1)"), "I would rather talk about it."))
    assert (done.answer, done.reason) == (None, "an answer without code")
    assert [step.code for step in done.steps] == ["print(1)"]


def test_a_state_is_kept_between_the_steps_of_a_question_only(run: Run) -> None:
    assert run(_Model(_code("x = 5"), _code("final_answer(x)"))).answer == 5
    done = run(_Model(_code("final_answer(x)"), _code("final_answer(0)")))
    assert "NameError" in done.steps[0].observation


def test_a_failure_that_is_not_the_models_ends_the_run(run: Run) -> None:
    class Broken:
        def search(self, queries: Sequence[str], top_k: int = 3) -> list[list[Passage]]:
            raise SubgoalError("The index is gone.")

    with pytest.raises(SubgoalError, match=r"^The index is gone\.$"):
        run(_Model(_code("search('Chad')")), Broken())

    def failing(messages: list[Message], stops: Sequence[str]) -> str:
        raise SubgoalError("The server is down.")

    with pytest.raises(SubgoalError, match=r"^The server is down\.$"):
        run(failing)
