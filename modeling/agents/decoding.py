"""How learned agents search for their sub-goals and actions."""

from dataclasses import dataclass

from dataset_builder.common.errors import UsageError
from modeling.inference.backends import BACKENDS
from modeling.inference.search import Search


@dataclass(frozen=True)
class Decoding:
    """How an agent's models search for their answers.

    Attributes:
        controller_beams: beams of the controller; its best answer is the sub-goal.
        num_beams: beams of the model that chooses actions (executor or flat); 1 is greedy search.
        num_candidates: ranked actions that the agent proposes; at most `num_beams`.
        samples: 0 for beam search. Otherwise self-consistency (arXiv 2505.17612, section 3.3): this
            many actions are sampled, and the different ones are tried in the order of their votes. The
            vote comes before the first attempt, because an action that is accepted changes the world.
        temperature: softmax temperature of the samples.
        top_p: nucleus of the samples.
        backend: engine, one of `modeling.inference.backends.BACKENDS`.
        greedy_first: try the greedy action first. Beams are only searched if the simulator rejects it
            or it would continue a loop, which is rare. Has no effect on samples.
        grounded: constrained decoding: answers only contain names of their input, as the checkpoint's
            config says (see `modeling.inference.grounding`). Checkpoints without that entry decode freely.
        avoid_loops: the loop guard (see `modeling.agents.loop_guard`): actions without progress are moved
            behind the other candidates, sub-goals are replaced that are stalled or answer a question about a
            temperature before any was read, and the object of a `focus_on` sub-goal is tried where the agent
            is before it is searched for elsewhere.

    Raises:
        UsageError: for values out of bounds or that do not go together.

    Example:

    ```python
    agent = SubgoalAgent.from_pretrained(controller, executor, num_beams=1, num_candidates=1)
    agent.decoding  # Decoding(controller_beams=1, num_beams=1, ...)
    ```
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
    def subgoal_search(self) -> Search:
        """The controller's search."""
        return Search(self.controller_beams)

    @property
    def first_search(self) -> Search:
        """The search for the action that is tried first."""
        if self.samples:
            return self.full_search
        return Search() if self.greedy_first else Search(self.num_beams)

    @property
    def full_search(self) -> Search:
        """The search for all candidate actions."""
        return Search(self.num_beams, self.num_candidates, self.samples, self.temperature, self.top_p)
