"""`subgoal eval leaderboard`: runs of one protocol, one row each, the best first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

from dataset_builder.common.errors import UsageError
from eval_harness.reports.score_table import difference_notes, interval_notes, interval_text, run_names
from eval_harness.reports.table import ReportTable
from eval_harness.results.played_run import PlayedRun
from eval_harness.results.records import RunResult
from eval_harness.results.statistics import Estimate

HEADS = (
    "agent",
    "models",
    "parameters",
    "kind",
    "score",
    "95% interval",
    "solved",
    "s/episode",
    "tokens/episode",
    "revision",
    "package",
)


@dataclass(frozen=True)
class LeaderboardRow:
    """One run. None where a run does not tell.

    Attributes:
        agent: the agent's name.
        models: role and id of each model, such as `controller ns/controller, executor ns/executor`.
        parameters: weights of all models together; None if one of them is served.
        kind: kinds of the models: `seq2seq`, `causal`, `adapter`, `served`; `program` without models.
        protocol, protocol_hash: the rules.
        episodes: scored episodes.
        failed: episodes without a score, which are excluded.
        score: mean score over tasks, 0 to 100.
        score_low, score_high: 95% bootstrap interval of the score.
        solved: share of episodes that reached 100, 0 to 100.
        seconds_per_episode: wall time of the run, divided by its episodes.
        tokens_per_episode: tokens that models and language models read and wrote.
        revision: commit or hash of each model.
        package: version of this package.
        hardware: processor, or the GPU.

    Example:

    ```python
    board = leaderboard([read_played("runs/pair"), read_played("runs/flat")])
    board.rows[0].agent, board.rows[0].score
    ```
    """

    agent: str
    models: str
    parameters: int | None
    kind: str
    protocol: str
    protocol_hash: str
    episodes: int
    failed: int
    score: float
    score_low: float | None
    score_high: float | None
    solved: float
    seconds_per_episode: float
    tokens_per_episode: float | None
    revision: str
    package: str
    hardware: str

    def cells(self) -> list[str]:
        """The row as text, one cell for each of `HEADS`."""
        interval = Estimate(self.score, self.score_low, self.score_high)
        return [
            self.agent,
            self.models or "-",
            "-" if self.parameters is None else size_text(self.parameters),
            self.kind,
            f"{self.score:.1f}",
            interval_text(interval),
            f"{self.solved:.0f}%",
            f"{self.seconds_per_episode:.2f}",
            "-" if self.tokens_per_episode is None else f"{self.tokens_per_episode:,.0f}",
            self.revision or "-",
            self.package or "-",
        ]


@dataclass(frozen=True)
class Leaderboard:
    """The rows of runs, sorted by score, and what a reader must know.

    Attributes:
        rows: one per run, the highest score first.
        notes: one sentence each.

    Example:

    ```python
    board = leaderboard([read_played("runs/pair"), read_played("runs/flat")])
    print(board.table().markdown())
    ```
    """

    rows: list[LeaderboardRow]
    notes: list[str]

    @property
    def title(self) -> str:
        """`ScienceWorld, protocol mini (6b0e5a3c…)`."""
        return f"ScienceWorld, protocol {self.rows[0].protocol} ({self.rows[0].protocol_hash})"

    def table(self) -> ReportTable:
        """The rows as text, for the terminal and as Markdown."""
        return ReportTable(HEADS, [[row.cells() for row in self.rows]], self.title, self.notes)


def leaderboard(runs: Sequence[PlayedRun]) -> Leaderboard:
    """Rank runs of one protocol.

    Args:
        runs (`Sequence[PlayedRun]`): at least one, in any order.

    Raises:
        UsageError: if the rules of two runs differ, or a run has no scored episode.
    """
    _check_rules([run.result for run in runs])
    # The name of a protocol may differ while its rules are the same.
    protocol = runs[0].result.protocol
    results = [replace(run.result, protocol=protocol) for run in runs]
    rows = [_row(run, name) for run, name in zip(runs, run_names(results), strict=True)]
    notes = [
        "Score: mean over tasks, with its 95% bootstrap interval over variations. Seconds: wall time on the "
        "hardware of the run, shared by the episodes of a batch.",
        *difference_notes(results),
        *interval_notes(run.scores() for run in runs),
    ]
    return Leaderboard(sorted(rows, key=lambda row: -row.score), notes)


def _check_rules(results: Sequence[RunResult]) -> None:
    """Refuse runs of different rules. Names do not matter, nor do hashes of an earlier release."""
    first = results[0]
    for result in results[1:]:
        if result.protocol["hash"] == first.protocol["hash"]:
            continue
        if result.rules and first.rules and result.rules_played().hash == first.rules_played().hash:
            continue
        raise UsageError(
            f"The protocols differ: {_source(first)} played {_protocol(first)}, {_source(result)} "
            f"{_protocol(result)}. Give runs of one protocol."
        )


def _source(result: RunResult) -> str:
    return str(result.folder) if result.folder else result.agent


def _protocol(result: RunResult) -> str:
    return f"{result.protocol['name']} ({result.protocol['hash']})"


def _row(run: PlayedRun, name: str) -> LeaderboardRow:
    result, score = run.result, run.scores().mean()
    if result.mean_score is None or result.success_rate is None:
        raise UsageError(f"{_source(result)} has no scored episode: play it to its end, or omit it.")
    models = {role: model for role, model in result.models.items() if isinstance(model, Mapping)}
    parameters = [model.get("parameters") for model in models.values()]
    tokens = [episode.tokens_read + episode.tokens_written + episode.llm_tokens for episode in run.episodes]
    return LeaderboardRow(
        agent=name,
        models=", ".join(f"{role} {model.get('id', '?')}" for role, model in models.items()),
        parameters=sum(parameters) if parameters and all(parameters) else None,  # type: ignore[arg-type]
        kind=", ".join(dict.fromkeys(map(kind_of, models.values()))) or "program",
        protocol=result.protocol["name"],
        protocol_hash=result.protocol["hash"],
        episodes=result.episodes,
        failed=result.failed,
        score=result.mean_score,
        score_low=score.low if score else None,
        score_high=score.high if score else None,
        solved=100 * result.success_rate,
        seconds_per_episode=result.wall_seconds / len(run.episodes),
        tokens_per_episode=fmean(tokens) or None,
        revision=", ".join(_short(model["revision"]) for model in models.values() if model.get("revision")),
        package=result.versions.get("subgoal-distillation", ""),
        hardware=str(result.hardware.get("gpu") or result.hardware.get("processor") or ""),
    )


def kind_of(model: Mapping[str, Any]) -> str:
    """The kind of a model by its record in a run.

    Runs of releases that did not record it had seq2seq checkpoints and served language models only.
    """
    return str(model.get("kind") or ("seq2seq" if model.get("parameters") else "served"))


def _short(revision: str) -> str:
    """A commit or hash with 12 of its digits."""
    algorithm, _, digits = revision.rpartition(":")
    return f"{algorithm}:{digits[:12]}" if algorithm else digits[:12]


def size_text(parameters: int) -> str:
    """`1.15M`, `135M`, `7.62B`."""
    number, unit = (parameters / 1e9, "B") if parameters >= 1e9 else (parameters / 1e6, "M")
    return f"{number:.3g}{unit}"
