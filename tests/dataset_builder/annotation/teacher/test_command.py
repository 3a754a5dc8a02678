"""`subgoal corpus annotate --annotator llm` from end to end: what is shown, kept, and gone on with."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from dataset_builder.llm.completion_cache import CompletionCache
from dataset_builder.trajectories.corpus import annotation_store, quarantine_store
from dataset_builder.trajectories.trajectory import Trajectory
from subgoal.cli import main
from tests.dataset_builder.annotation.teacher.oracle import KEY, Oracle
from tests.servers.openai_server import ChatRequest, OpenAIServer, Reply

NAME = "llm-teacher"


def _arguments(folder: Path, url: str | None, *options: str) -> list[str]:
    server = ["--base-url", url] if url else []
    return ["corpus", "annotate", str(folder), "--annotator", "llm", *server, *options]


def _run(
    capsys: pytest.CaptureFixture[str], folder: Path, url: str | None, *options: str
) -> tuple[int, str, str]:
    """Exit status, output and errors of the command."""
    model = [] if "--model" in options else ["--model", "teacher"]
    retries = [] if "--retries" in options else ["--retries", "1"]
    with pytest.raises(SystemExit) as leaving:
        main(_arguments(folder, url, *model, *retries, *options))
    captured = capsys.readouterr()
    return int(leaving.value.code or 0), captured.out, captured.err


def _files(folder: Path) -> str:
    return "".join(path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*")) if path.is_file())


def test_a_whole_run_with_table_and_note(
    folder: Path, oracle: Oracle, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("COLUMNS", "120")

    def behave(request: ChatRequest) -> Reply:
        return replace(oracle(request), delay=2.0 if request.number < 3 else 0.0)

    with OpenAIServer(behave) as server:
        status, out, _ = _run(capsys, folder, server.base_url, "--first-thought", "--concurrency", "3")
        again, more, _ = _run(capsys, folder, server.base_url, "--first-thought")
    assert (status, again) == (0, 0)
    assert 2 <= server.most <= 3
    assert {request.key for request in server.requests} == {KEY}
    assert "12 of 12 trajectories annotated by llm-teacher-thought, 12 of them now." in out
    assert re.search(r"all +│ +24 ", out)
    assert "annotated by llm-teacher-thought, 0 of them now" in more
    assert len(server.requests) == 24
    assert KEY not in out + more + _files(folder)


def test_a_dataset_can_be_built_from_it(
    folder: Path, oracle: Oracle, capsys: pytest.CaptureFixture[str]
) -> None:
    from dataset_builder.dataset.load import load_tables

    with OpenAIServer(oracle) as server:
        assert _run(capsys, folder, server.base_url)[0] == 0
    with pytest.raises(SystemExit) as leaving:
        main(["corpus", "build", str(folder), "--annotator", NAME, "--out", str(folder / "built")])
    assert not leaving.value.code
    rows = load_tables(str(folder / "built"))["trajectories"]
    assert {row["annotator"] for split in rows.values() for row in split} == {NAME}


def test_dry_run_needs_neither_key_nor_server(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    status, out, _ = _run(capsys, folder, None, "--dry-run")
    assert status == 0
    assert "0 annotated by llm-teacher, 12 to do." in out
    assert re.search(r"all +│ +12 ", out)
    assert not CompletionCache(folder).store.path.exists()


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--model", ""], "Name the model"),
        (["--repairs", "-1"], "--repairs -1: give 0 or more"),
        (["--concurrency", "0"], "--concurrency 0: give 1 or more"),
        (["--model", "tutor"], "has no model 'tutor'"),
        (["--retries", "-1"], "--retries -1: give 0 or more"),
        (["--timeout", "0"], "--timeout 0: give a number of seconds above 0"),
        (["--timeout", "nan"], "--timeout nan: give"),
        (["--budget-tokens", "0"], "--budget-tokens 0: give 1 or more"),
        (["--budget-tokens", "-5"], "--budget-tokens -5: give 1 or more"),
        (["--base-url", "http://[::1"], "'http://[::1' is not an address"),
    ],
)
def test_wrong_usage_is_one_line(
    options: Sequence[str], line: str, folder: Path, oracle: Oracle, capsys: pytest.CaptureFixture[str]
) -> None:
    with OpenAIServer(oracle) as server:
        status, _, errors = _run(capsys, folder, server.base_url, *options)
    assert status == 2
    assert line in errors
    assert errors.count("\n") == 1


def test_openai_without_a_key(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, _, errors = _run(capsys, folder, None)
    assert (status, errors.count("\n")) == (2, 1)
    assert "set OPENAI_API_KEY" in errors


@pytest.mark.parametrize(
    "options",
    [
        ["--model", "teacher"],
        ["--base-url", "http://host"],
        ["--budget-tokens", "5"],
        ["--dry-run"],
        ["--first-thought"],
        ["--retry-quarantined"],
    ],
)
def test_a_models_options_belong_to_the_model(
    options: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as leaving:
        main(["corpus", "annotate", str(folder), *options])
    assert leaving.value.code == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert f"Only --annotator llm takes {options[0]}." in error
    assert not annotation_store(folder, "rules").path.exists()


def test_a_server_that_echoes_the_key_leaves_no_trace_of_it(
    folder: Path, oracle: Oracle, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)

    def behave(request: ChatRequest) -> Reply:
        if request.number < 3:
            return Reply(f"You sent {request.key}.")
        if request.number < 4:
            return Reply(status=400, error=f"{request.key} is too long")
        return Reply(status=401, error=f"Incorrect API key provided: {request.key}")

    with OpenAIServer(behave) as server:
        status, out, errors = _run(capsys, folder, server.base_url, "--concurrency", "1")
    assert status == 2
    assert "does not accept the key (401: Incorrect API key provided: [key]): set OPENAI_API_KEY" in errors
    assert "You sent [key]." in _files(folder)
    assert KEY not in out + errors + _files(folder)


def test_a_server_that_dies_in_the_middle(
    folder: Path, oracle: Oracle, capsys: pytest.CaptureFixture[str]
) -> None:
    def behave(request: ChatRequest) -> Reply:
        return Reply(die=True) if request.number == 5 else oracle(request)

    with OpenAIServer(behave) as server:
        status, _, errors = _run(capsys, folder, server.base_url, "--concurrency", "2")
    assert (status, errors.count("\n")) == (1, 1)
    assert re.search("Cannot reach .*run the same command again", errors)
    kept = len(CompletionCache(folder).store)
    assert 4 <= kept <= 5
    with OpenAIServer(oracle) as server:
        status, out, _ = _run(capsys, folder, server.base_url)
    assert status == 0
    assert "12 of 12 trajectories" in out
    assert len(server.requests) == 12 - kept


def test_a_spent_budget_stops_and_a_larger_one_resumes(
    folder: Path, oracle: Oracle, capsys: pytest.CaptureFixture[str]
) -> None:
    with OpenAIServer(oracle) as server:
        few = _run(capsys, folder, server.base_url, "--budget-tokens", "8000", "--concurrency", "2")
        asked = len(server.requests)
        more = _run(capsys, folder, server.base_url, "--budget-tokens", "1000000")
    assert few[0] == 1
    assert re.search(r"of 8,000 tokens are spent .* raise --budget-tokens", few[2])
    assert few[2].count("\n") == 1
    assert 0 < asked < 12
    assert (
        sum(record["prompt_tokens"] for record in list(CompletionCache(folder).records(NAME))[:asked]) <= 8000
    )
    assert more[0] == 0
    assert len(server.requests) == 12


def test_answers_longer_than_thought_exceed_a_budget_by_one_at_most(
    folder: Path, oracle: Oracle, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[float] = []
    written = 6000

    def behave(request: ChatRequest) -> Reply:
        asked.append(time.monotonic())
        text = oracle(request).text + " so" * written
        return Reply(text, delay=0.0 if request.number else 0.5)

    with OpenAIServer(behave) as server:
        first = _run(capsys, folder, server.base_url, "--budget-tokens", "30000", "--concurrency", "4")
        spent = sum(record["completion_tokens"] for record in CompletionCache(folder).records(NAME))
        enough = len(asked)
        second = _run(capsys, folder, server.base_url, "--budget-tokens", "4000")
    assert (first[0], second[0]) == (1, 1)
    assert 2 <= enough <= 30000 // written
    assert asked[1] - asked[0] >= 0.5
    assert spent <= 30000
    assert "more than the budget" not in first[1]
    assert len(asked) == enough
    assert re.search(r"That is [\d,]+ tokens more than the budget of 4,000", second[1])


def test_quarantine_is_reported_and_retried_on_demand(
    folder: Path, oracle: Oracle, paths: list[Trajectory], capsys: pytest.CaptureFixture[str]
) -> None:
    hopeless = True

    def behave(request: ChatRequest) -> Reply:
        found = oracle.find(request)
        assert found
        return Reply("No.") if hopeless and found[0].key == paths[3].key else oracle(request)

    with OpenAIServer(behave) as server:
        first = _run(capsys, folder, server.base_url, "--repairs", "1")
        second = _run(capsys, folder, server.base_url, "--repairs", "1")
        asked = len(server.requests)
        estimate = _run(capsys, folder, server.base_url, "--retry-quarantined", "--dry-run")
        hopeless = False
        third = _run(capsys, folder, server.base_url, "--retry-quarantined")
    assert [status for status, *_ in (first, second, third)] == [0, 0, 0]
    for _, out, _ in (first, second):
        assert "11 of 12 trajectories annotated" in out
        assert "1 in quarantine" in out
        assert "quarantine-llm-teacher.jsonl" in out
    assert asked == 13
    assert "1 to do" in estimate[1]
    assert re.search(r"all +│ +1 ", estimate[1])
    assert quarantine_store(folder, NAME)[paths[3].key]["answers"] == ["No.", "No."]
    assert "12 of 12 trajectories annotated by llm-teacher, 1 of them now." in third[1]


def test_annotating_nothing_is_a_failure(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with OpenAIServer(lambda _: Reply("No.")) as server:
        status, out, error = _run(capsys, folder, server.base_url, "--repairs", "0")
    assert status == 1
    assert "0 of 12 trajectories annotated" in out
    assert error.splitlines()[-1].startswith("error: llm-teacher annotated no trajectory: see the reasons in")


def test_failures_of_single_requests_do_not_stop_the_others(
    folder: Path, oracle: Oracle, paths: list[Trajectory], capsys: pytest.CaptureFixture[str]
) -> None:
    ill = True

    def behave(request: ChatRequest) -> Reply:
        found = oracle.find(request)
        assert found
        failing = Reply(status=500, error="out of order", headers={"retry-after": "0.01"})
        return failing if ill and found[0].key == paths[2].key else oracle(request)

    with OpenAIServer(behave) as server:
        status, _, errors = _run(capsys, folder, server.base_url)
        ill = False
        healed, out, _ = _run(capsys, folder, server.base_url)
    assert status == 1
    assert re.search(
        r"1 of 12 trajectories got no answer, .*failed \(500: out of order\).* asks for them again", errors
    )
    assert healed == 0
    assert "1 of them now" in out


def test_ctrl_c_keeps_the_answers_under_way(folder: Path, oracle: Oracle) -> None:
    def behave(request: ChatRequest) -> Reply:
        return Reply(oracle(request).text, delay=2.0)

    with OpenAIServer(behave) as server:
        arguments = _arguments(folder, server.base_url, "--model", "teacher", "--concurrency", "3")
        process = subprocess.Popen(
            [sys.executable, "-m", "subgoal", *arguments],
            env=os.environ | {"TERM": "dumb"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            while not server.requests and process.poll() is None:
                time.sleep(0.05)
            process.send_signal(signal.SIGINT)
            out, errors = process.communicate(timeout=60)
        finally:
            process.kill()
        asked = len(server.requests)
    assert process.returncode == 130, errors
    assert "Waiting for the answers under way" in out
    assert "run the same command again to continue" in errors
    assert 1 <= asked <= 3
    assert len(CompletionCache(folder).store) == len(annotation_store(folder, NAME)) == asked
