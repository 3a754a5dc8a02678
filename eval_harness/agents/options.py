"""What a command line says about the agent that plays."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dataset_builder.simulator.simulator import Simulator


@dataclass(frozen=True)
class AgentOptions:
    """What an agent can be made from.

    Attributes:
        controller, executor, flat: Hub ids (with `@revision`) or folders of checkpoints.
        trajectories: dataset folder or repository with expert paths and their sub-goals.
        simulator: the run's.
        simplifications: the protocol's.
        decoding: fields of `modeling.Decoding` that are not to have their defaults.
        llm, base_url: a language model and its OpenAI-compatible server.
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
    llm: str | None = None
    base_url: str | None = None
    ledger: str | Path | None = None
    budget_tokens: int | None = None
    max_tokens: int | None = None
    trials: int | None = None
    escalate_to: str | None = None
    when: str | None = None
