"""Two commands on one folder: the second names the first or waits for it, and no record comes twice."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dataset_builder.common.folder_lock import LOCK_FILES, folder_lock
from dataset_builder.tool_agents.dataset.build import build_tool_dataset
from dataset_builder.tool_agents.questions.question import read_questions, write_questions
from dataset_builder.trajectories.corpus import trajectory_store
from dataset_builder.trajectories.trajectory import Trajectory
from eval_harness.results.records import load_run
from subgoal.cli import app
from tests.dataset_builder.annotation.teacher.oracle import Oracle
from tests.dataset_builder.common.test_folder_lock import own
from tests.eval_harness.tool_agents.conftest import question
from tests.servers.openai_server import OpenAIServer, Reply

ROOT = Path(__file__).parents[2]


def together(*commands: tuple[object, ...]) -> list[tuple[int, str]]:
    """Exit status and output of commands that run at the same time."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "subgoal", *map(str, command)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for command in commands
    ]
    return [(process.wait(), process.communicate()[0]) for process in processes]


def keys(path: Path) -> list[tuple[object, ...]]:
    return sorted(tuple(json.loads(line)["key"]) for line in path.read_text().splitlines())


def dataset_files(folder: Path) -> set[str]:
    """The files of a dataset; the names of its tables contain a digest of their content."""
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    return files - set(LOCK_FILES)


def corpus(folder: Path, paths: list[Trajectory]) -> Path:
    store = trajectory_store(folder)
    for path in paths:
        store.append(path.key, {"trajectory": path.to_dict()})
    return folder


def test_collect_twice(tmp_path: Path) -> None:
    command = ("corpus", "collect", "--tasks", "4-4", "--max-variations", "2", "--out", tmp_path, "--wait")
    done = together(command, command)
    assert [status for status, _ in done] == [0, 0], done
    assert sum("in use by process" in said for _, said in done) <= 1
    found = keys(tmp_path / "trajectories.jsonl")
    assert len(found) == len(set(found)) == 6


def test_annotate_with_a_language_model_twice_pays_once(tmp_path: Path, recorded: list[Trajectory]) -> None:
    paths = [path for path in recorded if path.path == "tidied"][:4]
    corpus(tmp_path, paths)
    with OpenAIServer(Oracle(recorded)) as server:
        teacher = ("--annotator", "llm", "--model", "teacher", "--base-url", server.base_url)
        command = ("corpus", "annotate", tmp_path, *teacher, "--wait")
        done = together(command, command)
    assert [status for status, _ in done] == [0, 0], done
    assert len(server.answered) == 4
    assert len(keys(tmp_path / "completions.jsonl")) == 4
    assert len(keys(tmp_path / "annotations-llm-teacher.jsonl")) == 4


def test_runs_of_different_tasks_in_one_folder(tmp_path: Path) -> None:
    """The results cover all of the folder's episodes, whichever command ends last."""
    command = ("eval", "run", "--agent", "random", "--protocol", "mini", "--max-variations", "1")
    one, two = (
        (*command, "--tasks", task, "--out", tmp_path, "--wait") for task in ("find-animal", "find-plant")
    )
    done = together(one, two)
    assert [status for status, _ in done] == [0, 0], done
    result = load_run(tmp_path)
    assert len(keys(tmp_path / "episodes.jsonl")) == result.episodes == 2
    assert set(result.played) == set(result.asked) == {"find-animal", "find-plant"}
    assert result.complete


def test_build_twice(small_corpus: Path, small_dataset: Path, tmp_path: Path) -> None:
    out = tmp_path / "dataset"
    command = ("corpus", "build", small_corpus, "--out", out)
    with folder_lock(out):
        ((status, output),) = together(command)
    assert (status, output.count("is in use by process")) == (1, 1), output
    done = together((*command, "--wait"), (*command, "--wait"))
    assert [status for status, _ in done] == [0, 0], done
    assert all(output.count("Dataset written") == 1 for _, output in done)
    assert dataset_files(out) == dataset_files(small_dataset)
    assert [path.name for path in tmp_path.iterdir()] == ["dataset"]


def test_a_run_that_asks_a_language_model_twice_pays_once(tmp_path: Path) -> None:
    (tmp_path / "few.yaml").write_text("decision_limit: 3\n")
    out = tmp_path / "run"
    with OpenAIServer(
        lambda request: Reply("Thought: where am I?\nAction: look around", delay=0.5)
    ) as server:
        units = ("--tasks", "find-animal", "--max-variations", "2", "--protocol", tmp_path / "few.yaml")
        served = ("--agent", "react", "--llm", "teacher", "--base-url", server.base_url)
        command = ("eval", "run", *units, *served, "--out", out, "--wait")
        done = together(command, command)
    assert [status for status, _ in done] == [0, 0], done
    episodes = [json.loads(line) for line in (out / "episodes.jsonl").read_text().splitlines()]
    assert len(episodes) == len({tuple(episode["key"]) for episode in episodes}) == 2
    ledger = keys(out / "completions.jsonl")
    assert len(ledger) == len(set(ledger)) == len(server.answered)
    assert sum(episode["llm_calls"] for episode in episodes) == len(server.answered) == 6


@pytest.mark.slow
def test_practice_twice(tmp_path: Path, recorded: list[Trajectory]) -> None:
    paths = [path for path in recorded if path.path == "tidied" and path.task == "power-component"]
    corpus(tmp_path, paths)
    assert together(("corpus", "annotate", tmp_path))[0][0] == 0
    command = ("corpus", "practice", tmp_path, "--steps", "20", "--wait")
    done = together(command, command)
    assert [status for status, _ in done] == [0, 0], done
    found = keys(tmp_path / "practice.jsonl")
    assert len(found) == len(set(found)) > 0


