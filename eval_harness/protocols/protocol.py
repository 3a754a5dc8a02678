"""`Protocol`: which variations are played, by which rules, and how an episode is scored."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from dataset_builder.common.config_files import config_file, read_mapping, validated
from dataset_builder.common.errors import UsageError
from dataset_builder.simulator.tasks import MAX_EPISODE_STEPS, get_task, select_tasks
from eval_harness.metrics.scienceworld_score.scores import count

# Fields that are newer than published results, with the value that means what was done before. This value
# is excluded from the hash, because cards quote the hashes of protocols that did not have these fields.
_LATER_FIELDS: dict[str, Any] = {
    "decision_limits": {},
    "count_rejected": False,
    "after": 0,
    "first_look": False,
}


class EpisodeKey(NamedTuple):
    """Identifies an episode; the key of its record in a run folder.

    Example:

    ```python
    >>> load_protocol("paper").units("boil", max_variations=1)
    [EpisodeKey(task='boil', variation=21, seed=0)]
    ```
    """

    task: str
    variation: int
    seed: int


class _Rule(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    agents: Literal["all", "subgoals", "flat"] = "all"
    """The agents that the rule applies to: those with sub-goals, those without, or all."""


class ScoreUnchanged(_Rule):
    """Stop when the last `actions` actions did not change the score, but not before action `after`.

    Example:

    ```python
    >>> rule = ScoreUnchanged(kind="score_unchanged", actions=3)
    >>> rule.applies(["look around", "wait", "inventory"], scores=[5, 5, 5], start=5)
    True
    ```
    """

    kind: Literal["score_unchanged"]
    actions: int = Field(gt=0)
    after: int = Field(default=0, ge=0)

    def applies(self, actions: Sequence[str], scores: Sequence[int], start: int) -> bool:
        if len(scores) < max(self.actions, self.after):
            return False
        return len(set([start, *scores][-self.actions - 1 :])) == 1


class FewDistinct(_Rule):
    """Stop when the last `actions` actions have at most `distinct` different texts.

    Example:

    ```python
    >>> rule = FewDistinct(kind="few_distinct", actions=4, distinct=2)
    >>> rule.applies(["open door", "close door"] * 2, scores=[0] * 4, start=0)
    True
    ```
    """

    kind: Literal["few_distinct"]
    actions: int = Field(gt=0)
    distinct: int = Field(gt=0)

    def applies(self, actions: Sequence[str], scores: Sequence[int], start: int) -> bool:
        return len(actions) >= self.actions and len(set(actions[-self.actions :])) <= self.distinct


EarlyStop = Annotated[ScoreUnchanged | FewDistinct, Field(discriminator="kind")]


class Protocol(BaseModel):
    """The rules of an evaluation.

    Attributes:
        name: name in results and reports.
        description: one line for `subgoal eval protocols`.
        split: ScienceWorld's split, `train`, `validation` or `test`.
        tasks: names or paper ids; None means all 30.
        max_variations: number of variations per task, the first ones of the split; None means all.
        simplifications: as for `Episode.load`; `""` for none.
        first_look: whether an episode begins with `look around`, as in `ScienceWorldEnv` (it takes no
            time); some tasks give points for the room in which the agent begins.
        step_limit: moves per episode; an episode ends when it has used more, as in `ScienceWorldEnv`.
        step_limits: exceptions to it, task → moves.
        decision_limit: actions per episode, including those that cost no move; None means no limit.
        decision_limits: exceptions to it, task → actions.
        count_rejected: whether texts that the simulator rejected count as actions in these limits.
        early_stop: rules that end an episode before its limit.
        scoring: the score of an episode. `zero`: the last score, or 0 if it is negative (the episode was
            lost by a wrong focus). `previous`: the last score that was not negative. `maximum`: the
            highest score reached.
        episodes: episodes per variation, with seeds `seed`, `seed + 1`, …

    Example:

    ```python
    rules = load_protocol("paper")
    rules.units(tasks="boil", max_variations=1)  # [EpisodeKey(task='boil', variation=21, seed=0)]
    rules.count([60, 40, -100])  # 0
    ```
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    description: str = ""
    split: Literal["train", "validation", "test"] = "test"
    tasks: tuple[str, ...] | None = None
    max_variations: int | None = Field(default=None, gt=0)
    simplifications: str = "easy"
    first_look: bool = True
    step_limit: int = Field(default=MAX_EPISODE_STEPS, gt=0)
    step_limits: dict[str, int] = {}
    decision_limit: int | None = Field(default=None, gt=0)
    decision_limits: dict[str, int] = {}
    count_rejected: bool = False
    early_stop: tuple[EarlyStop, ...] = ()
    scoring: Literal["zero", "previous", "maximum"] = "zero"
    episodes: int = Field(default=1, gt=0)

    @classmethod
    def from_record(cls, rules: Mapping[str, Any]) -> "Protocol":
        """The protocol of a run, from the `rules` of its `RunResult` (field of `Protocol` → value).

        Runs of earlier versions lack `first_look`: their episodes began without it.
        """
        return cls.model_validate({"first_look": False, **rules})

    @field_validator("tasks")
    @classmethod
    def _known_tasks(cls, tasks: tuple[str, ...] | None) -> tuple[str, ...] | None:
        return None if tasks is None else tuple(task.name for task in select_tasks(tasks))

    @field_validator("step_limits", "decision_limits")
    @classmethod
    def _known_limits(cls, limits: dict[str, int], info: ValidationInfo) -> dict[str, int]:
        if bad := [task for task, limit in limits.items() if limit < 1]:
            kind = (info.field_name or "limit").removesuffix("s").replace("_", " ")
            raise ValueError(f"the {kind} of {bad[0]} must be at least 1")
        return {get_task(task).name: limit for task, limit in limits.items()}

    @model_validator(mode="after")
    def _playable(self) -> "Protocol":
        from dataset_builder.simulator.simulator import expand_simplifications

        for task in select_tasks(self.tasks):
            expand_simplifications(task, self.simplifications)
        return self

    @property
    def hash(self) -> str:
        """Digest of the rules; the name and description do not change it."""
        rules = self.model_dump(mode="json", exclude={"name", "description"})
        for table in (rules, *rules["early_stop"]):
            for field, unused in _LATER_FIELDS.items():
                if table.get(field) == unused:
                    table.pop(field, None)
        return hashlib.sha256(json.dumps(rules, sort_keys=True).encode()).hexdigest()[:16]

    def moves_allowed(self, task: str) -> int:
        """The step limit of a task."""
        return self.step_limits.get(task, self.step_limit)

    def out_of_actions(self, task: str, accepted: int, rejected: int = 0) -> bool:
        """Whether an episode of a task has used up its actions.

        Args:
            task (`str`): simulator name.
            accepted (`int`): actions played so far.
            rejected (`int`, *optional*, defaults to 0): texts that the simulator rejected meanwhile.
        """
        limit = self.decision_limits.get(task, self.decision_limit)
        used = accepted + (rejected if self.count_rejected else 0)
        return limit is not None and used >= limit

    def units(
        self,
        tasks: str | Iterable[str] | None = None,
        max_variations: int | None = None,
        seed: int = 0,
    ) -> list[EpisodeKey]:
        """The episodes to play, in order; `tasks` and `max_variations` select a part of the protocol.

        Raises:
            UsageError: for an unknown task, or one that the protocol does not have.
        """
        selected = select_tasks(self.tasks)
        if tasks is not None:
            wanted = select_tasks(tasks)
            if outside := [task.name for task in wanted if task not in selected]:
                raise UsageError(
                    f"Protocol {self.name} does not play {outside[0]}: drop it from the list of tasks."
                )
            selected = wanted
        if max_variations is not None and max_variations < 1:
            raise UsageError(f"max_variations is {max_variations}: use at least 1.")
        limits = [limit for limit in (self.max_variations, max_variations) if limit is not None]
        first = slice(min(limits) if limits else None)
        return [
            EpisodeKey(task.name, variation, seed + repeat)
            for task in selected
            for variation in task.variations(self.split)[first]
            for repeat in range(self.episodes)
        ]

    def early_stop_reason(
        self, actions: Sequence[str], scores: Sequence[int], names_subgoals: bool, start: int = 0
    ) -> str | None:
        """The kind of the first early-stop rule that applies, None if the episode continues.

        Args:
            actions (`Sequence[str]`): actions so far.
            scores (`Sequence[int]`): the score after each of them, 0 to 100.
            names_subgoals (`bool`): whether the agent works with sub-goals.
            start (`int`, *optional*, defaults to 0): the score before the first action.
        """
        # The paper stops its two kinds of agents by different rules.
        arm = "subgoals" if names_subgoals else "flat"
        for rule in self.early_stop:
            if rule.agents in ("all", arm) and rule.applies(actions, scores, start):
                return rule.kind
        return None

    def count(self, scores: Sequence[int]) -> int:
        """The score of an episode (0 to 100) from the scores after each of its actions."""
        return int(count(scores, self.scoring))


def protocol_names() -> list[str]:
    """Names of the protocols that come with the package."""
    return list(_shipped())


def load_protocol(name: str | Path | Protocol) -> Protocol:
    """A protocol by name, or from a YAML file with the fields of `Protocol`.

    Raises:
        UsageError: for an unknown name, or a file that does not describe a protocol.
    """
    if isinstance(name, Protocol):
        return name
    shipped = _shipped()
    path = config_file(name, shipped, "Unknown protocol")
    if path is None:
        return validated(Protocol, {"name": str(name), **shipped[str(name)]}, f"Protocol {name}")
    return validated(Protocol, {"name": path.stem, **read_mapping(path, "protocol")}, f"Protocol file {path}")


def _shipped() -> dict[str, dict[str, Any]]:
    return yaml.safe_load((files("eval_harness.protocols") / "protocols.yaml").read_text(encoding="utf-8"))
