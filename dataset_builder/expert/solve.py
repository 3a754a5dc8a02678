"""Expert trajectories: the simulator's own solution, simplified, and verified by replay."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version

from dataset_builder.common.errors import SubgoalError, UsageError
from dataset_builder.expert import genetics, grow_fruit, life_stages
from dataset_builder.expert.change_of_state import own_appliances
from dataset_builder.expert.conductivity import first_bulb
from dataset_builder.expert.inclined_plane import decided
from dataset_builder.expert.melting_point import measurement, other_answer, readings_after_decision
from dataset_builder.expert.plan import ANSWER, Experiment, Plan, Seen
from dataset_builder.expert.simplify import plans
from dataset_builder.simulator.simulator import Episode, Simulator, expand_simplifications
from dataset_builder.simulator.tasks import MAX_EPISODE_STEPS, get_task
from dataset_builder.trajectories.trajectory import PATHS, Step, Trajectory, to_fraction

_EXPERIMENTS = {
    **dict.fromkeys(genetics.TASKS, genetics.experiment),
    grow_fruit.TASK: grow_fruit.experiment,
    life_stages.TASK: life_stages.experiment,
}
"""Task → its expert that reads what it sees: task's text and first look → actions."""

_MAX_REPHRASINGS = 12
_MAX_WAITS = 8
_MAX_LAST_WAITS = 3


class NoVerifiedPath(SubgoalError):
    """No path of this variation reached the full score in a replay; the message says why.

    Example:

    ```python
    try:
        trajectory = find_trajectory(simulator, "boil", 0, attempts=1)
    except NoVerifiedPath as error:
        print(error)
    ```
    """


def find_trajectory(
    simulator: Simulator,
    task: str,
    variation: int,
    *,
    path: str = "tidied",
    simplifications: str = "easy",
    attempts: int = 3,
) -> Trajectory:
    """A path through a variation that reached score 100 when it was replayed on a fresh load.

    Args:
        simulator (`Simulator`): where to play.
        task (`str`): simulator name or paper id.
        variation (`int`): variation index.
        path (`str`, *optional*, defaults to `"tidied"`): `tidied` (by an
            expert of our own for some tasks, see the other modules here), or `simulator` for the solver's
            own words and detours, as the paper used.
        simplifications (`str`, *optional*, defaults to `"easy"`): see `Episode.load`.
        attempts (`int`, *optional*, defaults to 3): how many solutions of the solver are tried.

    Raises:
        NoVerifiedPath: if no attempt reached score 100; the message gives the reason.
        UsageError: for an unknown task, variation, simplification or path.

    Example:

    ```python
    with Simulator() as simulator:
        trajectory = find_trajectory(simulator, "boil", 0)
    print(trajectory.actions)
    ```
    """
    if path not in PATHS:
        raise UsageError(f"Unknown path {path!r}: use one of {', '.join(PATHS)}.")
    name = get_task(task).name
    teleport = "teleportAction" in expand_simplifications(get_task(task), simplifications).split(",")
    episode = simulator.episode(step_limit=None)
    try:
        reasons = []
        player = ExpertReplay(episode, name, variation, simplifications)
        if path == "tidied" and teleport and (experiment := _experiment(player)):
            return _trajectory(player, experiment.steps, path)
        for _ in range(attempts):
            gold = player.gold()
            if gold.score == 100:
                best = gold
                if path == "tidied":
                    best = _shortest(player, gold, teleport)
                    best = _by_experiment(player, best) if teleport else best
                return _trajectory(player, best.steps, path)
            reasons.append(gold.reason)
            if len(reasons) > 1 and reasons[-1] == reasons[-2]:
                break  # a deterministic solver fails the same way every time
        raise NoVerifiedPath(f"{name} {variation}: {reasons[-1]}.")
    finally:
        episode.close()


@dataclass
class _Replay:
    steps: list[Step]
    score: int
    reason: str = ""


