"""The records of a run: one `EpisodeResult` per episode, and a `RunResult` with provenance."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from dataset_builder.common.errors import UsageError
from dataset_builder.common.jsonl_store import JsonlStore
from dataset_builder.simulator.tasks import TASKS
from eval_harness.metrics.scienceworld_score.scores import HORIZONS as _HORIZONS
from eval_harness.metrics.scienceworld_score.scores import averages, mean
from eval_harness.protocols.protocol import EpisodeKey, Protocol, load_protocol, protocol_names

EPISODES_FILE = "episodes.jsonl"
RESULTS_FILE = "results.json"
HORIZONS = tuple(_HORIZONS)
_ORDER = {task: index for index, task in enumerate(TASKS)}


@dataclass(frozen=True)
class TurnRecord:
    """One action of an episode.

    Attributes:
        action: its text.
        observation: the simulator's answer.
        subgoal: the sub-goal that the action serves, `""` for agents without sub-goals.
        score: the simulator's score after the action, in points.
        moves: moves used so far.
        rejected: candidates that were tried first and that the simulator rejected.
        last_resort: whether all candidates were rejected and the harness chose the action.

    Example:

    ```python
    >>> turn = TurnRecord("open door to kitchen", "The door is now open.", subgoal="", score=0, moves=1)
    >>> columns([turn])["actions"]
    ['open door to kitchen']
    ```
    """

    action: str
    observation: str
    subgoal: str
    score: int
    moves: int
    rejected: tuple[str, ...] = ()
    last_resort: bool = False


@dataclass(frozen=True)
class EpisodeResult:
    """One finished episode. Lists have one entry per action that was played; `columns` makes them.

    Attributes:
        task, variation, seed: the key of the record.
        score: 0 to 100 by the protocol's rule; None if the episode failed (see `error`).
        raw_score: the simulator's last score, negative after a wrong focus; None if it failed.
        moves: moves used.
        actions: the actions that were played.
        subgoals: the sub-goal that each action served, `""` for agents without sub-goals.
        scores: the simulator's score after each action.
        observations: the simulator's answers.
        rejected: for each action, the candidates that the simulator rejected before it.
        last_resort: indices of the actions that the harness chose because all candidates were rejected.
        stop_reason: `completed`, `lost` (negative score), `step_limit`, `decision_limit`, the kind
            of an early stop (`score_unchanged`, `few_distinct`), `agent_stopped` (it offered no
            action), or `error`.
        error: one line if the episode could not be played to its end, else None.
        seconds: from its entry into the batch to its end; other episodes of the batch run in this time
            too. The world was loaded before that.
        model_calls, tokens_read, tokens_written, llm_calls, llm_prompt_tokens, llm_completion_tokens,
            inputs_shortened: cost of its decisions, see `modeling.agents.base.DecisionCost`.

    Example:

    ```python
    episode = read_episodes("runs/pair")[0]
    for action, subgoal, score in zip(episode.actions, episode.subgoals, episode.scores):
        print(score, subgoal, action)
    ```
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
    model_calls: int = 0
    tokens_read: int = 0
    tokens_written: int = 0
    llm_calls: int = 0
    llm_prompt_tokens: int = 0
    llm_completion_tokens: int = 0
    inputs_shortened: int = 0

    @property
    def llm_tokens(self) -> int:
        """Tokens that a language model at a server read and wrote."""
        return self.llm_prompt_tokens + self.llm_completion_tokens

    @property
    def key(self) -> EpisodeKey:
        return EpisodeKey(self.task, self.variation, self.seed)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form of one line of `episodes.jsonl`; its keys are the fields."""
        return asdict(self)

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> "EpisodeResult":
        """Build from the form of `to_dict`; unknown keys are ignored.

        Raises:
            ValueError: if it is not an episode; one line that names the first wrong field.
        """
        try:  # from JSON, because only there strict mode accepts a list or a dict for a dataclass
            return _EPISODE.validate_json(json.dumps(record), strict=True)
        except ValidationError as error:
            raise ValueError(_first_fault(error)) from error


@dataclass(frozen=True)
class RunResult:
    """A run with everything needed to check or repeat it.

    Attributes:
        mean_score: mean over tasks of the tasks' means (0 to 100); None before the first score.
        per_task: task → `mean`, `episodes` (scored), `failed`.
        groups: horizon group (`short`, `medium`, `long`) → `mean` over its tasks, `tasks`, `episodes`.
        success_rate: share of scored episodes that reached 100.
        episodes, failed: number of scored and of failed episodes. Means exclude failed episodes.
        agent: the agent's name.
        models: role → id, revision or content hash, parameters.
        agent_settings: further keys of the agent's `describe`, such as `decoding`.
        protocol: `name` and `hash` of the rules.
        rules: the protocol in full (`Protocol.model_dump`); empty in runs of earlier versions.
        seed: the run's seed.
        played: task → variations that were played, which may be fewer than the protocol's.
        complete: whether the run has every episode that any of its sessions was asked for.
        batch_size: episodes that advanced together.
        versions: package → version; `python` is among the keys.
        hardware: `processor`, `cores`, `memory_gb`, `system`, `gpu` (None without one), numbers of threads.
        wall_seconds: wall time of all sessions of the run.
        asked: task → variations that the sessions of the run were asked for.
        inputs_shortened: inputs of models that lost history to fit their context, over all episodes.
        folder: where it was read from or written to; not part of the file.

    Example:

    ```python
    run = load_run("runs/pair")
    run.mean_score, run.groups["long"]["mean"], run.per_task["boil"]["mean"]
    ```
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
    asked: dict[str, list[int]] = field(default_factory=dict)
    rules: dict[str, Any] = field(default_factory=dict)
    inputs_shortened: int = 0
    folder: Path | None = field(default=None, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form of `results.json`: all fields except `folder`."""
        record = asdict(self)
        del record["folder"]
        return record

    def rules_played(self) -> Protocol:
        """The protocol that the run was played under.

        Raises:
            UsageError: if an older run does not hold it, and the package has no protocol of this hash.
        """
        if self.rules:
            return Protocol.from_record(self.rules)
        name = self.protocol["name"]
        if name in protocol_names() and (rules := load_protocol(name)).hash == self.protocol["hash"]:
            return rules
        raise UsageError(
            f"{self.folder} does not hold the rules of its protocol, {name} ({self.protocol['hash']}): "
            "repeat the `subgoal eval run` of this folder, which adds them."
        )

    def episode_results(self) -> list[EpisodeResult]:
        """The episodes of the run, read from its folder.

        Raises:
            UsageError: if the run has no folder.
        """
        if self.folder is None:
            raise UsageError("This RunResult has no folder: read one with load_run(DIR).")
        return read_episodes(self.folder)


def columns(turns: Sequence[TurnRecord]) -> dict[str, list[Any]]:
    """The turns of an episode as the lists of its `EpisodeResult`: field → list."""
    return {
        "actions": [turn.action for turn in turns],
        "subgoals": [turn.subgoal for turn in turns],
        "scores": [turn.score for turn in turns],
        "observations": [turn.observation for turn in turns],
        "rejected": [list(turn.rejected) for turn in turns],
        "last_resort": [index for index, turn in enumerate(turns) if turn.last_resort],
    }


_EPISODE = TypeAdapter(EpisodeResult)
_RUN = TypeAdapter(RunResult)


def _first_fault(error: ValidationError) -> str:
    """`scores.3: Input should be a valid integer`."""
    first = error.errors(include_url=False)[0]
    return ": ".join(filter(None, (".".join(map(str, first["loc"])), first["msg"])))


def summarize(episodes: Iterable[EpisodeResult]) -> dict[str, Any]:
    """The fields of a `RunResult` that follow from its episodes: field → value."""
    ordered = sorted(episodes, key=lambda episode: (_ORDER[episode.task], episode.key))
    played: dict[str, set[int]] = {}
    for episode in ordered:
        played.setdefault(episode.task, set()).add(episode.variation)
    return averages((episode.task, episode.score) for episode in ordered) | {
        "played": {task: sorted(variations) for task, variations in played.items()},
        "inputs_shortened": sum(episode.inputs_shortened for episode in ordered),
    }


def unseen_tasks(result: RunResult) -> set[str]:
    """The tasks that were held out of the training of all models of a run, played or not."""
    models = [model for model in result.models.values() if isinstance(model, dict)]
    held_out = [set(model.get("held_out_tasks", ())) for model in models]
    return set.intersection(*held_out) if held_out else set()


def seen_and_unseen(result: RunResult) -> dict[str, dict[str, Any]] | None:
    """Means over the tasks that a run's models were trained on, and over those held out of their training.

    A task is unseen only if every model of the run had it held out. Of each kind that was played:
    `mean` over its tasks, `tasks`, `episodes`, `failed`.

    Returns:
        `dict` or `None`: by `seen` and `unseen`; None if no task was held out of all models.
    """
    unseen = unseen_tasks(result)
    if not unseen:
        return None
    kinds: dict[str, list[dict[str, Any]]] = {}
    for task, row in result.per_task.items():
        kinds.setdefault("unseen" if task in unseen else "seen", []).append(row)
    return {
        kind: {
            "mean": mean([row["mean"] for row in rows if row["mean"] is not None]),
            "tasks": len(rows),
            "episodes": sum(row["episodes"] for row in rows),
            "failed": sum(row["failed"] for row in rows),
        }
        for kind, rows in kinds.items()
    }


def read_episodes(folder: str | Path) -> list[EpisodeResult]:
    """The episodes recorded in a run folder; for a retried episode, its last record.

    A partial last line (the run was killed) is ignored.

    Raises:
        UsageError: if a line is not an episode.
    """
    return episodes_in(JsonlStore(Path(folder) / EPISODES_FILE))


def episodes_in(store: JsonlStore) -> list[EpisodeResult]:
    """The episodes of an open `episodes.jsonl`; see `read_episodes`."""
    return [_episode(record, store.path) for record in store]


def _episode(record: dict[str, Any], path: Path) -> EpisodeResult:
    try:
        episode = EpisodeResult.from_dict(record)
        if episode.task not in TASKS:
            raise ValueError(f"task: {episode.task!r} is not in the table of tasks")
    except ValueError as error:
        raise UsageError(
            f"{path} has a line that is not an episode (key {json.dumps(record['key'])}: {error}): remove it."
        ) from error
    return episode


def load_run(folder: str | Path) -> RunResult:
    """A run from its folder.

    Raises:
        UsageError: if the folder does not hold a run, or a field of it is wrong.
    """
    path = Path(folder) / RESULTS_FILE
    try:
        run = _RUN.validate_json(path.read_bytes(), strict=True)
        if missing := {"name", "hash"} - set(run.protocol):
            raise ValueError(f"protocol: no {' and no '.join(sorted(missing))}")
        return replace(run, folder=Path(folder))
    except FileNotFoundError as error:
        raise UsageError(
            f"{folder} is not a run folder (it has no {RESULTS_FILE}): give the --out of `subgoal eval run`."
        ) from error
    except ValueError as error:
        fault = _first_fault(error) if isinstance(error, ValidationError) else str(error)
        raise UsageError(
            f"{path} is not a results file of this program ({fault}): restore it, or name another folder."
        ) from error
