"""Generating practice, in threads; a second call resumes.

Tasks with few train variations get it, and known melting points, of which few are those of liquids.
"""

import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from rich.progress import Progress

from dataset_builder.annotation.annotators import version_of
from dataset_builder.common.console import progress_line
from dataset_builder.common.errors import SubgoalError, UsageError
from dataset_builder.common.jsonl_store import JsonlStore
from dataset_builder.practice import paints
from dataset_builder.practice.held_out import HeldOutTexts
from dataset_builder.practice.perturbed_replay import Practice, is_relabelled, practise
from dataset_builder.practice.threads import attempt, play_all
from dataset_builder.simulator.simulator import Episode
from dataset_builder.simulator.tasks import get_task
from dataset_builder.trajectories.corpus import Corpus, read_segments, segment_rows
from dataset_builder.trajectories.subgoals import Segment
from dataset_builder.trajectories.trajectory import Trajectory

FEW_VARIATIONS = 20
"""Maximum number of ScienceWorld train variations of a task whose paths are replayed again and again."""

MAX_PLAYS = 40
"""Maximum number of replays per variation; with more, the rearrangements begin to repeat."""

_FREEZING_PLAYS = 3
"""Replays of a question that paint answers by freezing: few variations ask one."""

_VERSION = 3
"""Raised when replays change: practice of another version is made again."""


class PracticeStats(NamedTuple):
    """Counts of one task: successful replays, failed replays, steps that are training targets.

    Example:

    ```python
    stats = generate_practice("corpus", steps=2500)["grow-fruit"]
    print(f"{stats.plays} replays of {stats.plays + stats.failed} kept, {stats.steps} steps")
    ```
    """

    plays: int
    failed: int
    steps: int


Unit = tuple[Trajectory, list[Segment], int]


def generate_practice(
    folder: str | Path, *, steps: int = 2500, workers: int = 2, progress: Progress | None = None
) -> dict[str, PracticeStats]:
    """Replay all train variations of the tasks with at most `FEW_VARIATIONS` of them in rearranged worlds.

    The variations of known melting points are replayed too, for liquids: once each, or three times.

    Args:
        folder (`str` or `Path`): corpus folder, collected and annotated by rules. Its existing
            practice is kept, except that of paths that have changed since.
        steps (`int`, *optional*, defaults to 2500): target number of steps per task.
        workers (`int`, *optional*, defaults to 2): number of threads, each with its own world.
        progress (`rich.progress.Progress`, *optional*): shows a progress bar.

    Returns:
        `dict[str, PracticeStats]`: task → counts of all practice in the folder.

    Raises:
        UsageError: if the corpus is not collected or annotated, or a number is below 1.

    Example:

    ```python
    for task, stats in generate_practice("corpus", steps=2500).items():
        print(task, stats.plays, stats.steps)
    ```
    """
    if steps < 1 or workers < 1:
        raise UsageError("--steps and --workers: give 1 or more.")
    corpus = Corpus(folder)
    store = corpus.practice
    units = _units(corpus, steps)
    missing = [unit for unit in units if not _is_current(store, unit)]
    advance = progress_line(progress, "practice", len(units), len(units) - len(missing))

    held_out = HeldOutTexts()

    def play(episode: Episode, unit: Unit) -> None:
        store.append(_key(unit), _outcome(episode, unit, held_out))

    play_all(play, missing, workers, advance)
    return practice_stats(store)


def load_practice(corpus: Corpus) -> list[Practice]:
    """All practice of a corpus, sorted by task, variation and seed.

    Raises:
        SubgoalError: if a record cannot be read.
    """
    store = corpus.practice
    records = (store[key] for key in sorted(store.keys()))
    return [read_practice(record["practice"], store.path) for record in records if "practice" in record]


def practice_stats(store: JsonlStore) -> dict[str, PracticeStats]:
    """Task → counts of the practice in a store."""
    stats: dict[str, PracticeStats] = {}
    for record in store:
        task, practice = str(record["key"][0]), record.get("practice")
        plays, failed, steps = stats.get(task, PracticeStats(0, 0, 0))
        if practice is None:
            stats[task] = PracticeStats(plays, failed + 1, steps)
        else:
            stats[task] = PracticeStats(plays + 1, failed, steps + sum(practice["taught"]))
    return stats


def _units(corpus: Corpus, steps: int) -> list[Unit]:
    """The replays: all variations with the first seed, then all with the second, and so on."""
    paths = [path for path in corpus.trajectories("tidied") if _split(path) == "train"]
    counts: Counter[str] = Counter()
    for path in paths:
        counts[path.task] += len(path.steps)
    rare = [path for path in paths if _is_rare(path.task) or path.task == paints.TASK]
    pairs = corpus.annotated("rules", rare, version_of("rules")) if rare else []

    def plays(path: Trajectory) -> int:
        if path.task == paints.TASK:
            return _FREEZING_PLAYS if paints.freezes(path) else 1
        return min(MAX_PLAYS, -(-steps // counts[path.task]))

    return [
        (path, segments, seed) for seed in range(MAX_PLAYS) for path, segments in pairs if seed < plays(path)
    ]


def _is_rare(task: str) -> bool:
    return len(get_task(task).variations("train")) <= FEW_VARIATIONS


def _split(path: Trajectory) -> str:
    return get_task(path.task).split_of(path.variation)


def _key(unit: Unit) -> tuple[str, int, int]:
    return unit[0].task, unit[0].variation, unit[2]


def _outcome(episode: Episode, unit: Unit, held_out: HeldOutTexts) -> dict[str, Any]:
    """The record of a replay: the practice, or the reason of the failure."""
    task = unit[0].task

    def play() -> Practice:
        return practise(episode, *unit, held_out.of(episode, task) if is_relabelled(task) else ())

    played = attempt(play)
    record = {"given_up": played} if isinstance(played, str) else practice_record(played)
    return record | {"source": _source(unit)}


def _is_current(store: JsonlStore, unit: Unit) -> bool:
    """Whether there is a result, made of the same path by the same version of this room."""
    key = _key(unit)
    return key in store and store[key].get("source") == _source(unit)


def _source(unit: Unit) -> str:
    path, segments, _ = unit
    return digest(_VERSION, path.actions, segment_rows(segments))


def digest(*parts: object) -> str:
    """A short digest of what was replayed, stored with the result."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def practice_record(played: Practice) -> dict[str, Any]:
    """The stored form of practice, `{"practice": {field of Practice: JSON value}}`.

    `load_practice` reads it back.
    """
    changed = {"trajectory": played.trajectory.to_dict(), "segments": segment_rows(played.segments)}
    return {"practice": vars(played) | changed}


def read_practice(record: dict[str, Any], path: Path) -> Practice:
    """Practice from its stored form.

    Args:
        record (`dict[str, Any]`): field of `Practice` → JSON value, the value of `practice` in a record.
        path (`Path`): the file, for the message.

    Raises:
        SubgoalError: if the record is damaged.
    """
    try:
        trajectory = Trajectory.from_dict(record["trajectory"])
        segments = read_segments(record["segments"], len(trajectory.steps))
        return Practice(**record | {"trajectory": trajectory, "segments": segments})
    except (SubgoalError, KeyError, TypeError, ValueError) as error:
        raise SubgoalError(
            f"{path} holds practice that cannot be read ({error}): remove it and practise again."
        ) from error
