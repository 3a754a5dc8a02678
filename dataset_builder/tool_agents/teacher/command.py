"""`subgoal tools collect`: makes the teacher, runs it and prints a summary."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dataset_builder.common.console import console, progress_bar, row_table, say
from dataset_builder.common.errors import SubgoalError, UsageError
from dataset_builder.tool_agents.questions.question import Question
from dataset_builder.tool_agents.retrieval.base import NoPassages, Retriever

if TYPE_CHECKING:
    from dataset_builder.tool_agents.sandbox import Sandbox
    from dataset_builder.tool_agents.teacher.collect import Teacher

PROGRAM = "program"
"""The teacher that is not a language model."""


@dataclass(frozen=True)
class TeacherOptions:
    """Options of `collect` that belong to a language model as teacher.

    Example:

    ```python
    options = TeacherOptions(base_url="http://127.0.0.1:8000/v1", concurrency=8)
    collect_trajectories(Path("run"), questions, "qwen3", retriever, options)
    ```
    """

    base_url: Annotated[
        str | None, typer.Option(help="URL of an OpenAI-compatible server. Default: OpenAI's.")
    ] = None
    first_thought: Annotated[
        bool,
        typer.Option(
            "--first-thought", help="The agent continues the first paragraph of its chain of thought."
        ),
    ] = False
    judge: Annotated[
        str | None, typer.Option(help="Model at that server that judges facts which do not match exactly.")
    ] = None
    concurrency: Annotated[int, typer.Option(help="Number of questions at the same time.")] = 4
    max_steps: Annotated[int, typer.Option(help="Steps for a question.")] = 5
    max_tokens: Annotated[
        int, typer.Option(help="Token limit of one step; four times that for a chain of thought.")
    ] = 1024
    timeout: Annotated[float, typer.Option(help="Seconds to wait for an answer.")] = 300.0
    retries: Annotated[int, typer.Option(help="How often to repeat a call that failed.")] = 5
    budget_tokens: Annotated[
        int | None,
        typer.Option(help="Token budget of all runs together; calls estimated to exceed it are not made."),
    ] = None


def collect_trajectories(
    folder: Path,
    questions: Sequence[Question],
    teacher: str,
    retriever: Retriever,
    options: TeacherOptions,
) -> None:
    """Collect what is missing; print cost and summary, also when the run is stopped.

    Raises:
        SubgoalError: as `collect`, or if no trajectory is right.
    """
    from dataset_builder.tool_agents.sandbox import Sandbox
    from dataset_builder.tool_agents.teacher.collect import collect, summary_rows

    with ExitStack() as stack:
        sandbox = stack.enter_context(Sandbox())
        if sandbox.isolation.off:
            say(f"Sandbox: {sandbox.isolation}")
        if teacher == PROGRAM:
            from dataset_builder.tool_agents.teacher.program import ProgramTeacher

            made: Teacher = ProgramTeacher(retriever, sandbox)
        else:
            made = _llm_teacher(folder, teacher, retriever, sandbox, options, stack)
        try:
            with progress_bar() as bar:
                new = collect(folder, made, questions, bar, concurrency=options.concurrency)
        finally:
            stack.close()
            rows = summary_rows(folder, made.name, questions)
            if rows:
                console.print(row_table(rows, f"Trajectories by {made.teacher}"))
    say(f"{len(questions)} questions worked on by {made.teacher}, {new} of them now.")
    if rows[-1]["kept"] == "0":
        raise SubgoalError(f"{made.teacher} has no right trajectory: see the reasons above.")


def _llm_teacher(
    folder: Path,
    model: str,
    retriever: Retriever,
    sandbox: "Sandbox",
    options: TeacherOptions,
    stack: ExitStack,
) -> "Teacher":
    from dataset_builder.llm.client import ChatClient
    from dataset_builder.llm.completion_cache import CompletionCache
    from dataset_builder.llm.ledger import budget_of_all_runs, calls_of, check_llm_options, print_spending
    from dataset_builder.llm.session import ChatSession
    from dataset_builder.tool_agents.scoring.judge import JUDGE_NAME, LLMJudge
    from dataset_builder.tool_agents.teacher.llm_teacher import LLMTeacher, agent_teacher_name

    check_llm_options(
        model,
        timeout=options.timeout,
        retries=options.retries,
        budget_tokens=options.budget_tokens,
        max_tokens=options.max_tokens,
    )
    if options.max_steps < 1:
        raise UsageError(f"--max-steps {options.max_steps}: give 1 or more.")
    name = agent_teacher_name(model, options.first_thought)
    cache = CompletionCache(folder)
    budget = budget_of_all_runs(cache, name, options.budget_tokens)
    if options.judge:
        for _, read, written in calls_of(cache, JUDGE_NAME):
            budget.add(JUDGE_NAME, read, written)

    def session(of: str) -> ChatSession:
        client = ChatClient(of, options.base_url, timeout=options.timeout, retries=options.retries)
        return ChatSession(client, cache, budget=budget)

    judge = LLMJudge(session(options.judge)) if options.judge else None
    teacher = LLMTeacher(
        session(model),
        retriever,
        sandbox,
        first_thought=options.first_thought,
        max_steps=options.max_steps,
        max_tokens=options.max_tokens,
        judge=judge,
    )

    callers = (name, JUDGE_NAME) if judge else (name,)
    before = {caller: len(calls_of(cache, caller)) for caller in callers}

    def show() -> None:
        calls = {caller: calls_of(cache, caller) for caller in callers}
        new = [call for caller in callers for call in calls[caller][before[caller] :]]
        print_spending(new, sum(map(len, calls.values())), teacher.name, budget)
        if judge and (unjudged := judge.verdicts["unjudged"]):
            say(f"{unjudged} answers are unjudged: {options.judge} gave no verdict on them.")

    stack.callback(show)
    return teacher


def question_retriever(questions: Sequence[Question], source: str, retriever: str | None) -> Retriever:
    """What the agent searches: the retriever that was named, or the passages beside the questions.

    Raises:
        UsageError: if there are questions of facts, and no passages.
        SubgoalError: if the Hub cannot be reached.
    """
    from dataset_builder.tool_agents.retrieval.passages import PASSAGES
    from dataset_builder.tool_agents.retrieval.select import open_retriever

    if retriever is not None:
        return open_retriever(retriever)
    folder = Path(source)
    if (folder / PASSAGES).is_file() or (folder.is_dir() and any(folder.rglob("*.parquet"))):
        return open_retriever(source)
    if any(question.kind == "facts" for question in questions):
        raise UsageError(f"{source} has no passages for its questions of facts: name some with --retriever.")
    return NoPassages()


def collect_from_hub(folder: Path, source: str) -> None:
    """Write the questions and trajectories of a published set to a folder; print a summary.

    Raises:
        UsageError: if there is no such set, or it has another form.
        SubgoalError: if no trajectory is right.
    """
    from dataset_builder.tool_agents.questions.question import QUESTIONS, write_questions
    from dataset_builder.tool_agents.teacher.collect import keep, summary_rows, trajectory_store
    from dataset_builder.tool_agents.teacher.from_hub import published_trajectories

    store, questions, name = trajectory_store(folder), [], f"hub:{source}"
    for question, trajectory in published_trajectories(source):
        if (name, question.id) not in store:
            keep(store, name, question, trajectory)
        questions.append(question)
    write_questions(folder / QUESTIONS, questions)
    rows = summary_rows(folder, name, questions)
    console.print(row_table(rows, f"Trajectories of {source}"))
    if rows[-1]["kept"] == rows[-1]["cot"] == "0":
        raise SubgoalError(f"{source} has no right trajectory: see the reasons above.")
    say(f"{len(questions)} questions and their trajectories in {folder}")
