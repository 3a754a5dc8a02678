"""Practice: perturbed replays of expert paths, in rearranged worlds and with mistakes to recover from.

Half of the tasks have fewer than twenty train variations, and things are in the same place in all of them.
So a verified path is replayed on its own (train) variation after some unrecorded moves: the thing whose
state must change is moved to another place, and the replay starts in another room. The replay searches for
things that are not in sight and recovers from its mistakes. Only replays that reach the full score are
kept, except relabelled ones. Mistakes remain in the history that a model reads, but are never its target.

Paints are also mixed from other colours than the task asks for. The task's text is then changed to name
the resulting paint (hindsight relabelling, as in arXiv 1707.01495). Such a path is replayed up to its
focus actions. The simulator has no score for the changed task, so we check that the paint to focus on is
in the room. In the same way other animals and other devices are asked for, see
`dataset_builder.practice.relabelling`, and the melting points of paints, see
`dataset_builder.practice.paints`. No path is relabelled to a text that only other splits have.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from random import Random

from dataset_builder.annotation.rules.annotator import RulesAnnotator
from dataset_builder.expert.plan import ANSWER, ReplayFailed, Seen
from dataset_builder.practice import paints
from dataset_builder.practice.rearrangement import rearrange, take_in_sight
from dataset_builder.practice.relabelling import Relabelled, builds_circuit, other_animal, other_parts
from dataset_builder.practice.replay import PracticeReplay
from dataset_builder.simulator.look import room_of
from dataset_builder.simulator.simulator import Episode
from dataset_builder.trajectories.subgoals import Segment, step_segments, step_subgoals
from dataset_builder.trajectories.trajectory import Trajectory

_ANIMALS = "identify-life-stages-1"
_PRIMARY = ("red", "blue", "yellow")


@dataclass(frozen=True)
class Practice:
    """One perturbed replay of a path.

    Attributes:
        trajectory: the recorded steps, including mistakes.
        segments: its sub-goals.
        taught: one value per step: whether it is a training target (mistakes are not).
        prelude: the unrecorded actions before it, which are needed to reproduce the replay.
        hindsight: whether the task's text was relabelled to fit the path; it then has no valid score.

    Example:

    ```python
    practice = practise(simulator.episode(step_limit=None), trajectory, segments, seed=0)
    targets = [
        action for action, taught in zip(practice.trajectory.actions, practice.taught) if taught
    ]
    ```
    """

    trajectory: Trajectory
    segments: list[Segment]
    taught: list[bool]
    prelude: list[str]
    hindsight: bool


def practise(
    episode: Episode,
    base: Trajectory,
    segments: Sequence[Segment],
    seed: int,
    held_out: Collection[str] = (),
) -> Practice:
    """Replay a verified path in a randomly rearranged world.

    Args:
        episode (`Episode`): plays the path; it has no step limit.
        base (`Trajectory`): a verified path.
        segments (`Sequence[Segment]`): its sub-goals. (Those of a melting point are annotated anew.)
        seed (`int`): random seed of the rearrangement, the mistakes and the first room.
        held_out (`Collection[str]`, *optional*): texts of tasks that a path is not relabelled to.

    Raises:
        ReplayFailed: if the replay did not reach the full score within `MAX_EPISODE_STEPS` moves, or a
            relabelled one has a held-out text or no readings that decide.
        SimulatorDied: if the Java process ended.
    """
    draw = Random(f"{base.task}/{base.variation}/{seed}")
    episode.load(base.task, base.variation, base.simplifications)
    colours = _other_colours(base, draw)
    player = PracticeReplay(episode, base, draw, colours)
    if base.task == paints.TASK:
        return _allowed(_melting_point(player, base, draw), held_out)
    subgoals = step_subgoals(segments)
    parts = "" if colours else rearrange(player, base, draw)
    if changed := _relabelled(base, subgoals, parts, draw, held_out):
        base, subgoals = changed.path, changed.subgoals
        player.relabel(changed)
    player.begin()
    take_in_sight(player, base)
    first = _without_room(subgoals[0], player)
    for index, (subgoal, step) in enumerate(zip(subgoals, base.steps, strict=True)):
        begins = set(subgoals[: index + 1]) == {subgoals[0]}  # still the first segment
        player.perform(first if begins else subgoal, room_of(step.look), step)
        if episode.done:
            break
    player.answer()
    player.wait_until_on()
    if not (player.hindsight or episode.score == 100) or not player.steps:
        raise ReplayFailed(f"{episode.score} of 100")
    return _allowed(_recorded(player, step_segments(player.subgoals)), held_out)


def is_relabelled(task: str) -> bool:
    """Whether some replays of a task ask for another thing than it does.

    Args:
        task (`str`): simulator name of the task.
    """
    return task in (_ANIMALS, paints.TASK) or _mixes_paints(task) or builds_circuit(task)


def _recorded(player: PracticeReplay, segments: list[Segment]) -> Practice:
    return Practice(player.trajectory(), segments, player.taught, player.prelude, player.hindsight)


def _allowed(practice: Practice, held_out: Collection[str]) -> Practice:
    """The practice, unless it asks what only another split asks."""
    if practice.hindsight and practice.trajectory.description in held_out:
        raise ReplayFailed("another split asks for it")
    return practice


def _melting_point(player: PracticeReplay, base: Trajectory, draw: Random) -> Practice:
    """Measure the melting point of a paint in the world of a path that asks for another substance."""
    relabelled = paints.ask_for_paint(base, draw)
    if relabelled is None:
        raise ReplayFailed("the task's text asks for no melting point")
    asked, text = relabelled
    player.relabel(Relabelled(replace(base, description=text), [], hindsight=True))
    for action in paints.placement(asked, draw):
        player.act(action)
    player.begin()
    experiment = paints.measurement(asked, player.episode.look())
    try:
        action = next(experiment)
        while True:
            if player.do("", action):
                player.do("", ANSWER)
            action = experiment.send(Seen(player.steps[-1].observation, player.episode.look()))
    except StopIteration:
        pass
    if not paints.is_decided(asked, player.steps):
        raise ReplayFailed("the readings do not decide")
    return _recorded(player, RulesAnnotator().annotate(player.trajectory()))


def _without_room(subgoal: str, player: PracticeReplay) -> str:
    """The first sub-goal without its room argument if the replay already starts in that room."""
    return subgoal.replace(f", {player.room})", ")")


def _relabelled(
    base: Trajectory, subgoals: list[str], parts: str, draw: Random, held_out: Collection[str]
) -> Relabelled | None:
    """The path for another animal or with other parts, or None where it stays as it is."""
    if parts:
        return other_parts(base, subgoals, parts, draw, held_out)
    if base.task == _ANIMALS:
        there = next(step.look for step in base.steps if step.action.startswith("focus on "))
        return other_animal(base, there, draw, held_out)
    return None


def _other_colours(base: Trajectory, draw: Random) -> dict[str, str]:
    """Paint → the paint that replaces it, for most replays of a task that mixes paints; else `{}`."""
    if not _mixes_paints(base.task) or draw.random() < 0.2:
        return {}
    shuffled = draw.sample(_PRIMARY, len(_PRIMARY))
    return {f"{old} paint": f"{new} paint" for old, new in zip(_PRIMARY, shuffled, strict=True)}


def _mixes_paints(task: str) -> bool:
    return "paint" in task
