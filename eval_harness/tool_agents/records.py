"""The records of a run over questions: one `QuestionResult` per question, and what was asked of whom."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from dataset_builder.common.errors import UsageError
from dataset_builder.common.jsonl_store import JsonlStore

ANSWERS_FILE = "answers.jsonl"
RUN_FILE = "tools_run.json"
FORMAT = "tool-agent run 1"


@dataclass(frozen=True)
class StepRecord:
    """One step of an agent.

    Attributes:
        thought, code: what it wrote; without a Python block, all of it is in `thought`.
        observation: what it read after that; empty for the last step.
        candidates: candidates that were drawn.
        unparsed: candidates without a Python block.
        failed: candidates whose code failed.
        votes: candidates that agree with this step.
        answer: the final answer as text, if the code of this step gave one.

    Example:

    ```python
    >>> step = StepRecord("Multiply.", "final_answer(7 * 8)", observation="", answer="56")
    >>> step.answer
    '56'
    ```
    """

    thought: str
    code: str
    observation: str
    candidates: int = 1
    unparsed: int = 0
    failed: int = 0
    votes: int = 1
    answer: str | None = None


@dataclass(frozen=True)
class QuestionResult:
    """One answered question.

    Attributes:
        id, family, kind, in_domain, question, reference: of the question.
        answer: the model's final answer as text; None if it gave none.
        right, exact_match, f1: see `dataset_builder.tool_agents.scoring.Scores`.
        steps: of an agent; empty without tools.
        text: what a model without tools wrote.
        read, written: tokens over all steps and candidates.
        searches: searches of the steps that were taken.
        shortened: inputs that lost earlier observations to fit the model.

    Example:

    ```python
    run = read_run("runs/agent")
    for result in run.results.values():
        print(result.question, result.answer, result.right)
    ```
    """

    id: str
    family: str
    kind: str
    in_domain: bool
    question: str
    reference: str
    answer: str | None
    right: bool
    exact_match: float
    f1: float
    steps: tuple[StepRecord, ...] = ()
    text: str = ""
    read: int = 0
    written: int = 0
    searches: int = 0
    shortened: int = 0

    def to_record(self) -> dict[str, Any]:
        """The result as a JSON object, whose keys are the fields; `steps` holds one object per step."""
        return asdict(self) | {"steps": [asdict(step) for step in self.steps]}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "QuestionResult":
        """The result of a JSON object. Keys that a later version added are ignored.

        Raises:
            KeyError, TypeError: if the record is not one.
        """
        names = {item.name for item in fields(cls)}
        values = {name: value for name, value in record.items() if name in names}
        return cls(**values | {"steps": tuple(StepRecord(**step) for step in record["steps"])})


@dataclass(frozen=True)
class ToolRun:
    """A run as it is read back.

    Attributes:
        folder: where it is.
        settings: `model`, `mode`, `questions`, `samples` and the like: equal in every session of the run.
        results: answered questions by id, in the order of the questions.
        expected: ids of all questions of the run.
        seconds: time of all sessions.
        cpu_seconds: CPU time of this process and its children in all sessions.

    Example:

    ```python
    run = read_run("runs/agent")
    sum(result.right for result in run.results.values()) / len(run.results)
    ```
    """

    folder: Path
    settings: Mapping[str, Any]
    results: Mapping[str, QuestionResult]
    expected: Sequence[str] = field(default_factory=tuple)
    seconds: float = 0.0
    cpu_seconds: float = 0.0

    @property
    def complete(self) -> bool:
        """Whether all questions are answered."""
        return len(self.results) == len(self.expected)

    @property
    def name(self) -> str:
        """Model and mode, for tables."""
        model = str(self.settings["model"]["id"]).rstrip("/").rpartition("/")[2]
        samples = self.settings["samples"]
        voted = f", votes of {samples}" if samples else ""
        return f"{model} ({self.settings['mode']}{voted})"


def read_run(folder: str | Path) -> ToolRun:
    """The run in a folder.

    Raises:
        UsageError: if it holds none.
    """
    folder = Path(folder)
    if not (folder / RUN_FILE).is_file():
        raise UsageError(f"{folder} holds no run over questions: name the --out of `subgoal eval tools`.")
    store = JsonlStore(folder / ANSWERS_FILE)
    try:
        record = json.loads((folder / RUN_FILE).read_text(encoding="utf-8"))
        answered = {str(row["id"]): QuestionResult.from_record(row) for row in store}
        expected = tuple(record["questions"])
        settings = record["settings"]
        times = (float(record["seconds"]), float(record["cpu_seconds"]))
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"{folder} holds a damaged run ({error}): play into another --out.") from error
    return ToolRun(
        folder, settings, {name: answered[name] for name in expected if name in answered}, expected, *times
    )
