"""A checkpoint in its role, run on this machine: seq2seq models, causal models, and adapters of either."""

from __future__ import annotations

from typing import Any

from dataset_builder.common.errors import UsageError
from dataset_builder.trajectories.agent_state import AgentState
from dataset_builder.trajectories.model_input import DEFAULT_VERSION, VERSIONS, model_input
from modeling.agents.decoding import Decoding
from modeling.agents.prompt_format import TARGET_LENGTH, PromptFormat, prompt_format
from modeling.agents.role_model import RoleModel
from modeling.checkpoints.description import ModelDescription
from modeling.checkpoints.load import Checkpoint, load_checkpoint
from modeling.data.encoding import Fitter
from modeling.data.prompt_encoding import PromptFitter
from modeling.inference.backends import make_backend
from modeling.inference.base import ModelInput
from modeling.inference.grounding import Grounding
from modeling.prompts.template import PromptInput

_SOURCE_LENGTH = 512  # tokens, for seq2seq checkpoints that name no limit
_CAUSAL_CONTEXT = 4_096  # tokens, for causal models that name none, such as state-space models
_SHORTEST_CONTEXT = 64
_NO_LIMIT = 1_000_000
"""transformers gives tokenizers without a limit a huge number."""


class LocalModel(RoleModel):
    """A checkpoint that runs on this machine.

    What its config does not say, its description says; what that does not say, the options.

    Args:
        checkpoint (`Checkpoint`): the weights and the tokenizer.
        decoding (`Decoding`, *optional*): only `backend`, `samples` and `grounded` are used here.
        description (`ModelDescription`, *optional*): of a model that is not from `subgoal train`.
        options (`ModelDescription`, *optional*): fills in what neither says.
        role (`str`, *optional*): role of a model that has none of its own.

    Raises:
        UsageError: if role or state text are unknown or contradict each other, or the backend does not
            support the model.

    Example:

    ```python
    executor = LocalModel.from_pretrained("release/executor")
    (answer,) = executor.answer([state], Search(num_beams=4, num_answers=4))
    answer.texts  # candidate actions, best first
    ```
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        decoding: Decoding | None = None,
        description: ModelDescription | None = None,
        options: ModelDescription | None = None,
        role: str | None = None,
    ) -> None:
        self.checkpoint = checkpoint
        self.id = checkpoint.id
        decoding = decoding or Decoding()
        said = _said(checkpoint, description or ModelDescription(), options or ModelDescription(), role)
        assert said.role is not None
        assert said.state_text is not None
        self.role, self.version = said.role, said.state_text
        self.description = said
        self._format: PromptFormat | None = None
        generation: Any = checkpoint.model.generation_config
        trained_here = getattr(checkpoint.model.config, "subgoal_role", None) is not None
        max_new_tokens = said.max_new_tokens or (generation.max_new_tokens if trained_here else None)
        if checkpoint.kind == "causal":
            self._format = prompt_format(said, max_new_tokens)
            self.description = said.over(self._format.description())
            self.samples_candidates = self._format.target.reasons or self._format.thinking
            max_new_tokens = self._format.max_new_tokens
        else:
            max_new_tokens = max_new_tokens or TARGET_LENGTH
        self.fitter = self._make_fitter(said, max_new_tokens)
        grounded = decoding.grounded and not self.samples_candidates
        grounding = Grounding.of(checkpoint.model, checkpoint.tokenizer) if grounded else None
        self.grounded = grounding is not None
        self.backend = make_backend(
            decoding.backend,
            checkpoint,
            self.fitter,
            max_new_tokens,
            # Sub-goals are never sampled, so that the controller can use the faster engine.
            samples=0 if self.role == "controller" else decoding.samples,
            grounding=grounding,
        )

    def _make_fitter(self, said: ModelDescription, max_new_tokens: int) -> Fitter | PromptFitter:
        tokenizer = self.checkpoint.tokenizer
        limit = tokenizer.model_max_length
        if self._format is None:
            length = limit if limit < _NO_LIMIT else _SOURCE_LENGTH
            return Fitter(tokenizer, self.version, min(length, said.context or length))
        positions = getattr(self.checkpoint.model.config, "max_position_embeddings", None)
        context = min(said.context or _NO_LIMIT, positions or _CAUSAL_CONTEXT)
        length = min(limit, context - max_new_tokens)
        if length < _SHORTEST_CONTEXT:
            raise UsageError(
                f"{self.id} has room for {context} tokens, of which {max_new_tokens} are for the answer: "
                "lower max_new_tokens, or raise context, in a model description (`subgoal models describe`)."
            )
        template, target, thinking, _ = self._format
        return PromptFitter(tokenizer, template, self.version, length, self.role, target, thinking)

    @classmethod
    def from_pretrained(
        cls,
        name: str,
        revision: str | None = None,
        decoding: Decoding | None = None,
        description: ModelDescription | None = None,
        options: ModelDescription | None = None,
        role: str | None = None,
    ) -> LocalModel:
        """Load from a folder or the Hub, onto the GPU if there is one (in bf16 if it supports that).

        Raises as `load_checkpoint`.
        """
        import torch

        checkpoint = load_checkpoint(name, revision, description.base if description else None)
        if torch.cuda.is_available():
            dtype = torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
            model: Any = checkpoint.model
            model.to("cuda", dtype=dtype)
        return cls(checkpoint, decoding, description, options, role)

    def describe(self) -> dict[str, Any]:
        """Provenance as of `Checkpoint.describe`; of causal models also state text, prompt and target."""
        record = self.checkpoint.describe()
        if self._format is None:
            return record
        return {
            **record,
            "state_text": self.version,
            **self._format.describe(),
            "longest_prompt": self.fitter.source_length,
            "candidates": "samples" if self.samples_candidates else "beams",
        }

    def _input(self, state: AgentState) -> ModelInput:
        if self._format is None:
            return model_input(self.role, state, self.version)
        return PromptInput.of(state, self.role, self.version)


def _said(
    checkpoint: Checkpoint, description: ModelDescription, options: ModelDescription, role: str | None
) -> ModelDescription:
    """All that is known about a checkpoint; role and state text are set.

    Raises:
        UsageError: if role or state text are unknown.
    """
    config = checkpoint.model.config
    for key in ("subgoal_role", "state_text_version"):
        if not isinstance(value := getattr(config, key, None), str | None):
            raise UsageError(f"{checkpoint.id}: {key} in its config.json must be text, not {value!r}.")
    version = getattr(config, "state_text_version", None)
    if version is not None and version not in VERSIONS:
        raise UsageError(
            f"{checkpoint.id} was trained with state text {version!r}, known here: "
            f"{', '.join(VERSIONS)}. Install the release it belongs to, or train it again."
        )
    own = ModelDescription(id=checkpoint.id, role=getattr(config, "subgoal_role", None), state_text=version)
    described = description.over(checkpoint.description).merged(id=checkpoint.id)
    said = own.filled_by(described).filled_by(options)
    if said.role is None and role is None:
        raise UsageError(
            f"{checkpoint.id} has no role: its config.json lacks subgoal_role. Name it by --controller, "
            "--executor or --flat, or describe it with `subgoal models describe`."
        )
    said = said if said.role else said.merged(role=role)
    if said.state_text is None and checkpoint.kind == "seq2seq":
        raise UsageError(
            f"{checkpoint.id} does not say which state text it was trained on: add --state-text "
            f"({', '.join(VERSIONS)})."
        )
    return said if said.state_text else said.merged(state_text=DEFAULT_VERSION)
