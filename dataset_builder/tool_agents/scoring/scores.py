"""`score`: whether an answer is right."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dataset_builder.tool_agents.questions.question import Question
from dataset_builder.tool_agents.scoring.maths import shared_verifier
from dataset_builder.tool_agents.scoring.normalise import answer_text, exact_match, f1, number, same_text

if TYPE_CHECKING:
    from dataset_builder.tool_agents.scoring.judge import LLMJudge


@dataclass(frozen=True)
class Scores:
    """The scores of one answer.

    Attributes:
        right: maths: whether it has the value of the reference; facts: exact match, or the judge's verdict.
        exact_match: 1 if it is a reference answer after normalisation, else 0.
        f1: F1 of its words and those of the reference answer that it is nearest to, between 0 and 1.

    Example:

    ```python
    scores = [score(question, answer) for question, answer in answers]
    print(sum(result.right for result in scores) / len(scores))
    ```
    """

    right: bool
    exact_match: float
    f1: float


def score(question: Question, answer: Any, judge: "LLMJudge | None" = None) -> Scores:
    """The scores of an answer.

    Maths is compared as numbers and by math-verify; where `metadata["match"]` is `"text"`, the text counts,
    because the value is not the point (the prime factors of a number). Facts are compared as in SQuAD, with
    the answer and `metadata["aliases"]`.

    Args:
        question (`Question`): the question with its reference answer.
        answer (`Any`): a text, a number, a list; None is wrong.
        judge (`LLMJudge`, *optional*): asked about facts that do not match exactly.

    Raises:
        UsageError: if math-verify is needed and not installed.
        SubgoalError: if the judge's server or its budget ends the run.

    Example:

    ```python
    >>> question = Question("0", "Capital of Chad?", "N'Djamena", "facts", "open", "one_hop", "test", True)
    >>> score(question, "the N'Djamena")
    Scores(right=True, exact_match=1.0, f1=1.0)
    ```
    """
    given = answer_text(answer)
    if not given:
        return Scores(False, 0.0, 0.0)
    by_text = question.kind == "maths" and question.metadata.get("match") == "text"
    match = same_text if by_text else exact_match
    references = [question.answer, *map(str, question.metadata.get("aliases") or ())]
    matches = any(match(reference, given) for reference in references)
    right = matches
    if not matches and question.kind == "maths" and not by_text:
        right = _same_value(question.answer, given)
    elif not matches and question.kind == "facts" and judge is not None:
        right = judge.judge(question, given) is True
    return Scores(right, float(matches), max(f1(reference, given) for reference in references))


def _same_value(reference: str, answer: str) -> bool:
    if number(reference) is not None and number(answer) is not None:
        return False  # they were compared as numbers
    return shared_verifier().same(reference, answer)
