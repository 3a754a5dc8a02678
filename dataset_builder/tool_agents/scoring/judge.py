"""`LLMJudge`: a language model's verdict on an answer that does not match word by word."""

import re
from collections import Counter

from dataset_builder.llm.errors import RequestRejected
from dataset_builder.llm.request_format import Message, RequestFormat
from dataset_builder.llm.session import ChatSession
from dataset_builder.tool_agents.questions.question import Question

JUDGE_NAME = "judge"
"""The `annotator` and `purpose` of a judge's calls in the store of completions."""

_SYSTEM = (
    "You compare an answer with the reference answer of a question. They agree if they mean the same: "
    "other wording, spelling or precision is fine, another fact is not. Reply with one word: CORRECT or "
    "INCORRECT."
)
_VERDICT = re.compile(r"\W*(in)?correct\b\W*", re.IGNORECASE)
_LAST_LINE = re.compile(r"(?:verdict|judgement|judgment|answer)\W+(in)?correct\W*", re.IGNORECASE)
_MAX_ANSWER_CHARS = 1_000


class LLMJudge:
    """Asks a model whether an answer agrees with the reference. Safe to use from threads.

    Args:
        session (`ChatSession`): the model, its server, its budget and the store of completions: no verdict
            is paid for twice.

    Attributes:
        verdicts: counts of `right`, `wrong` and `unjudged`: those that held no verdict, or were refused.

    Example:

    ```python
    judge = LLMJudge(ChatSession(ChatClient("qwen3", "http://127.0.0.1:8000/v1"), CompletionCache("run")))
    print(judge.judge(question, "the city of N'Djamena"))  # True
    ```
    """

    def __init__(self, session: ChatSession) -> None:
        self.session = session
        self.verdicts: Counter[str] = Counter()

    def judge(self, question: Question, answer: str) -> bool | None:
        """The verdict; None if the model gave none.

        Raises:
            SubgoalError: if the server or the budget ends the run, see `ChatClient.complete`.
        """

        def compose(_: RequestFormat) -> list[Message]:
            prompt = (
                f"Question: {question.question}\nReference answer: {question.answer}\n"
                f"Answer: {answer[:_MAX_ANSWER_CHARS]}"
            )
            return [{"role": "system", "content": _SYSTEM}, {"role": "user", "content": prompt}]

        about = {
            "annotator": JUDGE_NAME,
            "purpose": JUDGE_NAME,
            "task": JUDGE_NAME,
            "question": question.id,
        }
        try:
            verdict = read_verdict(self.session.ask(compose, about).text)
        except RequestRejected:
            verdict = None
        self.verdicts["unjudged" if verdict is None else "right" if verdict else "wrong"] += 1
        return verdict


def read_verdict(text: str) -> bool | None:
    """The verdict in a judge's answer: its first word, or a last line such as `Verdict: incorrect`.

    Prose that mentions the words elsewhere is not a verdict.
    """
    lines = [line for line in text.strip().splitlines() if line.strip()]
    if not lines:
        return None
    for match in (
        _VERDICT.fullmatch(lines[0]),
        _VERDICT.fullmatch(lines[-1]),
        _LAST_LINE.fullmatch(lines[-1]),
    ):
        if match:
            return match[1] is None
    return None