class ExpertReplay:
    """Plays plans on fresh loads of one variation.

    Example:

    ```python
    player = ExpertReplay(simulator.episode(step_limit=None), "boil", 0, "easy")
    solution = player.gold()
    shorter = player.play([(step.action,) for step in solution.steps[:-1]])
    ```
    """

    def __init__(self, episode: Episode, task: str, variation: int, simplifications: str) -> None:
        self.episode = episode
        self.task = task
        self.variation = variation
        self.simplifications = simplifications

    def load(self, gold_path: bool = False) -> None:
        self.episode.load(self.task, self.variation, self.simplifications, gold_path)

    def gold(self) -> _Replay:
        """The solver's path, replayed on a load as agents get it.

        The solver changes the world while it searches, so its path is verified on a load without it.
        """
        self.load(gold_path=True)
        actions = self.episode.gold_path()
        if not actions:
            return _Replay([], 0, "the simulator's solver found no path")
        replay = self.play([(action,) for action in actions], keep_rejected=True)
        if replay.score != 100 and not replay.reason:
            replay.reason = f"the solver's path reached only {replay.score} of 100"
        return replay

    def play(self, plan: Plan, keep_rejected: bool = False) -> _Replay:
        """Play a plan on a fresh load until the score is full; rephrase where it is ambiguous.

        A question of the simulator cannot be taken back, so each rephrasing starts from a fresh load.
        """
        skip = [0] * len(plan)
        for _ in range(_MAX_REPHRASINGS):
            self.load()
            replay, stuck = self._attempt(plan, skip, keep_rejected)
            if stuck is None:
                return replay
            skip[stuck] += 1
        return replay

    def follow(self, actions: Experiment) -> _Replay:
        """Play the actions of an experiment, sending it what each showed, on the current load."""
        steps: list[Step] = []
        try:
            action = next(actions)
            while not self.episode.done and self.episode.moves <= MAX_EPISODE_STEPS:
                step, accepted, ambiguous = self._step(action)
                if not accepted:
                    break
                steps.append(step)
                if ambiguous:
                    steps.append(self._step(ANSWER)[0])
                action = actions.send(Seen(steps[-1].observation, self.episode.look()))
        except StopIteration:
            pass
        return _Replay(steps, self.episode.score)

    def _attempt(self, plan: Plan, skip: Sequence[int], keep_rejected: bool) -> tuple[_Replay, int | None]:
        """Play a plan once; returns also the index of a step whose wording was ambiguous, or None.

        Args:
            plan (`Plan`): what to play.
            skip (`Sequence[int]`): per step of the plan, how many of its wordings not to try.
            keep_rejected (`bool`): also record actions that the simulator rejected.
        """
        steps: list[Step] = []
        asked = False
        for index, wordings in enumerate(plan):
            if wordings == (ANSWER,) and not asked:
                continue  # the shorter wording left nothing to ask
            step, accepted, ambiguous = self._first_accepted(wordings[skip[index] :])
            if accepted or keep_rejected:
                asked = ambiguous
                answer_follows = plan[index + 1 : index + 2] == [(ANSWER,)]
                if ambiguous and not answer_follows and step.action != wordings[-1]:
                    return _Replay(steps, 0), index
                steps.append(step)
            elif step.action.startswith("focus on "):
                steps += self._wait_for(wordings)
            if self.episode.done:
                lost = self.episode.score < 0
                return _Replay(steps, self.episode.score, "the path lost the episode" if lost else ""), None
        return _Replay(steps, self.episode.score), None

    def _first_accepted(self, wordings: Sequence[str]) -> tuple[Step, bool, bool]:
        """As `_step`, for the first wording that the simulator accepts, or else for the last one."""
        for wording in wordings[:-1]:
            outcome = self._step(wording)
            _, accepted, _ = outcome
            if accepted:
                return outcome
        return self._step(wordings[-1])

    def _wait_for(self, options: Sequence[str]) -> list[Step]:
        """Wait until the thing to focus on has grown or hatched; returns the steps played meanwhile.

        A simplified path arrives early: the solver's detours gave the plant time.
        """
        steps = []
        for _ in range(_MAX_WAITS):
            waited, _, _ = self._step("wait1")
            steps.append(waited)
            for option in options:
                step, accepted, ambiguous = self._step(option)
                if accepted:
                    steps.append(step)
                    if ambiguous:
                        steps.append(self._step(ANSWER)[0])
                    return steps
        return steps

    def _step(self, action: str) -> tuple[Step, bool, bool]:
        """Play an action; returns its step, whether it was accepted, and whether it is ambiguous."""
        look, inventory = self.episode.look(), self.episode.inventory()
        result = self.episode.step(action)
        step = Step(look, inventory, action, result.observation, to_fraction(result.score), result.moves)
        return step, result.accepted, result.ambiguous


