"""Self-consistent action generation: the vote over the candidates of a step (arXiv 2505.17612)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from dataset_builder.tool_agents.conversation import NO_CODE, ToolStep, read_step
from dataset_builder.tool_agents.sandbox import Execution
from dataset_builder.tool_agents.sandbox.base import Session
from dataset_builder.tool_agents.scoring.normalise import answer_text


@dataclass(frozen=True)
class ChosenStep:
    """The step that is taken.

    Attributes:
        step: thought and code; None if no candidate has a Python block.
        execution: what its code did.
        text: what the model wrote.
        candidates: number of candidates.
        unparsed: candidates without a Python block.
        failed: candidates whose code failed.
        votes: candidates that agree with the chosen one, itself included.

    Example:

    ```python
    with Sandbox() as sandbox:
        step = choose_step(texts, sandbox.open())
    step.text, step.votes
    ```
    """

    step: ToolStep | None
    execution: Execution
    text: str
    candidates: int
    unparsed: int
    failed: int
    votes: int


def choose_step(texts: Sequence[str], session: Session) -> ChosenStep:
    """Run the candidates and take one; the session goes on with its state.

    Candidates that cannot be parsed or fail are dropped if others work. Of the rest, the outcome with the
    most votes wins, and of its candidates the first one. An outcome is the printed text together with the
    final answer: two candidates that answer differently disagree, whatever they print.

    Args:
        texts (`Sequence[str]`): what the model wrote, at least one.
        session (`Session`): each candidate runs on its own copy of this state.
    """
    steps = [read_step(text) for text in texts]
    parsed = [index for index, step in enumerate(steps) if step is not None]
    unparsed = len(texts) - len(parsed)
    if not parsed:
        return ChosenStep(
            None, Execution("", None, NO_CODE, 0), texts[0], len(texts), unparsed, 0, len(texts)
        )
    codes = {index: step.code for index, step in enumerate(steps) if step is not None}
    distinct = list(dict.fromkeys(codes.values()))  # equal code is run once
    if len(distinct) == 1:
        executions = {distinct[0]: session.run(distinct[0])}
    else:
        executions = dict(zip(distinct, session.run_candidates(distinct), strict=True))
    working = [index for index in parsed if executions[codes[index]].error is None]
    failed = len(parsed) - len(working)
    outcomes = {index: _outcome(executions[codes[index]]) for index in working or parsed}
    winner, votes = Counter(outcomes.values()).most_common(1)[0]
    index = next(index for index, outcome in outcomes.items() if outcome == winner)
    if len(distinct) > 1:
        session.keep(distinct.index(codes[index]))
    return ChosenStep(
        steps[index], executions[codes[index]], texts[index], len(texts), unparsed, failed, votes
    )


def _outcome(execution: Execution) -> tuple[str, str, str]:
    # As it is scored: 12, "12" and 12.0 are one answer.
    answer = "" if execution.answer is None else f"= {answer_text(execution.answer)}"
    return execution.output.strip(), answer, execution.error or ""
