import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dataset_builder.common.errors import MachineError, SubgoalError, UsageError
from dataset_builder.common.jsonl_store import JsonlStore
from dataset_builder.simulator.simulator import Simulator
from eval_harness import run_protocol
from eval_harness.protocols.protocol import Protocol
from eval_harness.results.records import EpisodeResult, RunResult, load_run, read_episodes, summarize
from eval_harness.rollout.run import resolve_batch_size

CONTRACT_EPISODE = {
    "task", "variation", "seed", "score", "raw_score", "moves", "actions", "subgoals", "scores",
    "stop_reason", "error",
}  # fmt: skip
CONTRACT_RUN = {
    "mean_score", "per_task", "groups", "success_rate", "agent", "models", "protocol", "seed",
    "versions", "hardware", "wall_seconds",
}  # fmt: skip


def record(task: str, variation: int = 0, score: int | None = 100, error: str | None = None) -> EpisodeResult:
    return EpisodeResult(
        task, variation, 0, score, score, 1, ["wait1"], [""], [score or 0], [""], [[]], [], "completed", error
    )


@pytest.fixture
def run(simulator: Simulator, tmp_path: Path) -> Any:
    """Plays `mini` into one folder."""

    def play(agent: Any, tasks: str = "lifespan-longest-lived", **options: Any) -> RunResult:
        options = {"out": tmp_path / "run", "simulator": simulator, "progress": False, **options}
        return run_protocol(agent, options.pop("protocol", "mini"), tasks=tasks, **options)

    return play


def test_run_folder_holds_what_the_contract_names(run: Any, scripted: Any, expert_tasks: str) -> None:
    result = run(scripted(), expert_tasks, batch_size=4)
    assert (result.mean_score, result.success_rate, result.episodes, result.failed) == (100, 1, 6, 0)
    assert result.complete
    lines = [json.loads(line) for line in (result.folder / "episodes.jsonl").read_text().splitlines()]
    assert len(lines) == 6
    assert all(line.keys() >= CONTRACT_EPISODE for line in lines)
    saved = json.loads((result.folder / "results.json").read_text())
    assert saved.keys() >= CONTRACT_RUN
    assert saved["per_task"]["find-animal"] == {"mean": 100.0, "episodes": 2, "failed": 0}
    assert saved["groups"] == {"short": {"mean": 100.0, "tasks": 3, "episodes": 6}}
    assert saved["protocol"] == {"name": "mini", "hash": result.protocol["hash"]}
    assert saved["played"]["power-component"] == [15, 16]
    assert saved["versions"]["scienceworld"] == "1.2.3"
    assert saved["hardware"]["cores"] == os.cpu_count()
    assert saved["wall_seconds"] > 0
    assert saved["batch_size"] == 4
    assert load_run(result.folder) == result
    assert len(result.episode_results()) == 6


def test_a_finished_run_is_not_played_again(run: Any, scripted: Any) -> None:
    first = run(scripted())
    agent = scripted()
    again = run(agent)
    assert agent.batches == []
    assert again.per_task == first.per_task
    assert again.wall_seconds >= first.wall_seconds


def test_tasks_can_be_added_to_a_run(run: Any, scripted: Any) -> None:
    run(scripted(), max_variations=1)
    result = run(scripted(), "find-animal,lifespan-longest-lived")
    assert result.played == {"find-animal": [225, 226], "lifespan-longest-lived": [93, 94]}
    assert len(read_episodes(result.folder)) == 4


def test_resume_repeats_and_loses_nothing(run: Any, scripted: Any, tmp_path: Path) -> None:
    class Stop(BaseException):
        pass

    def stop(task: str, variation: int, step: int) -> None:
        if (task, variation, step) == ("find-animal", 226, 2):
            raise Stop

    agent = scripted(before=stop)
    with pytest.raises(Stop):
        run(agent, "lifespan-longest-lived,find-animal", batch_size=1)
    assert agent.still_playing == 0
    interrupted = load_run(tmp_path / "run")
    assert (interrupted.episodes, interrupted.complete) == (3, False)
    rest = scripted()
    result = run(rest, "lifespan-longest-lived,find-animal")
    assert set(rest.seeds) == {("find-animal", 226)}
    assert (result.episodes, result.mean_score, result.complete) == (4, 100, True)
    assert result.wall_seconds >= interrupted.wall_seconds


def test_half_written_last_line_is_played_again(run: Any, scripted: Any) -> None:
    path = run(scripted()).folder / "episodes.jsonl"
    path.write_bytes(path.read_bytes()[:-20])
    agent = scripted()
    result = run(agent)
    assert len(agent.seeds) == 1
    assert result.episodes == 2
    assert len(path.read_text().splitlines()) == 2


