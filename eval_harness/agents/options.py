"""What a command line says about the agent that plays."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dataset_builder.simulator.simulator import Simulator

if TYPE_CHECKING:
    from modeling.checkpoints.description import ModelSettings


@dataclass(frozen=True)
class AgentOptions:
    """What an agent can be made from.

    Attributes:
        controller, executor, flat: Hub ids (with `@revision`) or folders of checkpoints.
        trajectories: dataset folder or repository with expert paths and their sub-goals.
        simulator: the run's.
        simplifications: the protocol's.
        decoding: fields of `modeling.Decoding` that are not to have their defaults.
        state_text, prompt, target: fill in what the models do not say about themselves
            (`modeling.checkpoints.description.ModelDescription`).
        llm: a language model by its name at its server.
        base_url: OpenAI-compatible server of the language model, and of models named `openai:MODEL`.
        ledger: folder in which the language model's answers are kept, the run's.
        budget_tokens: the language model's tokens that an episode may take; `escalate_to` needs it.
        max_tokens: room for an answer of the language model that its server cut short.
        trials: of `reflexion`.
        escalate_to, when: a language model that names sub-goals for the pair, and where
            (`eval_harness.agents.escalation`).
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
