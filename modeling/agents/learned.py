"""Learned agents: a controller with an executor, or an executor alone. Both act on batches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from dataset_builder.common.errors import UsageError
from dataset_builder.trajectories.agent_state import AgentState
from dataset_builder.trajectories.model_input import ROLES, VERSIONS, model_input
from dataset_builder.trajectories.subgoals import SubGoal, SubGoalSyntaxError
from modeling.agents.base import Decision, DecisionCost
from modeling.agents.loop_guard import demote_loops, is_loop, is_stalled, look_before_search
from modeling.checkpoints.load import Checkpoint, load_checkpoint
from modeling.data.encoding import Fitter
from modeling.inference.backends import BACKENDS, Backend, make_backend
from modeling.inference.grounding import Grounding
from modeling.inference.search import Answer, Search

if TYPE_CHECKING:
    from dataset_builder.simulator.simulator import Episode

_SOURCE_LENGTH, _TARGET_LENGTH = 512, 48
_OTHERS = 4  # sub-goals to choose from where the best leads nowhere


@dataclass(frozen=True)
class Decoding:
    """How answers are searched for.

    Attributes:
        controller_beams: beams of the controller; its best answer counts.
        num_beams: beams of the model that chooses actions; 1 is greedy.
        num_candidates: actions it hands over, ranked; at most `num_beams`.
        samples: 0, or self-consistent action generation (arXiv 2505.17612, section 3.3): so many
            actions are drawn in place of a beam search, and the different ones ranked by votes.
            They are tried in that order; a rejected one costs no move, and none is played before the
            vote, because the world has state.
        temperature: of these draws.
        top_p: of these draws.
        backend: what computes, one of `modeling.inference.backends.BACKENDS`.
        greedy_first: the greedy action is tried first, not the best of the beams. The other candidates
            are searched for only where the simulator rejects it or it would go on with a loop: most are
            accepted. Draws are made at once.
        grounded: answers hold only what stands in the input, names as they stand there, and what the
            checkpoint's config says may come besides (see `modeling.inference.grounding`). Checkpoints that
            say nothing answer freely.
        avoid_loops: an action that was just played again and again without a point gives way to the
            next candidate, and so does a sub-goal that was held for long or left before; a search for what
            the sub-goal names waits until it was looked for here (see `modeling.agents.loop_guard`).
    """

    controller_beams: int = 1
    num_beams: int = 4
    num_candidates: int = 4
    samples: int = 0
    temperature: float = 0.4
    top_p: float = 0.8
    backend: str = "auto"
    greedy_first: bool = True
    grounded: bool = True
    avoid_loops: bool = True

    def __post_init__(self) -> None:
        if min(self.controller_beams, self.num_beams, self.num_candidates) < 1:
            raise UsageError("controller_beams, num_beams and num_candidates must be 1 or more.")
        if self.num_candidates > self.num_beams:
            raise UsageError(
                f"{self.num_candidates} candidates need as many beams: raise num_beams ({self.num_beams})."
            )
        if self.samples < 0 or self.temperature <= 0 or not 0 < self.top_p <= 1:
            raise UsageError("samples must be 0 or more, temperature above 0, top_p above 0 and at most 1.")
        if self.backend not in BACKENDS:
            raise UsageError(f"Unknown backend {self.backend!r}: use {', '.join(BACKENDS)}.")
        if self.samples and self.backend.startswith("ctranslate2"):
            raise UsageError("Samples need --backend transformers: ctranslate2's draws cannot be repeated.")

    @property
    def of_subgoals(self) -> Search:
        """The controller's search."""
        return Search(self.controller_beams)

    @property
    def of_first_action(self) -> Search:
        """The search for the action that is tried first."""
        if self.samples:
            return self.of_actions
        return Search() if self.greedy_first else Search(self.num_beams)

    @property
    def of_actions(self) -> Search:
        """The search for all candidate actions."""
        return Search(self.num_beams, self.num_candidates, self.samples, self.temperature, self.top_p)