def test_damaged_line_is_named(run: Any, scripted: Any) -> None:
    path = run(scripted()).folder / "episodes.jsonl"
    path.write_bytes(b"{broken\n" + path.read_bytes())
    with pytest.raises(SubgoalError, match=r"episodes.jsonl line 1 .*remove the line"):
        run(scripted())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seed": 1}, r"its seed is 0, not 1\)"),
        ({"protocol": "paper"}, r"its protocol.name is mini, not paper; its protocol.hash is"),
        ({"protocol": Protocol(name="mini", max_variations=2)}, r"its protocol.hash is"),
    ],
)
def test_folder_of_another_run_is_refused(run: Any, scripted: Any, options: Any, message: str) -> None:
    folder = run(scripted(), max_variations=1).folder
    before = {path.name: path.read_text() for path in folder.iterdir()}
    agent = scripted()
    with pytest.raises(UsageError, match=message) as caught:
        run(agent, **options)
    assert "use another --out" in str(caught.value)
    assert caught.value.exit_code == 2
    assert agent.batches == []
    assert {path.name: path.read_text() for path in folder.iterdir()} == before


def test_folder_of_other_models_is_refused(run: Any, scripted: Any) -> None:
    class Learned(scripted):
        folder = "x/y"
        revision = "a1"

        def describe(self) -> dict[str, Any]:
            return {
                "name": "hierarchical",
                "models": {"executor": {"id": self.folder, "revision": self.revision}},
                "decoding": {"beams": 1},
            }

    agent = Learned()
    result = run(agent, max_variations=1)
    assert result.agent == "hierarchical"
    assert result.agent_settings == {"decoding": {"beams": 1}}
    agent.folder = "moved/y"  # the same weights elsewhere
    assert run(agent).episodes == 2
    agent.revision = "b2"
    with pytest.raises(UsageError, match=r"\(its models.executor.revision is a1, not b2\)"):
        run(agent)
    with pytest.raises(UsageError, match=r"its agent is hierarchical, not scripted; its models.executor is"):
        run(scripted())


def test_a_folder_without_results_is_refused(run: Any, scripted: Any, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "episodes.jsonl").write_text("")
    with pytest.raises(UsageError, match=r"no results.json"):
        run(scripted())
    (folder / "results.json").write_text("{}")
    with pytest.raises(UsageError, match=r"results.json is not a results file"):
        run(scripted())


@pytest.mark.parametrize("name", ["config.json", "README.md", "trajectories.jsonl"])
def test_a_folder_of_something_else_is_refused(run: Any, scripted: Any, tmp_path: Path, name: str) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / name).write_text("")
    with pytest.raises(UsageError, match=f"holds {name}, so it is not the folder of a run"):
        run(scripted())


def test_folder_that_cannot_be_made(run: Any, scripted: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"Cannot write to the folder .*use another --out"):
        run(scripted(), out=tmp_path / "file" / "run")


def test_full_disk_loses_nothing(run: Any, scripted: Any, monkeypatch: Any, tmp_path: Path) -> None:
    append = JsonlStore.append

    def full(self: JsonlStore, key: Any, line: Any) -> None:
        if len(self) == 1:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        append(self, key, line)

    monkeypatch.setattr(JsonlStore, "append", full)
    with pytest.raises(OSError, match="No space left"):
        run(scripted(), batch_size=1)
    monkeypatch.undo()
    assert len(read_episodes(tmp_path / "run")) == 1
    agent = scripted()
    assert run(agent).episodes == 2
    assert len(agent.seeds) == 1


def test_failed_episodes_count_in_no_mean_and_can_be_retried(run: Any, scripted: Any) -> None:
    def trip(task: str, variation: int, step: int) -> None:
        if variation == 94:
            raise ValueError("dark")

    broken = run(scripted(before=trip))
    assert (broken.mean_score, broken.episodes, broken.failed) == (100, 1, 1)
    untouched = scripted()
    assert run(untouched).failed == 1
    assert untouched.batches == []
    repaired = run(scripted(), retry_failed=True)
    assert (repaired.episodes, repaired.failed) == (2, 0)
    assert [episode.error for episode in read_episodes(repaired.folder)] == [None, None]


