"""A language model for tests: it answers a few questions as an agent, and in a chain of thought."""

import json
import re
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from dataset_builder.tool_agents.questions.question import QUESTIONS, Question, write_questions
from dataset_builder.tool_agents.retrieval.base import Passage
from dataset_builder.tool_agents.retrieval.passages import PASSAGES, write_passages
from dataset_builder.tool_agents.teacher.continuation import BEGUN
from tests.servers.openai_server import ChatRequest, Reply

CHAIN = "I look up both areas.\n\nThe area of Chad is 1,284,000. The answer is {answer}."


def question(number: int, answer: str, kind: str = "maths", text: str | None = None) -> Question:
    """Question `number`, of the family `sums` or `areas`."""
    family = "sums" if kind == "maths" else "areas"
    asked = text or f"What is {number} plus {number}?"
    return Question(f"test/{number:05d}", asked, answer, kind, "test", family, "train", True)


SUMS = [question(number, str(2 * number)) for number in range(1, 5)]
AREA = question(100, "1,284,000", "facts", "What is the area of Chad?")


def write_set(folder: Path, *questions: Question) -> Path:
    """A folder of questions with passages."""
    write_questions(folder / QUESTIONS, questions or [*SUMS, AREA])
    write_passages(folder / PASSAGES, [Passage("chad", "Chad", "The area of Chad is 1,284,000 km².")])
    return folder


def is_chain(request: ChatRequest) -> bool:
    """Whether a chain of thought is asked for, not a step of an agent."""
    return "Reason step by step" in request.messages[0]["content"]


def is_probe(request: ChatRequest) -> bool:
    """Whether it is asked whether the server continues an unfinished answer."""
    return request.messages[-1]["content"] == BEGUN


@dataclass
class Model:
    """Answers as a good teacher would.

    Attributes:
        step: what the agent answers, given the request and the numbers in the question; None: a sum, or a
            search and then the area.
        continues: whether the server continues an unfinished answer.
        asked: how often each body came.
    """

    step: Callable[[ChatRequest], str] | None = None
    continues: bool = True
    asked: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, request: ChatRequest) -> Reply:
        with self.lock:
            self.asked[json.dumps(request.body, sort_keys=True)] += 1
        if is_probe(request):
            return Reply("nce is Paris." if self.continues else "The capital of France is Paris.")
        if is_chain(request):
            return Reply(CHAIN.format(answer="unknown" if "Chad" in request.messages[-1]["content"] else 2))
        return Reply(self.step(request) if self.step else agent_step(request))


def agent_step(request: ChatRequest) -> str:
    """The next step for one of the questions above."""
    told = "\n".join(message["content"] for message in request.messages[1:])
    if "Chad" in told:
        if "1,284,000 km" in told:
            return (
                "Thought: It is in the passage.\n```python\nfinal_answer('1284000')\n```\nObservation: done"
            )
        return "Thought: I search.\n```python\nprint(search('area of Chad'))\n```"
    (number,) = set(re.findall(r"What is (\d+) plus", told))
    begun = "" if request.messages[-1]["role"] == "assistant" else "Thought: "
    return f"{begun}I add.\n```python\nfinal_answer({number} + {number})\n```"
