"""`subgoal eval tools`: opens what the options name, plays, and prints the table."""

from contextlib import ExitStack
from pathlib import Path

from dataset_builder.common.console import console, progress_bar, say
from dataset_builder.common.errors import UsageError
from dataset_builder.common.files import check_output_folder
from dataset_builder.common.folder_lock import folder_lock
from dataset_builder.tool_agents.questions.load import load_questions
from dataset_builder.tool_agents.retrieval.base import NoPassages
from dataset_builder.tool_agents.sandbox import Sandbox
from dataset_builder.tool_agents.sandbox.base import open_sandbox
from dataset_builder.tool_agents.sandbox.local_session import MAX_CANDIDATES
from dataset_builder.tool_agents.sandbox.remote import RemoteSandbox
from dataset_builder.tool_agents.teacher.command import question_retriever
from eval_harness.tool_agents.playing import PlaySettings
from eval_harness.tool_agents.records import RUN_FILE
from eval_harness.tool_agents.report import column, tool_report
from eval_harness.tool_agents.run import run_questions
from modeling.checkpoints.description import is_served
from modeling.inference.search import Search
from modeling.tool_agents.answering import open_chat
from modeling.tool_agents.learners import LEARNERS


def play_and_report(
    model: str,
    questions: str,
    out: Path,
    settings: PlaySettings,
    *,
    split: str,
    max_questions: int | None = None,
    families: str | None = None,
    retriever: str | None = None,
    sandbox: str = "local",
    base: str | None = None,
    backend: str = "auto",
    max_new_tokens: int = 256,
    base_url: str | None = None,
    judge: str | None = None,
    wait: bool = False,
) -> None:
    """Play a run and print its table. Arguments are those of the command.

    Raises:
        UsageError: if an option names something that does not exist or does not fit.
        SubgoalError: if the Hub or a server cannot be reached.
    """
    learner = LEARNERS.get(settings.mode)
    if learner is None:
        raise UsageError(f"Unknown mode {settings.mode!r}: use {', '.join(LEARNERS)}.")
    _check_search(settings.search, sandbox if settings.mode == "agent" else None)
    for name, value, least in (
        ("--max-steps", settings.max_steps, 1),
        ("--batch-size", settings.batch_size, 1),
        ("--max-new-tokens", max_new_tokens, 1),
    ):
        if value < least:
            raise UsageError(f"{name} {value}: give {least} or more.")
    listed = load_questions(questions, split, max_questions, families)
    # A chain of thought reads no passages: its questions need none.
    passages = question_retriever(listed, questions, retriever) if settings.mode != "cot" else NoPassages()
    with ExitStack() as stack:
        if judge is not None or is_served(model):
            # Completions of the run folder are read when the model and the judge are opened.
            check_output_folder(out, [RUN_FILE], "a run over questions")
            stack.enter_context(folder_lock(out, wait))
        chat = open_chat(
            model,
            learner,
            base=base,
            base_url=base_url,
            ledger=str(out),
            backend=backend,
            max_new_tokens=max_new_tokens,
        )
        opened: Sandbox | RemoteSandbox | None = None
        if settings.mode == "agent":
            if sandbox != "local" and not isinstance(passages, NoPassages):
                raise UsageError(
                    f"--sandbox {sandbox} cannot search passages that are in this process: omit it, or take "
                    "questions without passages."
                )
            opened = open_sandbox(sandbox)
            stack.callback(opened.close)
            if off := opened.isolation.off if isinstance(opened, Sandbox) else ():
                say(f"The sandbox has no {', '.join(off)} here: see docs/tools.md.")
        judging = None
        if judge is not None:
            from dataset_builder.llm.client import ChatClient
            from dataset_builder.llm.completion_cache import CompletionCache
            from dataset_builder.llm.session import ChatSession
            from dataset_builder.tool_agents.scoring import LLMJudge

            client = ChatClient(judge, base_url, model_option="--judge", parallel_option="--batch-size")
            judging = LLMJudge(ChatSession(client, CompletionCache(out)))
        bar = stack.enter_context(progress_bar())
        run = run_questions(out, listed, chat, settings, passages, opened, judging, bar, wait)
    console.print(tool_report([column([run])]))


def _check_search(search: Search, sandbox: str | None) -> None:
    """Raise `UsageError` for samples that cannot be drawn, or that the sandbox of an agent cannot run."""
    if search.samples < 0 or search.temperature <= 0 or not 0 < search.top_p <= 1:
        raise UsageError("--samples must be 0 or more, --temperature above 0, --top-p above 0 and at most 1.")
    if sandbox is None:
        return
    most = MAX_CANDIDATES if sandbox == "local" else 1
    if search.samples > most:
        raise UsageError(f"--samples {search.samples}: the sandbox {sandbox} runs at most {most} at a step.")