class RoleModel:
    """A checkpoint in its role: reads states, answers with ranked texts.

    Args:
        checkpoint (`Checkpoint`): with `subgoal_role` and `state_text_version` in its config.
        decoding (`Decoding`, *optional*): of which the backend counts here.

    Raises:
        UsageError: if the config lacks them, names a state text unknown here, or the backend cannot
            take the model.
    """

    def __init__(self, checkpoint: Checkpoint, decoding: Decoding | None = None) -> None:
        config = checkpoint.model.config
        self.checkpoint = checkpoint
        self.role: str = getattr(config, "subgoal_role", "")
        self.version: str = getattr(config, "state_text_version", "")
        if self.role not in ROLES:
            raise UsageError(
                f"{checkpoint.id} has no role: its config.json lacks subgoal_role. `subgoal train` makes "
                "checkpoints with one."
            )
        if self.version not in VERSIONS:
            raise UsageError(
                f"{checkpoint.id} was trained with state text {self.version!r}, known here: "
                f"{', '.join(VERSIONS)}. Install the release it belongs to, or train it anew."
            )
        length = checkpoint.tokenizer.model_max_length
        # Tokenizers without a limit of their own carry a huge number.
        source_length = length if length < 1_000_000 else _SOURCE_LENGTH
        self.fitter = Fitter(checkpoint.tokenizer, self.version, source_length)
        generation: Any = checkpoint.model.generation_config
        search = decoding or Decoding()
        self.backend = make_backend(
            search.backend,
            checkpoint,
            self.fitter,
            generation.max_new_tokens or _TARGET_LENGTH,
            # Only actions are drawn.
            samples=0 if self.role == "controller" else search.samples,
            grounding=Grounding.of(checkpoint.model, checkpoint.tokenizer) if search.grounded else None,
        )

    @classmethod
    def from_pretrained(
        cls, name: str, revision: str | None = None, decoding: Decoding | None = None
    ) -> RoleModel:
        """Load from a folder or the Hub, onto the GPU if there is one (in bf16 if it has that).

        Raises as `load_checkpoint`.
        """
        import torch

        checkpoint = load_checkpoint(name, revision)
        if torch.cuda.is_available():
            dtype = torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
            model: Any = checkpoint.model
            model.to("cuda", dtype=dtype)
        return cls(checkpoint, decoding)

    def answer(
        self, states: Iterable[AgentState], search: Search, seeds: Sequence[int] | None = None
    ) -> list[Answer]:
        """Ranked answers to each state; `seeds`, one per state, are for draws."""
        texts = [model_input(self.role, state, self.version) for state in states]
        return self.backend.answer(texts, search, seeds)


class LearnedAgent:
    """What learned agents share: nothing is kept between steps but what the state holds, and a seed.

    Attributes:
        thread_safe: whether several threads may call `act` at the same time. Not inherited: what a
            subclass keeps may not bear it, so each class says it of itself.
    """

    name = ""
    thread_safe = False

    def __init__(self, models: Sequence[RoleModel], decoding: Decoding) -> None:
        self.models = {model.role: model for model in models}
        self.decoding = decoding
        self._seeds: dict[int, int] = {}

    def begin(self, state: AgentState, episode: Episode, seed: int) -> None:
        """Keep the episode's seed, for draws."""
        self._seeds[id(state)] = seed

    def end(self, state: AgentState) -> None:
        """Forget the episode."""
        self._seeds.pop(id(state), None)

    def describe(self) -> dict[str, Any]:
        """Provenance: name, models by role, decoding, state-text version."""
        return {
            "name": self.name,
            "models": {role: model.checkpoint.describe() for role, model in self.models.items()},
            "decoding": asdict(self.decoding) | {"backend": self._backend.name, "dtype": self._backend.dtype},
            "state_text_version": next(iter(self.models.values())).version,
        }

    @property
    def concurrent(self) -> int:
        """How many threads may call `act` at the same time, and gain by it: 1 unless its class says more."""
        if not vars(type(self)).get("thread_safe", False):
            return 1
        return min(model.backend.concurrent for model in self.models.values())

    @property
    def _backend(self) -> Backend:
        """What computes the actions."""
        return next(model.backend for role, model in self.models.items() if role != "controller")

    def _decide(self, role: str, states: Sequence[AgentState]) -> list[Decision]:
        model, search = self.models[role], self.decoding
        seeds = [self._seeds.get(id(state), 0) for state in states]
        answers = model.answer(states, search.of_first_action, seeds)
        decisions = list(map(self._decision, answers, states))
        if search.of_first_action == search.of_actions:
            return decisions
        unsure = [
            place
            for place, (decision, state) in enumerate(zip(decisions, states, strict=True))
            if not decision.actions or (search.avoid_loops and is_loop(decision.actions[0], state.history))
        ]
        searched = model.answer([states[place] for place in unsure], search.of_actions)
        for place, answer in zip(unsure, searched, strict=True):
            found = self._decision(answer, states[place])
            decisions[place] = replace(found, cost=found.cost + decisions[place].cost)
        for place in set(range(len(states))).difference(unsure):
            further = partial(self._further, model, states[place])
            decisions[place] = replace(decisions[place], more=further)
        return decisions

    def _further(self, model: RoleModel, state: AgentState) -> Decision:
        """The candidates of the full search."""
        return self._decision(model.answer([state], self.decoding.of_actions)[0], state)

    def _decision(self, answer: Answer, state: AgentState) -> Decision:
        actions = ranked_actions(answer.texts)
        if self.decoding.avoid_loops:
            actions = look_before_search(demote_loops(actions, state.history), state)
        return Decision(actions, state.subgoal, DecisionCost(1, answer.read, answer.written))


