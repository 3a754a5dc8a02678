"""`subgoal eval replay`: recorded episodes played again in the simulator, to check their scores."""

import json
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from dataset_builder.common.errors import UsageError
from dataset_builder.simulator.retry import retrying
from dataset_builder.simulator.simulator import Episode, Simulator
from dataset_builder.simulator.tasks import get_task
from eval_harness.protocols.protocol import Protocol, load_protocol
from eval_harness.results.played_run import read_played
from eval_harness.results.records import EpisodeResult


@dataclass(frozen=True)
class Replayed:
    """The result of replaying a recorded episode.

    Attributes:
        episode: the record.
        difference: the first difference, in one line; None if all scores are the same.
        other_texts: number of actions whose observation differs from the recorded one.

    Example:

    ```python
    episodes, protocol = recorded_episodes("runs/pair")
    replayed = replay_episode(simulator, episodes[0], protocol)
    replayed.same, replayed.difference
    ```
    """

    episode: EpisodeResult
    difference: str | None
    other_texts: int = 0

    @property
    def same(self) -> bool:
        return self.difference is None


def recorded_episodes(
    source: str | Path, protocol: str | None = None
) -> tuple[list[EpisodeResult], Protocol]:
    """The episodes of a run folder, or the one of a file, and the protocol under which they were played.

    Args:
        source (`str` or `Path`): a run folder, or a JSON file with one episode in the form of a line
            of `episodes.jsonl`.
        protocol (`str`, *optional*): name or YAML file of the protocol. By default it is the one that the
            run folder holds, and `paper` for a file.

    Raises:
        UsageError: if the source is neither, or the run was played under another protocol.
    """
    path = Path(source)
    if path.is_file():
        return [_read_episode(path)], load_protocol(protocol or "paper")
    run = read_played(path)
    if protocol is None:
        return run.episodes, run.result.rules_played()
    rules, played = load_protocol(protocol), run.result.protocol
    if rules.hash != played["hash"]:
        raise UsageError(
            f"{source} was played under {played['name']} ({played['hash']}), not under {rules.name} "
            f"({rules.hash}): drop --protocol, or give the file with the rules of that run."
        )
    return run.episodes, rules


def _read_episode(path: Path) -> EpisodeResult:
    try:
        episode = EpisodeResult.from_dict(json.loads(path.read_text(encoding="utf-8")))
        get_task(episode.task).check_variation(episode.variation)
    except ValueError as error:
        raise UsageError(
            f"{path} is not a recorded episode ({error}): give a line of an episodes.jsonl, or a run folder."
        ) from error
    return episode


def choose_episodes(
    episodes: Sequence[EpisodeResult], task: str | None = None, variation: int | None = None
) -> list[EpisodeResult]:
    """The recorded episodes of a task, or of one variation of it; all by default.

    Raises:
        UsageError: if no episode matches.
    """
    name = get_task(task).name if task else None
    selected = [
        episode
        for episode in episodes
        if name in (None, episode.task) and variation in (None, episode.variation)
    ]
    if not selected:
        wanted = " ".join(str(part) for part in (name, variation) if part is not None)
        raise UsageError(f"No recorded episode of {wanted}." if wanted else "The run has no episodes yet.")
    return selected


def replay_episode(simulator: Simulator, episode: EpisodeResult, protocol: Protocol) -> Replayed:
    """Play the recorded actions on a freshly loaded variation and compare scores, moves and the final score.

    Rejected candidates are not sent again, since they changed nothing.

    Raises:
        SimulatorDied: if the Java process ended three times under this episode.
    """
    game = simulator.episode(step_limit=None)  # a limit ends an episode; it changes no score
    try:
        return retrying(lambda: _play(game, episode, protocol))
    finally:
        game.close()


def _play(game: Episode, episode: EpisodeResult, protocol: Protocol) -> Replayed:
    game.load(episode.task, episode.variation, protocol.simplifications, first_look=protocol.first_look)
    if len(episode.scores) != len(episode.actions):
        return Replayed(
            episode, f"the record has {len(episode.scores)} scores for {len(episode.actions)} actions"
        )
    other_texts = 0
    for number, (action, score) in enumerate(zip(episode.actions, episode.scores, strict=True), 1):
        result = game.step(action)
        other_texts += episode.observations[number - 1 : number] != [result.observation]
        if result.score != score:
            return Replayed(
                episode,
                f"score {result.score}, recorded {score}, after action {number}: {action}",
                other_texts,
            )
    return Replayed(episode, _wrong_sum(episode, protocol, game.moves), other_texts)


def _wrong_sum(episode: EpisodeResult, protocol: Protocol, moves: int) -> str | None:
    """The first figure of the record that does not follow from its scores; None if all do."""
    if episode.moves != moves:
        return f"{moves} moves, recorded {episode.moves}"
    if episode.error is not None:
        return None  # a failed episode has no score, and its actions before the error gave the same scores
    last, counts = ([0, *episode.scores][-1], protocol.count(episode.scores))
    if episode.raw_score != last:
        return f"last score {last}, recorded {episode.raw_score}"
    if episode.score != counts:
        return f"counts {counts} by protocol {protocol.name}, recorded {episode.score}"
    return None


def replay(episodes: Sequence[EpisodeResult], protocol: Protocol, simulator: Simulator) -> Iterator[Replayed]:
    """Replay episodes in parallel, one per core; yields the results in the order of the episodes."""
    pool = ThreadPoolExecutor(os.cpu_count() or 1, "replay")
    try:
        yield from pool.map(lambda episode: replay_episode(simulator, episode, protocol), episodes)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
