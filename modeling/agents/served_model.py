"""A model behind an OpenAI-compatible server, in its role."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from tempfile import TemporaryDirectory
from typing import Any

from dataset_builder.common.errors import SubgoalError, UsageError
from dataset_builder.llm.client import ChatClient
from dataset_builder.llm.completion_cache import CompletionCache
from dataset_builder.llm.errors import RequestFailed, RequestRejected
from dataset_builder.llm.session import ChatSession
from dataset_builder.trajectories.agent_state import AgentState
from dataset_builder.trajectories.model_input import DEFAULT_VERSION
from modeling.agents.base import RunAborted
from modeling.agents.decoding import Decoding
from modeling.agents.prompt_format import prompt_format
from modeling.agents.role_model import RoleModel
from modeling.checkpoints.description import SERVED, ModelDescription, ModelSettings
from modeling.inference.base import ModelInput
from modeling.inference.search import Answer, Search
from modeling.inference.served_backend import ServedBackend
from modeling.prompts.fitting import PromptTooLong
from modeling.prompts.template import PromptInput


class ServedModel(RoleModel):
    """A model of a server. Its answers are kept in the run folder, so that none is paid for twice.

    Args:
        description (`ModelDescription`): its id is `openai:MODEL`.
        role (`str`, *optional*): its role, if the description names none.
        decoding (`Decoding`, *optional*): only `backend` is checked here.
        settings (`ModelSettings`, *optional*): fills in what the description does not say; `ledger` is
            the run folder.

    Raises:
        UsageError: if the role is unknown, or a backend is named.

    Example:

    ```python
    settings = ModelSettings(base_url="http://127.0.0.1:8000/v1", ledger="runs/qwen")
    agent = FlatAgent.from_pretrained("openai:Qwen/Qwen3-8B", settings=settings)
    ```
    """

    samples_candidates = True

    def __init__(
        self,
        description: ModelDescription,
        role: str | None = None,
        decoding: Decoding | None = None,
        settings: ModelSettings | None = None,
    ) -> None:
        settings = settings or ModelSettings()
        said = description.filled_by(settings.description())
        said = said.merged(role=said.role or role, state_text=said.state_text or DEFAULT_VERSION)
        self.id = str(said.id)
        model = self.id.removeprefix(SERVED)
        if not model:
            raise UsageError(f"{self.id} names no model: write {SERVED}MODEL, as the server calls it.")
        if said.role is None:
            raise UsageError(f"{self.id} has no role: name it by --controller, --executor or --flat.")
        if decoding is not None and decoding.backend != "auto":
            raise UsageError(f"{self.id} runs at its server: drop --backend.")
        self.role, self.version = said.role, str(said.state_text)
        self._format = prompt_format(said)
        self.description = said.over(self._format.description())
        self._temporary = None if settings.ledger else TemporaryDirectory()
        ledger = settings.ledger or str(self._temporary and self._temporary.name)
        client = ChatClient(
            model, said.base_url, model_option=f"--{self.role}", parallel_option="--batch-size"
        )
        self.backend = ServedBackend(
            ChatSession(client, CompletionCache(ledger)),
            self._format.template,
            self.version,
            self.role,
            self._format.target,
            self._format.max_new_tokens,
            said.context,
            said.thinking,
        )

    def answer(
        self, states: Iterable[AgentState], search: Search, seeds: Sequence[int] | None = None
    ) -> list[Answer]:
        """Ranked answers to each state, as `RoleModel.answer`.

        Raises:
            RequestRejected: if the server does not accept a request; it ends the episode as failed.
            RequestFailed: if it failed on one; likewise.
            PromptTooLong: if a state does not fit into its context; likewise.
            RunAborted: if it fails altogether.
        """
        try:
            return super().answer(states, search, seeds)
        except (RequestRejected, RequestFailed, PromptTooLong):
            raise
        except SubgoalError as error:
            raise RunAborted(str(error), error.exit_code) from None

    def describe(self) -> dict[str, Any]:
        """Provenance: `id`, `kind`, `state_text`, prompt and target.

        The server's address is not part of it, because it may change during a run; it is stored with the
        answers.
        """
        return {
            "id": self.id,
            "kind": "served",
            "state_text": self.version,
            **self._format.describe(),
            "thinking": self.description.thinking,
            "context": self.description.context,
            "candidates": "samples",
        }

    def _input(self, state: AgentState) -> ModelInput:
        return PromptInput.of(state, self.role, self.version)