class SubgoalAgent(LearnedAgent):
    """A controller names the sub-goal, an executor acts on it.

    Example:

    ```python
    agent = SubgoalAgent.from_pretrained("namespace/controller", "namespace/executor")
    decisions = agent.act(states)
    ```
    """

    name = "hierarchical"
    thread_safe = True

    def __init__(self, controller: RoleModel, executor: RoleModel, decoding: Decoding | None = None) -> None:
        if (controller.role, executor.role) == ("executor", "controller"):
            raise UsageError(
                f"{controller.checkpoint.id} is an executor and {executor.checkpoint.id} a controller: "
                "swap them."
            )
        check_role(controller, "controller")
        check_role(executor, "executor")
        if controller.version != executor.version:
            raise UsageError(
                f"The controller reads state text {controller.version}, the executor {executor.version}: "
                "take two that were trained on the same corpus."
            )
        super().__init__([controller, executor], decoding or Decoding())

    @classmethod
    def from_pretrained(
        cls, controller: str, executor: str, revision: str | None = None, **decoding: Any
    ) -> SubgoalAgent:
        """Load a pair from folders or the Hub.

        Args:
            controller (`str`): folder or Hub id; `id@revision` pins it.
            executor (`str`): folder or Hub id; `id@revision` pins it.
            revision (`str`, *optional*): of Hub ids that carry none.
            decoding (*optional*): fields of `Decoding`.

        Raises:
            UsageError: if one cannot be loaded or does not fit its role or the other.
            SubgoalError: if the Hub cannot be reached.
        """
        search = Decoding(**decoding)
        loaded = [RoleModel.from_pretrained(name, revision, search) for name in (controller, executor)]
        return cls(loaded[0], loaded[1], search)

    def act(self, states: Sequence[AgentState]) -> list[Decision]:
        """One decision per state; each state's sub-goal is set first."""
        plans = self._plans(states)
        for state, (subgoals, _) in zip(states, plans, strict=True):
            if subgoals:
                state.set_subgoal(subgoals[0])
        return [
            replace(decision, cost=decision.cost + cost)
            for decision, (_, cost) in zip(self._decide("executor", states), plans, strict=True)
        ]

    def _plans(self, states: Sequence[AgentState]) -> list[tuple[list[str], DecisionCost]]:
        """The controller's sub-goals for each state, best first, and what they took.

        It is asked for others where its first leads nowhere. Then the sub-goal held until now stays as
        long as it leads somewhere; else the first of the others that does counts.
        """
        controller = self.models["controller"]
        plans = [_read_plan(answer) for answer in controller.answer(states, self.decoding.of_subgoals)]
        if not self.decoding.avoid_loops:
            return plans
        stuck = [
            place
            for place, (state, (subgoals, _)) in enumerate(zip(states, plans, strict=True))
            if is_stalled(subgoals[0] if subgoals else state.subgoal, state)
        ]
        others = controller.answer([states[place] for place in stuck], Search(_OTHERS, _OTHERS))
        for place, other in zip(stuck, map(_read_plan, others), strict=True):
            (first, before), (subgoals, cost) = plans[place], other
            plans[place] = _ways_out(states[place], [*first, *subgoals]), before + cost
        return plans


def _ways_out(state: AgentState, subgoals: Sequence[str]) -> list[str]:
    """Sub-goals in the order in which a state that is stuck should try them."""
    held = [state.subgoal] if state.subgoal else []
    ordered = sorted([*held, *subgoals], key=lambda subgoal: is_stalled(subgoal, state))
    if held and ordered[0] != state.subgoal:
        state.abandoned.append(state.subgoal)
    return ordered


def _read_plan(answer: Answer) -> tuple[list[str], DecisionCost]:
    subgoals = [subgoal for subgoal in map(read_subgoal, answer.texts) if subgoal is not None]
    return subgoals, DecisionCost(1, answer.read, answer.written)


class FlatAgent(LearnedAgent):
    """One model chooses the action; there are no sub-goals."""

    name = "flat"
    thread_safe = True

    def __init__(self, flat: RoleModel, decoding: Decoding | None = None) -> None:
        check_role(flat, "flat")
        super().__init__([flat], decoding or Decoding())

    @classmethod
    def from_pretrained(cls, flat: str, revision: str | None = None, **decoding: Any) -> FlatAgent:
        """Load from a folder or the Hub. Arguments and errors as `SubgoalAgent.from_pretrained`."""
        search = Decoding(**decoding)
        return cls(RoleModel.from_pretrained(flat, revision, search), search)

    def act(self, states: Sequence[AgentState]) -> list[Decision]:
        """One decision per state."""
        return self._decide("flat", states)


def check_role(model: RoleModel, wanted: str) -> None:
    if model.role != wanted:
        hint = (
            "give it to FlatAgent (--flat)"
            if model.role == "flat"
            else f"train one with `subgoal train {wanted}`"
        )
        raise UsageError(f"{model.checkpoint.id} is no {wanted}, its role is {model.role}: {hint}.")


def read_subgoal(text: str) -> str | None:
    """A sub-goal in its own spelling, None if the text is none: the agent then keeps its last."""
    try:
        return str(SubGoal.parse(text))
    except SubGoalSyntaxError:
        return None


def ranked_actions(texts: Sequence[str]) -> tuple[str, ...]:
    """Candidate actions in order, without what must not be tried.

    Of several that begin with `focus` only the first stays: a wrong focus loses the episode, so a
    rejected one is never replaced by another.
    """
    actions: list[str] = []
    focused = False
    for text in texts:
        if not text or (focused and text.startswith("focus")):
            continue
        focused = focused or text.startswith("focus")
        actions.append(text)
    return tuple(actions)
