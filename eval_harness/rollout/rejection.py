"""Rejection sampling: successful episodes of a run on train variations become practice of a corpus.

A model that is fine-tuned on its own successes (rejection fine-tuning, as in arXiv 2308.01825) also learns
from states that no expert comes to: after a detour, or with things in another order.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path

from rich.progress import Progress

from dataset_builder.common.console import progress_line
from dataset_builder.common.errors import UsageError
from dataset_builder.practice.generate import load_practice, practice_record
from dataset_builder.practice.perturbed_replay import Practice
from dataset_builder.simulator.retry import retrying
from dataset_builder.simulator.simulator import Episode, Simulator
from dataset_builder.simulator.tasks import MAX_EPISODE_STEPS, get_task
from dataset_builder.trajectories.corpus import Corpus
from dataset_builder.trajectories.subgoals import step_segments
from dataset_builder.trajectories.trajectory import Step, Trajectory, to_fraction
from eval_harness.results.played_run import read_played
from eval_harness.results.records import EpisodeResult

FIRST_SEED = 1000
"""Seed s of a run is stored as practice seed 1000 + s: smaller seeds are those of perturbed replays."""

_PASSES_TIME = ("wait", "use ", "examine ", "look ", "read ", "focus on ")


def add_successes(run: str | Path, corpus: str | Path, *, progress: Progress | None = None) -> Counter[str]:
    """Add the episodes of a run that reached the full score to the practice of a corpus folder.

    Each is replayed in the simulator, which shows what the agent saw. Actions that changed nothing, and
    those that the harness chose, stay in the history but are no training targets.

    Args:
        run (`str` or `Path`): run folder of a pair, played on train variations.
        corpus (`str` or `Path`): folder of the corpus. Episodes that it has already are kept.
        progress (`rich.progress.Progress`, *optional*): where to show a bar.

    Returns:
        `Counter[str]`: number of episodes `added`, `kept` from before, `failed` (below the full score),
        `known` (the actions are those of a path of the corpus), and `different` (the
        replay has another end, or a step has no sub-goal).

    Raises:
        UsageError: if the run has no sub-goals, or episodes of other splits.
    """
    played = read_played(run)
    _check(played.episodes, str(run))
    rules = played.result.rules_played()
    folder = Corpus(corpus)
    store, known = folder.practice, _known_actions(folder)
    counts: Counter[str] = Counter()
    advance = progress_line(progress, "replays", len(played.episodes))
    with Simulator() as simulator:
        game = simulator.episode(step_limit=None)
        for episode in played.episodes:
            key = (episode.task, episode.variation, FIRST_SEED + episode.seed)
            if key in store:
                counts["kept"] += 1
            elif episode.score != 100:
                counts["failed"] += 1
            elif tuple(episode.actions) in known[episode.task, episode.variation]:
                counts["known"] += 1
            else:
                practice = retrying(partial(_replay, game, episode, rules.simplifications))
                counts["added" if practice else "different"] += 1
                if practice:
                    store.append(key, practice_record(practice))
                    known[key[:2]].add(tuple(episode.actions))
            advance()
    return counts


def _check(episodes: Sequence[EpisodeResult], run: str) -> None:
    """Refuse what must not be trained on, and runs without sub-goals."""
    for episode in episodes:
        if (split := get_task(episode.task).split_of(episode.variation)) != "train":
            raise UsageError(
                f"{run} has an episode of {episode.task} {episode.variation}, a {split} variation: "
                "only train variations may be trained on. Play a protocol with `split: train`."
            )
    if not any(any(episode.subgoals) for episode in episodes):
        raise UsageError(f"{run} has no sub-goals: give the run of a pair (--controller and --executor).")


def _known_actions(corpus: Corpus) -> dict[tuple[str, int], set[tuple[str, ...]]]:
    """Task and variation → the action sequences that the corpus has of it."""
    known: dict[tuple[str, int], set[tuple[str, ...]]] = defaultdict(set)
    for path in (*corpus.trajectories(), *(practice.trajectory for practice in load_practice(corpus))):
        known[path.task, path.variation].add(tuple(path.actions))
    return known


def _replay(game: Episode, episode: EpisodeResult, simplifications: str) -> Practice | None:
    """As practice; None if a step has no sub-goal, or the replay another end, or too many moves."""
    if not all(episode.subgoals):
        return None
    game.load(episode.task, episode.variation, simplifications)
    steps: list[Step] = []
    taught: list[bool] = []
    for index, action in enumerate(episode.actions):
        look, inventory = game.look(), game.inventory()
        before = game.score
        result = game.step(action)
        score = to_fraction(result.score)
        steps.append(Step(look, inventory, action, result.observation, score, result.moves))
        changed = (game.look(), game.inventory()) != (look, inventory) or result.score > before
        useful = changed or result.ambiguous or action.startswith(_PASSES_TIME)
        taught.append(useful and result.accepted and index not in episode.last_resort)
    if game.score != 100 or game.moves > MAX_EPISODE_STEPS:
        return None
    trajectory = Trajectory(
        episode.task,
        episode.variation,
        game.task_description(),
        simplifications,
        "practice",
        tuple(steps),
        version("scienceworld"),
    )
    return Practice(trajectory, step_segments(episode.subgoals), taught, [], False)
