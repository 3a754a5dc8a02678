"""`RoleModel`: a model in its role, agent states in, ranked texts out, whatever the kind of model."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from dataset_builder.common.errors import UsageError
from dataset_builder.trajectories.agent_state import AgentState
from modeling.checkpoints.description import ModelDescription
from modeling.inference.base import Backend, ModelInput
from modeling.inference.search import Answer, Search

SAMPLES_PER_ANSWER = 2
"""Samples for each candidate, where candidates are sampled because there are no beams to take them from."""

_TEMPERATURE, _TOP_P = 1.0, 0.95
"""Of these samples. The greedy answer has been rejected before: colder ones would repeat it."""


log = logging.getLogger(__name__)


class RoleModel(ABC):
    """A controller, executor or flat model that answers agent states.

    Attributes:
        id: folder, Hub id or `openai:MODEL`.
        role: `controller`, `executor` or `flat`.
        version: state-text version that it reads.
        description: all that is known about its use.
        backend: computes its answers.
        grounded: whether its answers are constrained to names of their inputs.
        samples_candidates: whether further candidates are sampled and ranked by votes. Models that reason
            before they act do so, since the beams of a long text differ in the reasoning only; so do
            servers, which have no beams.

    Example:

    ```python
    class MyFlatModel(RoleModel):
        id, role, version, description = "my-model", "flat", "compact", ModelDescription(role="flat")

        def __init__(self, backend):
            self.backend = backend

        def describe(self):
            return {"id": self.id, "backend": self.backend.name}

        def _input(self, state):
            return model_input(self.role, state, self.version)
    ```
    """

    id: str
    role: str
    version: str
    description: ModelDescription
    backend: Backend
    grounded = False
    samples_candidates = False
    _warned = False

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """Provenance: everything that its answers depend on, with at least the key `id`."""

    @abstractmethod
    def _input(self, state: AgentState) -> ModelInput:
        """What the backend is asked with for a state."""

    def answer(
        self, states: Iterable[AgentState], search: Search, seeds: Sequence[int] | None = None
    ) -> list[Answer]:
        """Ranked answers to each state.

        Args:
            states (`Iterable[AgentState]`): written as text in the model's version.
            search (`Search`): how answers are searched for. Beams are samples where
                `samples_candidates`.
            seeds (`Sequence[int]`, *optional*): one per state, for samples.
        """
        inputs = [self._input(state) for state in states]
        sampled = self.samples_candidates and not search.samples and search.num_beams > 1
        if sampled:
            draws = Search(
                samples=SAMPLES_PER_ANSWER * search.num_beams, temperature=_TEMPERATURE, top_p=_TOP_P
            )
            answers = self.backend.answer(inputs, draws, seeds)
            answers = [replace(answer, texts=answer.texts[: search.num_answers]) for answer in answers]
        else:
            answers = self.backend.answer(inputs, search, seeds)
        if not self._warned and any(answer.shortened for answer in answers):
            self._warned = True
            log.warning(
                "%s: a state does not fit into the model's context and loses its oldest history. Results "
                "count such inputs (inputs_shortened).",
                self.id,
            )
        return answers

    def check_role(self, wanted: str) -> None:
        """Raise `UsageError` unless the model has this role."""
        if self.role != wanted:
            hint = (
                "give it to FlatAgent (--flat)"
                if self.role == "flat"
                else f"train one with `subgoal train {wanted}`"
            )
            raise UsageError(f"{self.id} has the role {self.role}, not {wanted}: {hint}.")
