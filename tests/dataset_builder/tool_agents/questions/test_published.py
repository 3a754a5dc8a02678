"""The published sets, read from small files of the same columns, in folders and on a Hub."""

import json
import os
from pathlib import Path
from typing import Any

import datasets
import pytest

from dataset_builder.common.errors import UsageError
from dataset_builder.tool_agents.questions.published import (
    PUBLISHED,
    load_published,
    published_names,
    published_rows,
)
from tests.servers.local_hub import LocalHub
from tests.warm import run_warm

# Columns and forms of the cells as on the Hub.
ROWS: dict[str, list[dict[str, Any]]] = {
    "hotpotqa": [
        {
            "id": str(number),
            "question": f"Who is {number}?",
            "answer": "yes",
            "type": "bridge",
            "level": level,
        }
        for number, level in enumerate(["hard", "easy", "hard"])
    ],
    "math": [
        {"problem": "Find x.", "solution": r"$\boxed{\frac{1}{2}}$", "answer": r"\frac{1}{2}"}
        | {"subject": "Algebra", "level": level, "unique_id": "a"}
        for level in (2, 5)
    ],
    "bamboogle": [{"Question": "Who?", "Answer": "Ada Lovelace"}],
    "musique": [
        {"id": "2hop__1", "paragraphs": [{"idx": 0, "title": "t", "paragraph_text": "p"}]}
        | {"question": "Where?", "answer": "Peru", "answer_aliases": ["Perú"], "answerable": True}
    ],
    "2wikimultihopqa": [
        {"id": "a", "question": "Which?", "answer": "Lima", "type": "comparison"}
        | {"supporting_facts": {"title": ["t"], "sent_id": [0]}}
    ],
    "gsm-hard": [{"input": "How many?", "code": "def solution(): ...", "target": 4453450.0}],
    "aime": [{"id": 0, "problem": "Find m.", "solution": "...", "answer": "33", "url": "https://…"}],
    "olymmath": [{"unique_id": "E1", "problem": "Find y.", "answer": "$\\frac{1}{2}$", "subject": "Algebra"}],
}


def _card(files: dict[tuple[str, str], str]) -> str:
    configs: dict[str, list[str]] = {}
    for (config, split), path in files.items():
        configs.setdefault(config, []).append(f"  - split: {split}\n    path: {path}\n")
    lines = [f"- config_name: {config}\n  data_files:\n{''.join(rows)}" for config, rows in configs.items()]
    return f"---\nconfigs:\n{''.join(lines)}---\n"


def _write(folder: Path, name: str, split: str = "test", rows: list[dict[str, Any]] | None = None) -> str:
    published = PUBLISHED[name, split]
    folder.mkdir(parents=True)
    files = {}
    for config in published.configs:
        path = f"{config or 'default'}.parquet"
        files[config or "default", published.hub_split] = path
        datasets.Dataset.from_list(rows or ROWS[name]).to_parquet(folder / path)
    (folder / "README.md").write_text(_card(files))
    return str(folder)


@pytest.mark.parametrize("name", list(ROWS))
def test_a_set_with_its_columns(name: str, tmp_path: Path) -> None:
    questions = load_published(name, repo=_write(tmp_path / name, name))
    first = questions[0]
    assert (first.id, first.set, first.family, first.split) == (f"{name}/test/00000", name, name, "test")
    assert first.kind == PUBLISHED[name, "test"].kind
    assert first.in_domain is (name in ("hotpotqa", "math"))
    expected = {"hotpotqa": 2, "math": 2, "olymmath": 2}
    assert len(questions) == expected.get(name, 1)


def test_answers_and_aliases_as_they_are_scored(tmp_path: Path) -> None:
    musique = load_published("musique", repo=_write(tmp_path / "a", "musique"))
    assert musique[0].metadata == {"aliases": ["Perú"]}
    assert load_published("gsm-hard", repo=_write(tmp_path / "b", "gsm-hard"))[0].answer == "4453450"