def test_questions_trajectories_and_a_dataset_of_tools_twice(tmp_path: Path) -> None:
    questions, out = tmp_path / "questions", tmp_path / "trajectories"
    sizes = ("--train", "40", "--validation", "0", "--test", "0", "--out-of-domain", "0")
    command: tuple[object, ...] = ("tools", "questions", "build", "--out", questions, *sizes, "--wait")
    done = together(command, command)
    assert [status for status, _ in done] == [0, 0], done
    listed = list(read_questions(questions / "questions.jsonl"))
    assert len(listed) == len({question.id for question in listed}) == 40

    command = ("tools", "collect", questions, "--teacher", "program", "--out", out, "--wait")
    done = together(command, command)
    assert [status for status, _ in done] == [0, 0], done
    found = keys(out / "trajectories.jsonl")
    assert len(found) == len(set(found)) == 40

    dataset = tmp_path / "dataset"
    command = ("tools", "build", questions, out, "--out", dataset, "--wait")
    done = together(command, command)
    assert [status for status, _ in done] == [0, 0], done
    assert dataset_files(dataset) == dataset_files(build_tool_dataset(questions, [out], tmp_path / "alone"))


def test_questions_are_answered_once_by_two_runs(tmp_path: Path) -> None:
    questions = [question(str(number), f"What is {number} + 1?", str(number + 1)) for number in range(6)]
    write_questions(tmp_path / "questions.jsonl", questions)
    out = tmp_path / "run"
    with OpenAIServer(lambda request: Reply("The answer is 1.", delay=0.3), models=("m",)) as server:
        asked = ("--questions", tmp_path / "questions.jsonl", "--out", out, "--batch-size", "2", "--wait")
        served = ("--model", "openai:m", "--base-url", server.base_url, "--mode", "cot")
        command = ("eval", "tools", *served, *asked)
        done = together(command, command)
    assert [status for status, _ in done] == [0, 0], done
    assert len(server.requests) == len(keys(out / "completions.jsonl")) == 6
    assert keys(out / "answers.jsonl") == [(str(number),) for number in range(6)]


def test_a_run_over_questions_that_waited_for_a_killed_one_pays_nothing_twice(tmp_path: Path) -> None:
    questions = [question(str(number), f"What is {number} + 1?", str(number + 1)) for number in range(2)]
    write_questions(tmp_path / "questions.jsonl", questions)
    out = tmp_path / "run"
    with OpenAIServer(lambda request: Reply("The answer is 1."), models=("m",)) as server:
        served = ("--model", "openai:m", "--base-url", server.base_url, "--mode", "cot")
        asked = ("--questions", tmp_path / "questions.jsonl", "--out", out, "--wait")
        command = [sys.executable, "-m", "subgoal", "eval", "tools", *map(str, (*served, *asked))]
        subprocess.run(command, cwd=ROOT, check=True)
        paid = (out / "completions.jsonl").rename(tmp_path / "completions.jsonl")
        (out / "answers.jsonl").unlink()
        with folder_lock(out):
            second = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
            assert second.stdout is not None
            while "in use by" not in second.stdout.readline():
                assert second.poll() is None, "did not wait"
            # As if the owner had got its completions, and were killed before it recorded the answers.
            paid.rename(out / "completions.jsonl")
        second.communicate()
    assert second.returncode == 0
    assert len(server.requests) == 2
    assert keys(out / "answers.jsonl") == [("0",), ("1",)]


SERVER = ("--base-url", "http://127.0.0.1:9/v1")
FOLDER = object()
COMMANDS: dict[str, tuple[object, ...]] = {
    "collect": ("corpus", "collect", "--tasks", "4-4", "--out", FOLDER),
    "annotate": ("corpus", "annotate", FOLDER),
    "annotate by a model": ("corpus", "annotate", FOLDER, "--annotator", "llm", "--model", "m", *SERVER),
    "practice": ("corpus", "practice", FOLDER),
    "to-practice": ("eval", "to-practice", "run", FOLDER),
    "run": ("eval", "run", "--agent", "random", "--out", FOLDER),
    "run with a model": ("eval", "run", "--agent", "react", "--llm", "m", *SERVER, "--out", FOLDER),
    "quickstart": ("quickstart", "--out", FOLDER),
    "questions": ("tools", "questions", "build", "--out", FOLDER),
    "train": ("tools", "train", "agent", "--dataset", "dataset", "--out", FOLDER),
    "tools quickstart": ("tools", "quickstart", "--out", FOLDER),
}


@pytest.fixture(scope="module")
def folder_in_use(
    recorded: list[Trajectory], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, int]]:
    """A folder that commands take for a corpus or a question set, and the process that owns it."""
    folder = corpus(tmp_path_factory.mktemp("in-use"), recorded[:1])
    write_questions(folder / "questions.jsonl", [])
    with own(folder) as process:
        yield folder, process.pid
        process.kill()


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_command_names_the_owner_of_its_folder(
    folder_in_use: tuple[Path, int], command: tuple[object, ...]
) -> None:
    folder, owner = folder_in_use
    before = {path.name for path in folder.iterdir()}
    arguments = [str(folder if argument is FOLDER else argument) for argument in command]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1, result.output
    assert f"is in use by process {owner} on" in " ".join(result.output.split())
    assert {path.name for path in folder.iterdir()} == before
