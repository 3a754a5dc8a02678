"""A checkpoint in its role: agent states in, ranked texts out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from dataset_builder.common.errors import UsageError
from dataset_builder.trajectories.agent_state import AgentState
from dataset_builder.trajectories.model_input import ROLES, VERSIONS, model_input
from modeling.agents.decoding import Decoding
from modeling.checkpoints.load import Checkpoint, load_checkpoint
from modeling.data.encoding import Fitter
from modeling.inference.backends import make_backend
from modeling.inference.grounding import Grounding
from modeling.inference.search import Answer, Search

_SOURCE_LENGTH, _TARGET_LENGTH = 512, 48  # tokens, for checkpoints that name no limits


class RoleModel:
    """A controller, executor or flat model that answers agent states.

    Args:
        checkpoint (`Checkpoint`): its config names `subgoal_role` and `state_text_version`.
        decoding (`Decoding`, *optional*): only `backend`, `samples` and `grounded` are used here.

    Raises:
        UsageError: if the config lacks these entries or names an unknown state text, or the backend
            does not support the model.

    Example:

    ```python
    executor = RoleModel.from_pretrained("release/executor")
    (answer,) = executor.answer([state], Search(num_beams=4, num_answers=4))
    answer.texts  # candidate actions, best first
    ```
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
                f"{', '.join(VERSIONS)}. Install the release it belongs to, or train it again."
            )
        length = checkpoint.tokenizer.model_max_length
        # transformers gives tokenizers without a limit a huge number.
        source_length = length if length < 1_000_000 else _SOURCE_LENGTH
        self.fitter = Fitter(checkpoint.tokenizer, self.version, source_length)
        generation: Any = checkpoint.model.generation_config
        decoding = decoding or Decoding()
        grounding = Grounding.of(checkpoint.model, checkpoint.tokenizer) if decoding.grounded else None
        self.grounded = grounding is not None
        self.backend = make_backend(
            decoding.backend,
            checkpoint,
            self.fitter,
            generation.max_new_tokens or _TARGET_LENGTH,
            # Sub-goals are never sampled, so that the controller can use the faster engine.
            samples=0 if self.role == "controller" else decoding.samples,
            grounding=grounding,
        )

    @classmethod
    def from_pretrained(
        cls, name: str, revision: str | None = None, decoding: Decoding | None = None
    ) -> RoleModel:
        """Load from a folder or the Hub, onto the GPU if there is one (in bf16 if it supports that).

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
        """Ranked answers to each state.

        Args:
            states (`Iterable[AgentState]`): written as text in the checkpoint's version.
            search (`Search`): how answers are searched for.
            seeds (`Sequence[int]`, *optional*): one per state, for samples.
        """
        texts = [model_input(self.role, state, self.version) for state in states]
        return self.backend.answer(texts, search, seeds)

    def check_role(self, wanted: str) -> None:
        """Raise `UsageError` unless the model has this role."""
        if self.role != wanted:
            hint = (
                "give it to FlatAgent (--flat)"
                if self.role == "flat"
                else f"train one with `subgoal train {wanted}`"
            )
            raise UsageError(f"{self.checkpoint.id} has the role {self.role}, not {wanted}: {hint}.")