def _experiment(player: ExpertReplay) -> _Replay | None:
    """Our own experiment, if there is one for the task and it succeeds within the limit."""
    begin = _EXPERIMENTS.get(player.task)
    if begin is None:
        return None  # loading a variation only to read the task's text would be slow
    player.load()
    actions = begin(player.episode.task_description(), player.episode.look())
    if actions is None:
        return None
    return _followed(player, actions)


def _by_experiment(player: ExpertReplay, best: _Replay) -> _Replay:
    """The path with its appliances, readings or light bulb by our own rules, if it reaches the full score."""
    actions = (
        own_appliances(player.task, best.steps)
        or measurement(player.task, player.episode.task_description(), best.steps)
        or first_bulb(player.task, best.steps)
    )
    if actions is None:
        return best
    player.load()
    return _followed(player, actions) or best


def _followed(player: ExpertReplay, actions: Experiment) -> _Replay | None:
    """The play of an experiment on the current load; None if it fails or exceeds the limit of agents."""
    replay = player.follow(actions)
    return replay if replay.score == 100 and replay.steps[-1].moves <= MAX_EPISODE_STEPS else None


def _shortest(player: ExpertReplay, gold: _Replay, teleport: bool) -> _Replay:
    """The shortest plan that reaches the full score, trimmed; the solver's own path if none does."""
    description = player.episode.task_description()
    best = gold
    failed: list[tuple[Plan, _Replay]] = []
    for plan in plans(player.task, description, gold.steps, teleport):
        if len(plan) >= len(best.steps):
            continue
        replay = player.play(plan)
        if replay.score == 100 and decided([step.observation for step in replay.steps]):
            best = replay
        else:
            failed.append((plan, replay))
    if best is gold:
        best = _repaired(player, description, failed) or gold
    for plan in _trims(player.task, description, best):
        replay = player.play(plan)
        if replay.score == 100:
            return replay
    return best


def _repaired(
    player: ExpertReplay, description: str, failed: Sequence[tuple[Plan, _Replay]]
) -> _Replay | None:
    """A plan that fell short, tried once more with the other answer, or with some waiting at its end.

    A thing measured earlier than by the solver has not cooled as far, so the answer may be the other one.
    """
    for plan, replay in failed:
        if replay.score >= 0:  # a wrong answer loses the episode: then time was not what was missing
            again = player.play([*plan, *[("wait1",)] * _MAX_LAST_WAITS])
        elif other := other_answer(plan, description):
            again = player.play(other)
        else:
            continue
        if again.score == 100 and decided([step.observation for step in again.steps]):
            return again
    return None


def _trims(task: str, description: str, replay: _Replay) -> Iterator[Plan]:
    """The plan without the readings made after the melting point was known to be above or below."""
    surplus = readings_after_decision(task, description, replay.steps)
    if surplus:
        yield [(step.action,) for index, step in enumerate(replay.steps) if index not in surplus]


def _trajectory(player: ExpertReplay, steps: Sequence[Step], path: str) -> Trajectory:
    return Trajectory(
        player.task,
        player.variation,
        player.episode.task_description(),
        player.simplifications,
        path,
        tuple(steps),
        version("scienceworld"),
    )
