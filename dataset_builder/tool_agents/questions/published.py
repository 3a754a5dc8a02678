"""The published question sets, from the Hub, with the sizes and filters of arXiv 2505.17612.

The paper samples without naming its seeds, so the questions are not the same ones: those of `seed` 0 here.
"""

import random
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from dataset_builder.common.errors import UsageError
from dataset_builder.tool_agents.questions.answers import boxed_answer, number_answer
from dataset_builder.tool_agents.questions.question import Question

Row = Mapping[str, Any]


def _every(row: Row) -> bool:
    return True


def _is_hard(row: Row) -> bool:
    return row["level"] == "hard"


def _is_level_three_or_above(row: Row) -> bool:
    level = re.search(r"\d", str(row["level"]))
    return level is not None and int(level[0]) >= 3


@dataclass(frozen=True)
class PublishedSet:
    """Where the questions of a set and split are, and which of them are used.

    Attributes:
        repo: Hub id.
        hub_split: split there.
        size: number of questions that are sampled; None: all.
        kind: `maths` or `facts`.
        in_domain: whether the paper trains on questions of this set.
        configs: configurations, read one after the other; None: the only one.
        question, answer: names of columns.
        filter_columns: further columns that `keep` reads.
        keep: whether a row is used.
        read_answer: the reference answer in the cell of the column `answer`.
        aliases: column of further right answers.

    Example:

    ```python
    >>> published = PUBLISHED["bamboogle", "test"]
    >>> published.repo, published.columns
    ('chiayewken/bamboogle', ['Question', 'Answer'])
    ```
    """

    repo: str
    hub_split: str
    size: int | None
    kind: str
    in_domain: bool = False
    configs: tuple[str | None, ...] = (None,)
    question: str = "question"
    answer: str = "answer"
    filter_columns: tuple[str, ...] = ()
    keep: Callable[[Row], bool] = _every
    read_answer: Callable[[Any], str] = str
    aliases: str | None = None

    @property
    def columns(self) -> list[str]:
        """Columns that are read."""
        optional = [self.aliases] if self.aliases else []
        return [self.question, self.answer, *self.filter_columns, *optional]


PUBLISHED: dict[tuple[str, str], PublishedSet] = {
    ("hotpotqa", "train"): PublishedSet(
        "hotpotqa/hotpot_qa",
        "train",
        1_000,
        "facts",
        in_domain=True,
        configs=("distractor",),
        filter_columns=("level",),
        keep=_is_hard,
    ),
    ("hotpotqa", "test"): PublishedSet(
        "hotpotqa/hotpot_qa",
        "validation",
        500,
        "facts",
        in_domain=True,
        configs=("distractor",),
        filter_columns=("level",),
        keep=_is_hard,
    ),
    ("math", "train"): PublishedSet(
        "DigitalLearningGmbH/MATH-lighteval",
        "train",
        2_000,
        "maths",
        in_domain=True,
        configs=("default",),
        question="problem",
        answer="solution",
        filter_columns=("level",),
        keep=_is_level_three_or_above,
        read_answer=boxed_answer,
    ),
    ("math", "test"): PublishedSet(
        "HuggingFaceH4/MATH-500", "test", None, "maths", in_domain=True, question="problem"
    ),
    ("bamboogle", "test"): PublishedSet(
        "chiayewken/bamboogle", "test", None, "facts", question="Question", answer="Answer"
    ),
    ("musique", "test"): PublishedSet(
        "dgslibisey/MuSiQue", "validation", 500, "facts", aliases="answer_aliases"
    ),
    ("2wikimultihopqa", "test"): PublishedSet("framolfese/2WikiMultihopQA", "validation", 500, "facts"),
    ("gsm-hard", "test"): PublishedSet(
        "reasoning-machines/gsm-hard",
        "train",
        500,
        "maths",
        question="input",
        answer="target",
        read_answer=number_answer,
    ),
    ("aime", "test"): PublishedSet("AI-MO/aimo-validation-aime", "train", None, "maths", question="problem"),
    ("olymmath", "test"): PublishedSet(
        "RUC-AIBOX/OlymMATH", "test", None, "maths", configs=("en-easy", "en-hard"), question="problem"
    ),
}
"""Name and split of a set → where it is."""


def published_names() -> list[str]:
    """Names of the sets, each once."""
    return list(dict.fromkeys(name for name, _ in PUBLISHED))


def load_published(
    name: str, split: str = "test", *, seed: int = 0, repo: str | None = None
) -> list[Question]:
    """The questions of a published set.

    Args:
        name (`str`): one of `published_names()`.
        split (`str`, *optional*, defaults to `"test"`): `"test"` or `"train"`.
        seed (`int`, *optional*, defaults to 0): of the sample.
        repo (`str`, *optional*): another copy of the set: a Hub id, with `@REVISION` if wanted, or a folder.

    Raises:
        UsageError: if there is no such set or split, or the copy lacks configurations, columns or questions.
        SubgoalError: if the Hub cannot be reached.

    Example:

    ```python
    questions = load_published("bamboogle")
    print(len(questions))  # 125
    ```
    """
    published = _published(name, split)
    source = repo or published.repo
    rows = [row for row in _rows(published, source) if published.keep(row)]
    if not rows:
        raise UsageError(f"{source} holds no questions for {name}/{split}: name another copy or revision.")
    indices = list(range(len(rows)))
    if published.size is not None and published.size < len(rows):
        indices = sorted(random.Random(f"{name}/{split}/{seed}").sample(indices, published.size))
    return [_question(published, rows[index], f"{name}/{split}/{index:05d}", source) for index in indices]


def published_rows() -> list[dict[str, str]]:
    """Table rows with the keys `set`, `split`, `questions`, `kind`, `in training` and `from` (the Hub id)."""
    return [
        {"set": name, "split": split, "questions": "all" if one.size is None else str(one.size)}
        | {"kind": one.kind, "in training": "yes" if one.in_domain else "no", "from": one.repo}
        for (name, split), one in PUBLISHED.items()
    ]


def _published(name: str, split: str) -> PublishedSet:
    if name not in published_names():
        raise UsageError(f"Unknown question set {name!r}: use {', '.join(published_names())}.")
    if (name, split) not in PUBLISHED:
        splits = [one for known, one in PUBLISHED if known == name]
        raise UsageError(f"{name} has no split {split!r}: use {' or '.join(splits)}.")
    return PUBLISHED[name, split]


def _rows(published: PublishedSet, source: str) -> Iterable[Row]:
    from dataset_builder.hub.open_tables import open_tables

    for config in published.configs:
        table = open_tables(source, config, split=published.hub_split)
        if missing := [column for column in published.columns if column not in table.column_names]:
            raise UsageError(
                f"{source} has no column {missing[0]!r} in {published.hub_split}: it has "
                f"{', '.join(table.column_names)}; name a copy with the published columns."
            )
        yield from table.select_columns(published.columns)


def _question(published: PublishedSet, row: Row, id: str, source: str) -> Question:
    set_name, split, _ = id.split("/")
    cell = row[published.answer]
    answer = "" if cell is None else published.read_answer(cell).strip()
    if not answer:
        raise UsageError(
            f"{source}: the row of {id} has no answer in {published.answer!r}: name another copy."
        )
    aliases = list(row[published.aliases] or ()) if published.aliases else []
    return Question(
        id=id,
        question=str(row[published.question]).strip(),
        answer=answer,
        kind=published.kind,
        set=set_name,
        family=set_name,
        split=split,
        in_domain=published.in_domain,
        metadata={"aliases": aliases} if aliases else {},
        source=source,
    )
