"""Published trajectories of agents (those of arXiv 2505.17612) as records of this project.

A row has `model_id`, `question`, `generated_answer`, `true_answer`, `log_data` and `score`. `log_data` holds
the messages of smolagents, as an object or as JSON; `score` is 1, True, a text or blank. Files of such rows
do not load as one table, so each line is read and repaired on its own.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from dataset_builder.common.errors import UsageError
from dataset_builder.hub.ids import public_name, split_revision
from dataset_builder.tool_agents.conversation import ToolStep, observation_text
from dataset_builder.tool_agents.questions.question import Question
from dataset_builder.tool_agents.scoring import score
from dataset_builder.tool_agents.scoring.normalise import answer_text, number
from dataset_builder.tool_agents.teacher.answers import UnusableAnswer, teacher_step
from dataset_builder.tool_agents.trajectory import ToolTrajectory

COT_ONLY = "chain of thought only"
SCORED_WRONG = "wrong answer"
UNREADABLE = "unreadable log"

_LINES = (".jsonl", ".json")
_YES = {"1", "1.0", "true", "yes", "correct"}
_NO = {"0", "0.0", "false", "no", "incorrect"}
# The published agents search with tools of other names.
_SEARCH = re.compile(r"\b(?:web_search|wikipedia_search|wiki_search)\(")
_CALL_ID = re.compile(r"\ACall id: \S*\s*")
_LABEL = re.compile(r"\A\s*(?:Observation:\s*)?(?:Execution logs:\s*\n?)?")
_LAST_VALUE = re.compile(r"\n?Last output from code snippet:\s*\n?(.*)\Z", re.DOTALL)
_ERROR = re.compile(r"\A\s*Error:\s*(.*?)(?:\s*Now let's retry:.*)?\Z", re.DOTALL)
_MATHS = re.compile(r"\\[a-zA-Z]+|[\^=]|\d\s*[-+*/]\s*\d")


def published_trajectories(source: str) -> Iterator[tuple[Question, ToolTrajectory]]:
    """The questions and trajectories of a published set.

    Args:
        source (`str`): Hub id, with `@REVISION` if wanted, or a folder. Each row has the columns `question`,
            `true_answer` and `log_data` (the messages of the teacher's run).

    Raises:
        UsageError: if there is no such set, or no row has the published form.
        SubgoalError: if the Hub cannot be reached.
    """
    name = public_name(split_revision(source)[0])
    numbered = 0
    for index, row in enumerate(_rows(source)):
        question = _question(row, f"{name}/{index:05d}", source)
        if question is not None:
            numbered += 1
            yield question, _trajectory(row, question)
    if not numbered:
        raise UsageError(
            f"{source} holds no rows with question, true_answer and log_data: name a set of trajectories in "
            "the published form."
        )


def _rows(source: str) -> Iterable[Mapping[str, Any]]:
    """The rows of JSON files, line by line; of other files as a table."""
    repo, revision = split_revision(source)
    folder = Path(repo)
    paths = sorted(folder.rglob("*")) if folder.is_dir() else _downloaded(repo, revision)
    files = [path for path in paths if path.suffix in _LINES and path.name != "dataset_infos.json"]
    if files:
        return (row for path in files for row in _json_rows(path))
    from dataset_builder.hub.open_tables import open_tables

    return (row for table in open_tables(source).values() for row in table)


def _downloaded(repo: str, revision: str | None) -> list[Path]:
    """The JSON files of a dataset on the Hub; none if it has no such files, or does not exist."""
    from huggingface_hub import HfApi, errors, hf_hub_download

    from dataset_builder.hub.errors import check_environment

    check_environment()
    try:
        names = HfApi().list_repo_files(repo, revision=revision, repo_type="dataset")
        wanted = [name for name in names if name.endswith(_LINES)]
        return [Path(hf_hub_download(repo, name, revision=revision, repo_type="dataset")) for name in wanted]
    except (errors.HTTPError, errors.HFValidationError, OSError):
        return []  # opening it as a table tells why


def _json_rows(path: Path) -> Iterator[Mapping[str, Any]]:
    text = path.read_text(encoding="utf-8", errors="replace")
    try:
        values = json.loads(text) if text.lstrip().startswith("[") else None
    except ValueError:
        values = None
    if values is None:
        values = (_json(line) for line in text.split("\n"))
    yield from (value for value in values if isinstance(value, Mapping))


def _json(text: Any) -> Any:
    try:
        return json.loads(text) if isinstance(text, str) else text
    except (ValueError, RecursionError):
        return None


def _question(row: Mapping[str, Any], id: str, source: str) -> Question | None:
    """The question of a row; None if the row has none, or no reference answer."""
    question, answer = row.get("question"), answer_text(row.get("true_answer"))
    if not isinstance(question, str) or not question.strip() or not answer or "log_data" not in row:
        return None
    set_name = id.rsplit("/", 1)[0]
    # The rows do not say where a question is from: one with a mathematical answer is maths.
    is_maths = number(answer) is not None or bool(_MATHS.search(answer))
    return Question(
        id=id,
        question=question.strip(),
        answer=answer,
        kind="maths" if is_maths else "facts",
        set=set_name,
        family="published trajectories",
        split="train",
        in_domain=True,
        source=source,
    )


def _trajectory(row: Mapping[str, Any], question: Question) -> ToolTrajectory:
    answer = answer_text(row.get("generated_answer")) or None
    right = _is_right(row, question, answer)
    steps: tuple[ToolStep, ...] = ()
    chain, reason = None, "" if right else SCORED_WRONG
    messages = _messages(row)
    try:
        if not messages:
            reason = UNREADABLE
        elif any(_role(message) in ("tool-call", "tool-response") for message in messages):
            steps = _steps(messages)
        else:
            chain, reason = _last_answer(messages) if right else None, reason or COT_ONLY
    except UnusableAnswer as error:
        reason = str(error)
    return ToolTrajectory(
        question=question.id,
        teacher=str(row.get("model_id") or "unknown"),
        steps=steps,
        answer=answer,
        right=not reason,
        reason=reason,
        cot=chain,
    )


def _is_right(row: Mapping[str, Any], question: Question, answer: str | None) -> bool:
    """The published score; where it is blank or something else, this project's."""
    said = str(row.get("score")).strip().lower()
    if said in _YES | _NO:
        return said in _YES
    return answer is not None and score(question, answer).right


def _messages(row: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    log = _json(row["log_data"])
    messages = log.get("messages") if isinstance(log, Mapping) else log
    messages = _json(messages)
    if not isinstance(messages, list):
        return []
    return [message for message in messages if isinstance(message, Mapping) and message.get("role")]


def _steps(messages: list[Mapping[str, Any]]) -> tuple[ToolStep, ...]:
    """The steps of an agent: each answer with what the agent read after it.

    Raises:
        UnusableAnswer: if an answer has no code.
    """
    steps: list[ToolStep] = []
    for message in messages:
        text = _text(message)
        if _role(message) == "assistant":
            step = teacher_step(text)
            steps.append(ToolStep(step.thought, _SEARCH.sub("search(", step.code)))
        elif _role(message) == "tool-response" and steps:
            output, error = _observed(text)
            last = steps[-1]
            steps[-1] = ToolStep(last.thought, last.code, observation_text(output, error), error is None)
    if not steps or "final_answer(" not in steps[-1].code:
        raise UnusableAnswer("no final answer")
    steps[-1] = ToolStep(steps[-1].thought, steps[-1].code)
    return tuple(steps)


def _observed(text: str) -> tuple[str, str | None]:
    """Output and error of a message that smolagents gave to its agent."""
    text = _CALL_ID.sub("", text.strip())
    if failed := _ERROR.match(text):
        return "", " ".join(failed[1].split())
    text = _LABEL.sub("", text, count=1)
    value = ""
    if last := _LAST_VALUE.search(text):
        text, value = text[: last.start()], last[1].strip()
    parts = [text.strip(), value if value not in ("None", "") and value not in text else ""]
    return "\n".join(part for part in parts if part), None


def _last_answer(messages: list[Mapping[str, Any]]) -> str | None:
    answers = [_text(message) for message in messages if _role(message) == "assistant"]
    return answers[-1] if answers else None


def _role(message: Mapping[str, Any]) -> str:
    role = str(message["role"]).rpartition(".")[2].lower().replace("_", "-")  # "MessageRole.TOOL_CALL"
    return {"tool": "tool-response"}.get(role, role)


def _text(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, list):
        parts = (part.get("text") if isinstance(part, Mapping) else part for part in content)
        return "\n".join(str(part) for part in parts if part)
    return "" if content is None else str(content)
