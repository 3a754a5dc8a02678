"""`Question`: one question with its reference answer, and files of questions."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from dataset_builder.common.errors import SubgoalError, UsageError, clip
from dataset_builder.common.files import write_atomically

KINDS = ("maths", "facts")
SPLITS = ("train", "validation", "test")
QUESTIONS = "questions.jsonl"
"""Name of the file of questions in a folder."""


@dataclass(frozen=True)
class Question:
    """A question with its reference answer.

    Args:
        id (`str`): unique, such as `"open/one_hop/train/00012"`.
        question (`str`): the text that the agent reads.
        answer (`str`): the reference answer.
        kind (`str`): `"maths"` (scored by a symbolic verifier) or `"facts"` (exact match and F1).
        set (`str`): name of the set, such as `"open"` or `"hotpotqa"`.
        family (`str`): the group of questions within the set; of a published set, its name.
        split (`str`): `"train"`, `"validation"` or `"test"`.
        in_domain (`bool`): whether questions of this family may be in the training data.
        passages (`tuple[str]`, *optional*, defaults to `()`): ids of the passages that hold the evidence, in
            the order of the hops.
        metadata (`Mapping[str, Any]`, *optional*, defaults to `{}`): JSON values that the program teacher
            needs, such as the operands of a sum.
        source (`str`, *optional*, defaults to `""`): where the question comes from: the package, marked as
            synthetic, or the id on the Hub.

    Raises:
        UsageError: if question or answer is empty, or kind or split is unknown.

    Example:

    ```python
    >>> question = Question(
    ...     id="sums/train/0",
    ...     question="What is 2 + 3?",
    ...     answer="5",
    ...     kind="maths",
    ...     set="sums",
    ...     family="sums",
    ...     split="train",
    ...     in_domain=True,
    ... )
    >>> write_questions(Path("questions.jsonl"), [question])
    >>> list(read_questions(Path("questions.jsonl"))) == [question]
    True
    ```
    """

    id: str
    question: str
    answer: str
    kind: str
    set: str
    family: str
    split: str
    in_domain: bool
    passages: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""

    def __post_init__(self) -> None:
        for name in ("question", "answer"):
            if not getattr(self, name).strip():
                raise UsageError(f"Question {self.id} has an empty {name}: remove it from the set.")
        for name, known in (("kind", KINDS), ("split", SPLITS)):
            if getattr(self, name) not in known:
                raise UsageError(
                    f"Question {self.id} has the {name} {getattr(self, name)!r}: use {', '.join(known)}."
                )

    def to_record(self) -> dict[str, Any]:
        """The question as a JSON object: its attributes are the keys."""
        return asdict(self) | {"passages": list(self.passages), "metadata": dict(self.metadata)}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Question":
        """The question of a JSON object. Keys that a later version added are ignored.

        Raises:
            KeyError: if a required key is missing.
            UsageError: as for `Question`.
        """
        optional = {"passages", "metadata", "source"}
        values = {name.name: record[name.name] for name in fields(cls) if name.name not in optional}
        return cls(
            **values,
            passages=tuple(record.get("passages") or ()),
            metadata=record.get("metadata") or {},
            source=record.get("source") or "",
        )


def write_questions(path: Path, questions: Iterable[Question]) -> None:
    """Write questions as JSON lines, all or none of them.

    Raises:
        UsageError: if the file holds others: trajectories and runs may belong to them.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(question.to_record(), ensure_ascii=False) + "\n" for question in questions)
    if path.is_file() and path.read_text(encoding="utf-8") != text:
        raise UsageError(f"{path.parent} holds other questions: name another folder.")
    write_atomically(path, text)


def read_questions(path: Path) -> Iterator[Question]:
    """The questions of a file of JSON lines.

    Raises:
        UsageError: if the file is missing or a line is not a question.
    """
    if not path.is_file():
        raise UsageError(f"{path} does not exist: run `subgoal tools questions build --out {path.parent}`.")
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        if not line.strip():
            continue
        try:
            yield Question.from_record(json.loads(line))
        except SubgoalError:
            raise
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UsageError(f"{path} line {number} is not a question: {clip(line)}") from error
