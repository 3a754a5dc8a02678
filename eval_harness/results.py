"""What a run leaves behind: one `EpisodeResult` per episode, and a `RunResult` with provenance."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any

from dataset_builder.errors import UsageError
from dataset_builder.store import JsonlStore
from dataset_builder.tasks import TASKS
from eval_harness.protocols import Unit

EPISODES_FILE = "episodes.jsonl"
RESULTS_FILE = "results.json"
HORIZONS = ("short", "medium", "long")
_ORDER = {task: place for place, task in enumerate(TASKS)}


@dataclass(frozen=True)
class EpisodeResult:
    """One finished episode. Lists have one entry per action that was played.

    Attributes:
        task, variation, seed: the key of the record.
        score: 0 to 100 by the protocol's rule; None if the episode failed (see `error`).
        raw_score: the simulator's last score, negative after a wrong focus; None if it failed.
        moves: moves used.
        actions: what was played.
        subgoals: the sub-goal each action served, `""` for agents without.
        scores: the simulator's score after each action.
        observations: the simulator's answers.
        rejected: per action, the candidates that the simulator did not know.
        last_resort: indices of actions that the harness had to choose.
        stop_reason: `completed`, `lost` (negative score), `step_limit`, `decision_limit`, the kind
            of an early stop (`score_unchanged`, `few_distinct`), `agent_stopped` (it offered no
            action), or `error`.
        error: one line if the episode could not be played to its end, else None.
        seconds: from its load to its end; other episodes of the batch run in this time too.
    """

    task: str
    variation: int
    seed: int
    score: int | None
    raw_score: int | None
    moves: int
    actions: list[str]
    subgoals: list[str]
    scores: list[int]
    observations: list[str]
    rejected: list[list[str]]
    last_resort: list[int]
    stop_reason: str
    error: str | None = None
    seconds: float = 0.0

    @property
    def key(self) -> Unit:
        return Unit(self.task, self.variation, self.seed)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form of one line of `episodes.jsonl`."""
        return asdict(self)

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> "EpisodeResult":
        """Build from `to_dict`'s form; unknown keys are ignored."""
        return cls(**{name: record[name] for name in cls.__dataclass_fields__ if name in record})


@dataclass(frozen=True)
class RunResult:
    """A run with all that is needed to check it or repeat it.

    Attributes:
        mean_score: mean over tasks of the tasks' means (0 to 100); None before the first score.
        per_task: task → `mean`, `episodes` (scored), `failed`.
        groups: horizon group (`short`, `medium`, `long`) → `mean` over its tasks, `tasks`, `episodes`.
        success_rate: share of scored episodes that reached 100.
        episodes, failed: number of scored and of failed episodes. Failed ones count in no mean.
        agent: the agent's name.
        models: role → id, revision or content hash, parameters.
        agent_settings: what else the agent says about itself, such as its decoding.
        protocol: `name` and `hash` of the rules.
        seed: the run's seed.
        played: task → variations that were played, which may be fewer than the protocol's.
        complete: every episode that was asked for last is there.
        batch_size: episodes that advanced together.
        versions: packages and Python.
        hardware: processor, cores, memory, GPU.
        wall_seconds: over all sessions of the run.
        folder: where it was read from or written to; not part of the file.
    """

    mean_score: float | None
    per_task: dict[str, dict[str, Any]]
    groups: dict[str, dict[str, Any]]
    success_rate: float | None
    episodes: int
    failed: int
    agent: str
    models: dict[str, Any]
    agent_settings: dict[str, Any]
    protocol: dict[str, str]
    seed: int
    played: dict[str, list[int]]
    complete: bool
    batch_size: int
    versions: dict[str, str]
    hardware: dict[str, Any]
    wall_seconds: float
    folder: Path | None = field(default=None, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form of `results.json`."""
        record = asdict(self)
        del record["folder"]
        return record

    def episode_results(self) -> list[EpisodeResult]:
        """The records behind the figures, read from the run folder.

        Raises:
            UsageError: if the run has no folder.
        """
        if self.folder is None:
            raise UsageError("This RunResult has no folder: read one with load_run(DIR).")
        return read_episodes(self.folder)


def summarize(episodes: Iterable[EpisodeResult]) -> dict[str, Any]:
    """The figures of a `RunResult` that follow from its episodes.

    The overall mean is the plain mean over tasks, as in arXiv 2405.02749, whatever the number of
    episodes of each.
    """
    by_task: dict[str, list[EpisodeResult]] = {}
    for episode in sorted(episodes, key=lambda episode: (_ORDER[episode.task], episode.key)):
        by_task.setdefault(episode.task, []).append(episode)
    per_task: dict[str, dict[str, Any]] = {}
    for task, played in by_task.items():
        scores = [episode.score for episode in played if episode.score is not None]
        per_task[task] = {
            "mean": _mean(scores),
            "episodes": len(scores),
            "failed": len(played) - len(scores),
        }
    groups = {}
    for horizon in HORIZONS:
        rows = [row for task, row in per_task.items() if TASKS[task].horizon == horizon]
        if rows:
            groups[horizon] = {
                "mean": _mean([row["mean"] for row in rows if row["mean"] is not None]),
                "tasks": len(rows),
                "episodes": sum(row["episodes"] for row in rows),
            }
    scored = [episode.score for played in by_task.values() for episode in played if episode.score is not None]
    return {
        "mean_score": _mean([row["mean"] for row in per_task.values() if row["mean"] is not None]),
        "per_task": per_task,
        "groups": groups,
        "success_rate": _mean([score >= 100 for score in scored], digits=4),
        "episodes": len(scored),
        "failed": sum(row["failed"] for row in per_task.values()),
        "played": {
            task: sorted({episode.variation for episode in played}) for task, played in by_task.items()
        },
    }


def _mean(values: Sequence[float], digits: int = 2) -> float | None:
    return round(fmean(values), digits) if values else None


def read_episodes(folder: str | Path) -> list[EpisodeResult]:
    """The episodes recorded in a run folder; of a retried one, the last record.

    A last line that was only half written (the run was killed) is left out.
    """
    return [EpisodeResult.from_dict(record) for record in JsonlStore(Path(folder) / EPISODES_FILE)]


def load_run(folder: str | Path) -> RunResult:
    """A run from its folder.

    Raises:
        UsageError: if the folder holds none.
    """
    path = Path(folder) / RESULTS_FILE
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        names = [name for name in RunResult.__dataclass_fields__ if name != "folder"]
        return RunResult(**{name: record[name] for name in names}, folder=Path(folder))
    except FileNotFoundError as error:
        raise UsageError(
            f"{folder} is no run folder (no {RESULTS_FILE}): give the --out of `subgoal eval run`."
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path} is not a results file of this program: {error!r}.") from error
