"""A long annotation with faults of every kind, killed in the middle and gone on with, and its accounts."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dataset_builder.annotation.teacher.messages import path_text
from dataset_builder.llm.completion_cache import CompletionCache, request_digest
from dataset_builder.trajectories.corpus import Corpus, annotation_store, trajectory_store
from dataset_builder.trajectories.subgoals import check_segments
from dataset_builder.trajectories.trajectory import Trajectory
from tests.dataset_builder.annotation.teacher.oracle import FAILURES, KEY, Faulty, Oracle
from tests.servers.openai_server import OpenAIServer

NAME = "llm-teacher"


@dataclass(frozen=True)
class Account:
    """What became of a run.

    Attributes:
        annotated: trajectories with segments.
        quarantined: trajectories given up.
        calls: completions that were paid for.
        at_kill: completions that were stored when the first process was killed.
        twice: of those, how many were paid for again.
        in_flight: answered, but never received by the killed process, and so asked for again.
        faults: how often each fault was met.
        seconds: wall time.
    """

    annotated: int
    quarantined: int
    calls: int
    at_kill: int
    twice: int
    in_flight: int
    faults: Counter[str]
    seconds: float


def run(
    folder: Path,
    trajectories: Sequence[Trajectory],
    *,
    share: float = 0.2,
    concurrency: int = 8,
    timeout: float = 10.0,
    failures: Iterable[str] = tuple(FAILURES),
) -> Account:
    """Annotate the trajectories in `folder` by the command, killed once; check all that is kept.

    Args:
        folder (`Path`): an empty corpus folder.
        trajectories (`Sequence[Trajectory]`): what to annotate.
        share (`float`, *optional*, defaults to 0.2): of the trajectories, how many meet a fault.
        concurrency (`int`, *optional*, defaults to 8): as the command has it.
        timeout (`float`, *optional*, defaults to 10): as the command has it.
        failures (`Iterable[str]`, *optional*): faults of the server, beside those of its answers.
    """
    begun = time.monotonic()
    store = trajectory_store(folder)
    for path in trajectories:
        store.append(path.key, {"trajectory": path.to_dict()})
    faulty = Faulty(Oracle(trajectories), share, failures=failures)
    with OpenAIServer(faulty) as server:
        command = [sys.executable, "-m", "subgoal", "corpus", "annotate", str(folder), "--annotator", "llm"]
        command += ["--model", "teacher", "--base-url", server.base_url, "--retries", "4"]
        command += ["--concurrency", str(concurrency), "--timeout", str(timeout)]
        _kill_after(command, server, len(trajectories) // 2)
        ledger = CompletionCache(folder)
        at_kill = {str(record["key"][0]) for record in ledger.records(NAME)}
        kept = annotation_store(folder, NAME).keys()
        done = subprocess.run(command, env=_environment(), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        answered = [request_digest(request.body) for request, _ in server.answered]

    lost = Corpus(folder).quarantined(NAME)
    pairs = Corpus(folder).annotated(NAME, trajectories)
    for path, segments in pairs:
        check_segments(segments, len(path.steps))
    assert kept <= annotation_store(folder, NAME).keys()
    assert len(pairs) + len(lost) == len(trajectories)
    by_key = {path.key: path_text(path) for path in trajectories}
    assert {by_key[key] for key in lost} == faulty.given_up
    assert {str(record["key"][0]) for record in CompletionCache(folder).records(NAME)} == set(answered)
    assert f"{len(pairs)} of {len(trajectories)} trajectories annotated" in done.stdout
    assert f"{len(lost)} in quarantine" in done.stdout or not lost
    written = "".join(file.read_text(encoding="utf-8") for file in folder.iterdir())
    assert KEY not in written + done.stdout + done.stderr

    repeated = {digest for digest, count in Counter(answered).items() if count > 1}
    return Account(
        annotated=len(pairs),
        quarantined=len(lost),
        calls=len(answered),
        at_kill=len(at_kill),
        twice=len(repeated & at_kill),
        in_flight=len(repeated - at_kill),
        faults=faulty.met,
        seconds=time.monotonic() - begun,
    )


def _kill_after(command: Sequence[str], server: OpenAIServer, answers: int) -> None:
    process = subprocess.Popen(command, env=_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        while len(server.answered) < answers and process.poll() is None:
            time.sleep(0.01)
    finally:
        process.kill()
        _, errors = process.communicate()
    assert process.returncode == -signal.SIGKILL, errors.decode()


def _environment() -> dict[str, str]:
    return os.environ | {"OPENAI_API_KEY": KEY, "TERM": "dumb", "COLUMNS": "200"}
