"""`AgentOptions`: the command-line options from which an agent is made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dataset_builder.simulator.simulator import Simulator

if TYPE_CHECKING:
    from modeling.checkpoints.description import ModelSettings


@dataclass(frozen=True)
class AgentOptions:
    """The options from which `make_agent` makes an agent.

    Attributes:
        controller, executor, flat: Hub ids (with `@revision`) or folders of checkpoints.
        trajectories: dataset folder or repository with expert paths and their sub-goals.
        simulator: the simulator of the run.
        simplifications: simplifications of the protocol.
        decoding: field of `modeling.Decoding` → value, for those that differ from their defaults.
        state_text, prompt, target: complete the models' own descriptions
            (`modeling.checkpoints.description.ModelDescription`).
        llm: name of a language model at its server.
        base_url: OpenAI-compatible server of the language model, and of models named `openai:MODEL`.
        ledger: the run folder, in which the language model's answers are stored.
        budget_tokens: LLM tokens that an episode may use; `escalate_to` requires it.
        max_tokens: token limit of the retry after a cut-off LLM answer.
        trials: number of trials of `reflexion`.
        escalate_to, when: a language model that names sub-goals when the pair is stuck, and the policy
            that decides when it is (`eval_harness.agents.escalation`).

    Example:

    ```python
    from eval_harness import AgentOptions, make_agent

    options = AgentOptions(controller="release/controller", executor="release/executor")
    agent = make_agent("hierarchical", options)
    ```
    """

    controller: str | None = None
    executor: str | None = None
    flat: str | None = None
    trajectories: str | None = None
    simulator: Simulator | None = None
    simplifications: str = "easy"
    decoding: Mapping[str, Any] = field(default_factory=dict)
    state_text: str | None = None
    prompt: str | None = None
    target: str | None = None
    llm: str | None = None
    base_url: str | None = None
    ledger: str | Path | None = None
    budget_tokens: int | None = None
    max_tokens: int | None = None
    trials: int | None = None
    escalate_to: str | None = None
    when: str | None = None

    @property
    def served(self) -> bool:
        """Whether one of the learned models is behind a server."""
        from modeling.checkpoints.description import is_served

        return any(name and is_served(name) for name in (self.controller, self.executor, self.flat))

    @property
    def settings(self) -> "ModelSettings":
        """What is said about the learned models."""
        from modeling.checkpoints.description import ModelSettings

        return ModelSettings(self.state_text, self.prompt, self.target, self.base_url, self.ledger)
