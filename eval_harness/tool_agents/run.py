"""A run over questions in a folder: it survives kills and refuses other runs."""

import hashlib
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.progress import Progress

from dataset_builder.common.console import progress_line
from dataset_builder.common.errors import UsageError
from dataset_builder.common.files import check_output_folder, write_atomically
from dataset_builder.common.folder_lock import folder_lock
from dataset_builder.common.jsonl_store import JsonlStore
from dataset_builder.tool_agents.questions.question import Question
from dataset_builder.tool_agents.retrieval.base import NoPassages, Retriever
from dataset_builder.tool_agents.retrieval.bm25 import BM25Retriever
from eval_harness.rollout.provenance import hardware, versions
from eval_harness.tool_agents.playing import PlaySettings, play_questions
from eval_harness.tool_agents.records import ANSWERS_FILE, FORMAT, RUN_FILE, ToolRun, read_run
from modeling.tool_agents.answering import ChatModel

if TYPE_CHECKING:
    from dataset_builder.tool_agents.sandbox import Sandbox
    from dataset_builder.tool_agents.sandbox.remote import RemoteSandbox
    from dataset_builder.tool_agents.scoring import LLMJudge


def run_questions(
    out: str | Path,
    questions: Sequence[Question],
    model: ChatModel,
    settings: PlaySettings,
    retriever: Retriever | None = None,
    sandbox: "Sandbox | RemoteSandbox | None" = None,
    judge: "LLMJudge | None" = None,
    progress: Progress | None = None,
    wait: bool = False,
) -> ToolRun:
    """Answer the questions that the folder does not hold yet, and return the whole run.

    Args:
        out (`str` or `Path`): folder of the run.
        questions, model, settings, retriever, sandbox, judge: see `play_questions`.
        progress (`rich.progress.Progress`, *optional*): shows a progress bar.
        wait (`bool`, *optional*, defaults to `False`): wait until another process has finished with `out`.

    Raises:
        UsageError: if the folder holds another run; as `play_questions`.
        SubgoalError: as `play_questions`, or if another process owns the folder.

    Example:

    ```python
    questions = load_questions("questions", "test")
    run = run_questions("runs/agent", questions, model, PlaySettings(), retriever, sandbox)
    sum(result.right for result in run.results.values())
    ```
    """
    out = Path(out)
    check_output_folder(out, [RUN_FILE], "a run over questions")
    with folder_lock(out, wait):
        record = _opened(out, questions, model, settings, retriever, judge)
        store = JsonlStore(out / ANSWERS_FILE)
        missing = [question for question in questions if (question.id,) not in store]
        advance = progress_line(progress, "questions", len(questions), len(questions) - len(missing))
        clock = _Clock(out, record)
        try:
            for result in play_questions(missing, model, settings, retriever, sandbox, judge):
                store.append((result.id,), result.to_record())
                advance()
        finally:
            clock.save()
        return read_run(out)


class _Clock:
    """Adds the time of this session to the record of the run."""

    def __init__(self, out: Path, record: dict[str, Any]) -> None:
        self._out, self._record = out, record
        self._began, self._cpu = time.monotonic(), _cpu_seconds()

    def save(self) -> None:
        record = self._record
        record["seconds"] = round(record["seconds"] + time.monotonic() - self._began, 1)
        record["cpu_seconds"] = round(record["cpu_seconds"] + _cpu_seconds() - self._cpu, 1)
        _write(self._out, record)


def _cpu_seconds() -> float:
    """CPU time of this process and of its ended children."""
    import resource

    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def _opened(
    out: Path,
    questions: Sequence[Question],
    model: ChatModel,
    settings: PlaySettings,
    retriever: Retriever | None,
    judge: "LLMJudge | None",
) -> dict[str, Any]:
    """The record of the run in a folder, which is made if there is none."""
    text = json.dumps([question.to_record() for question in questions], sort_keys=True)
    identity = {
        "model": model.describe(),
        "max_new_tokens": model.max_new_tokens,
        "mode": settings.mode,
        "samples": settings.search.samples,
        "temperature": settings.search.temperature if settings.search.samples else None,
        "top_p": settings.search.top_p if settings.search.samples else None,
        "num_beams": settings.search.num_beams,
        "max_steps": settings.max_steps,
        "seed": settings.seed if settings.search.samples else None,
        "questions": f"sha256:{hashlib.sha256(text.encode()).hexdigest()}",
        "passages": _passages(retriever),
        "judge": judge.session.client.model if judge else None,
        "sets": sorted({question.set for question in questions}),
        "splits": sorted({question.split for question in questions}),
    }
    identity = json.loads(json.dumps(identity))
    if (out / RUN_FILE).is_file():
        read_run(out)  # refuses a damaged one
        earlier = json.loads((out / RUN_FILE).read_text(encoding="utf-8"))
        differs = [name for name, value in identity.items() if earlier["settings"].get(name, value) != value]
        if differs:
            raise UsageError(f"{out} holds a run that differs in {', '.join(differs)}: choose another --out.")
        record: dict[str, Any] = earlier
        return record
    record = {
        "format": FORMAT,
        "settings": identity,
        "questions": [question.id for question in questions],
        "versions": versions(),
        "hardware": hardware(),
        "seconds": 0.0,
        "cpu_seconds": 0.0,
    }
    _write(out, record)
    return record


def _passages(retriever: Retriever | None) -> str | None:
    """What is searched: a digest of the passages, or the class of another retriever; None without any."""
    if retriever is None or isinstance(retriever, NoPassages):
        return None
    if not isinstance(retriever, BM25Retriever):
        return type(retriever).__name__  # the address of a server may change during a run
    digest = hashlib.sha256()
    for passage in retriever.passages:
        digest.update(json.dumps([passage.id, passage.title, passage.text]).encode())
    return f"sha256:{digest.hexdigest()}"


def _write(out: Path, record: dict[str, Any]) -> None:
    write_atomically(out / RUN_FILE, json.dumps(record, indent=2, ensure_ascii=False) + "\n")
