"""Helpers: practice of a path with many seeds."""

from collections.abc import Iterator

from dataset_builder.annotation.annotators import annotator
from dataset_builder.expert.plan import ReplayFailed
from dataset_builder.practice.perturbed_replay import Practice, practise
from dataset_builder.simulator.simulator import Episode
from dataset_builder.trajectories.trajectory import Trajectory


def path_of(recorded: list[Trajectory], task: str, variation: int) -> Trajectory:
    """The recorded path of a variation."""
    (path,) = [path for path in recorded if path.key == (task, variation, "tidied")]
    return path


def playing(episode: Episode, path: Trajectory, seeds: int) -> Iterator[Practice]:
    """The practice of a path with each seed that does not fail."""
    segments = annotator("rules").annotation(path, 0).segments
    for seed in range(seeds):
        try:
            yield practise(episode, path, segments, seed)
        except ReplayFailed:
            continue