def test_training_questions_are_filtered_by_level(tmp_path: Path) -> None:
    rows = [{"problem": str(level), "level": f"Level {level}"} for level in range(1, 6)]
    rows = [row | {"type": "Algebra", "solution": rf"\boxed{{{row['problem']}}}"} for row in rows]
    questions = load_published("math", "train", repo=_write(tmp_path / "math", "math", "train", rows))
    assert [question.answer for question in questions] == ["3", "4", "5"]


def test_the_sample_depends_on_the_seed_alone(tmp_path: Path) -> None:
    rows = [{"input": f"Question {number}", "code": "", "target": float(number)} for number in range(1319)]
    source = _write(tmp_path / "gsm", "gsm-hard", rows=rows)
    first, again, other = (load_published("gsm-hard", repo=source, seed=seed) for seed in (0, 0, 1))
    assert len(first) == 500
    assert first == again != other


def test_the_sizes_are_the_published_ones() -> None:
    assert len(published_names()) == 8
    sizes = {(row["set"], row["split"]): row["questions"] for row in published_rows()}
    assert sizes["hotpotqa", "train"] == "1000"
    assert sizes["math", "test"] == "all"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            [{"question": "Who?", "answer": "Ada"}],
            "has no column 'Question' in test: it has question, answer",
        ),
        ([{"Question": "Who?", "Answer": ""}], "the row of bamboogle/test/00000 has no answer in 'Answer'"),
        ([{"Question": "Who?", "Answer": None}], "the row of bamboogle/test/00000 has no answer in 'Answer'"),
    ],
)
def test_wrong_columns_are_one_line(rows: list[dict[str, Any]], message: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=message):
        load_published("bamboogle", repo=_write(tmp_path / "set", "bamboogle", rows=rows))


def test_a_copy_without_configuration_split_or_questions_is_one_line(tmp_path: Path) -> None:
    source = _write(tmp_path / "bamboogle", "bamboogle")
    with pytest.raises(UsageError, match="has no configuration 'distractor'"):
        load_published("hotpotqa", repo=source)
    with pytest.raises(UsageError, match="has no split 'validation'"):
        load_published("musique", repo=source)
    rows = [ROWS["hotpotqa"][1]]
    with pytest.raises(UsageError, match="holds no questions for hotpotqa/test"):
        load_published("hotpotqa", repo=_write(tmp_path / "easy", "hotpotqa", rows=rows))


def test_unknown_names_are_one_line() -> None:
    with pytest.raises(UsageError, match=r"Unknown question set 'triviaqa': use hotpotqa"):
        load_published("triviaqa")
    with pytest.raises(UsageError, match="bamboogle has no split 'train': use test"):
        load_published("bamboogle", "train")


LOAD = """
import json, sys
from huggingface_hub import HfApi
HfApi().create_repo("tester/bamboogle", repo_type="dataset")
HfApi().upload_folder(repo_id="tester/bamboogle", folder_path=sys.argv[1], repo_type="dataset")
from dataset_builder.common.errors import SubgoalError
from dataset_builder.tool_agents.questions.published import load_published
print(json.dumps([question.to_record() for question in load_published("bamboogle", repo="tester/bamboogle")]))
try:
    load_published("aime")
except SubgoalError as error:
    print(json.dumps(str(error)))
"""


def test_a_set_is_loaded_from_the_hub(tmp_path: Path) -> None:
    source = _write(tmp_path / "bamboogle", "bamboogle")
    with LocalHub() as hub:
        done = run_warm("-c", LOAD, source, env=os.environ | hub.environment(tmp_path / "home"))
    assert done.returncode == 0, done.stderr
    questions, error = map(json.loads, done.stdout.splitlines()[-2:])
    assert [(one["answer"], one["source"]) for one in questions] == [("Ada Lovelace", "tester/bamboogle")]
    assert error.startswith("No dataset AI-MO/aimo-validation-aime on the Hub")