def test_overall_mean_is_over_tasks() -> None:
    summary = summarize(
        [
            record("boil", 1, 0),
            record("boil", 2, 30),
            record("find-plant", 1, 100),
            record("melt", 1, None, "x"),
        ]
    )
    assert summary["mean_score"] == 57.5
    assert summary["per_task"]["boil"] == {"mean": 15.0, "episodes": 2, "failed": 0}
    assert summary["per_task"]["melt"] == {"mean": None, "episodes": 0, "failed": 1}
    assert summary["groups"]["long"] == {"mean": 15.0, "tasks": 2, "episodes": 2}
    assert summary["success_rate"] == 0.3333
    assert list(summary["per_task"]) == ["boil", "melt", "find-plant"]
    empty = summarize([])
    assert (empty["mean_score"], empty["success_rate"], empty["groups"]) == (None, None, {})


@pytest.mark.parametrize("size", [0, -1, "many", "1.5"])
def test_bad_batch_size(size: Any) -> None:
    with pytest.raises(UsageError, match=r"[Bb]atch size"):
        resolve_batch_size(size)
    assert resolve_batch_size("auto") >= 1
    assert resolve_batch_size("3") == 3


MORTAL_AGENT = """
import os, pathlib, signal
from modeling.agents.base import Decision

class Mortal:
    name = "mortal"
    ended = 0
    def begin(self, state, episode, seed): pass
    def act(self, states):
        if self.ended == 3 and states[0].step == 1 and pathlib.Path("deadly").exists():
            os.kill(os.getpid(), signal.SIGKILL)
        return [Decision(("wait1",)) for state in states]
    def end(self, state): self.ended += 1
    def describe(self): return {"name": self.name, "models": {}}
"""


def test_resume_after_a_kill(tmp_path: Path) -> None:
    """A run killed by the system goes on where it was: no episode twice, none lost."""
    (tmp_path / "plug.py").write_text(MORTAL_AGENT)
    (tmp_path / "rules.yaml").write_text("max_variations: 6\nstep_limit: 5")
    (tmp_path / "deadly").touch()
    root = str(Path(__file__).parents[3])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])}
    code = "from eval_harness.cli.main import app; app()"
    options = "--agent plug:Mortal --protocol rules.yaml --tasks find-animal --batch-size 3 --out killed"

    def command() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", code, "run", *options.split()],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
        )

    killed = command()
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    lines = (tmp_path / "killed" / "episodes.jsonl").read_text()
    assert len(lines.splitlines()) == 3
    assert not load_run(tmp_path / "killed").complete
    (tmp_path / "deadly").unlink()
    resumed = command()
    assert resumed.returncode == 0, resumed.stderr
    episodes = tmp_path / "killed" / "episodes.jsonl"
    assert episodes.read_text().startswith(lines)
    assert len(episodes.read_text().splitlines()) == 6
    records = read_episodes(tmp_path / "killed")
    assert sorted(record.variation for record in records) == list(range(225, 231))
    assert {record.moves for record in records} == {6}
    result = load_run(tmp_path / "killed")
    assert (result.complete, result.episodes) == (True, 6)


def test_a_run_is_complete_only_with_all_that_its_sessions_were_asked_for(run: Any, scripted: Any) -> None:
    class Stop(BaseException):
        pass

    def stop(task: str, variation: int, step: int) -> None:
        if task == "find-animal":
            raise Stop

    with pytest.raises(Stop):
        run(scripted(before=stop), "lifespan-longest-lived,find-animal", batch_size=1)
    part = run(scripted(), "lifespan-longest-lived")
    assert not part.complete
    assert part.asked == {"find-animal": [225, 226], "lifespan-longest-lived": [93, 94]}
    assert run(scripted(), "find-animal").complete


def test_easy_beside_other_simplifications_is_played(run: Any, scripted: Any) -> None:
    rules = Protocol(name="open", simplifications="easy,openContainers", max_variations=1)
    result = run(scripted(), "find-animal", protocol=rules)
    assert (result.mean_score, result.episodes, result.failed) == (100, 1, 0)


def test_java_that_cannot_start_ends_the_run_and_records_nothing(
    scripted: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_JAVA_OPTIONS", "-XX:+UseG1GC")
    options: Any = {"out": tmp_path / "run", "tasks": "find-animal", "progress": False}
    with pytest.raises(MachineError, match="Multiple garbage collectors selected"):
        run_protocol(scripted(), "mini", **options)
    assert read_episodes(tmp_path / "run") == []
    monkeypatch.delenv("_JAVA_OPTIONS")
    assert run_protocol(scripted(), "mini", **options).episodes == 2


def test_a_full_disk_under_the_agent_ends_the_run(run: Any, scripted: Any, tmp_path: Path) -> None:
    def full(task: str, variation: int, step: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(OSError, match="No space left"):
        run(scripted(before=full))
    assert read_episodes(tmp_path / "run") == []
