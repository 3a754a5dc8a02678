"""How a request to a language model can fail."""

from collections.abc import Sequence
from typing import Any

from dataset_builder.common.errors import SubgoalError


class RequestRejected(SubgoalError):
    """A server does not accept this request, and would not accept it again.

    Args:
        reason (`str`): why, in the server's words.
        answers (`Sequence[str]`, *optional*): what a model answered before.
        provenance (`dict`, *optional*): how it was asked.
    """

    def __init__(
        self, reason: str, answers: Sequence[str] = (), provenance: dict[str, Any] | None = None
    ) -> None:
        super().__init__(reason)
        self.answers = list(answers)
        self.provenance = provenance or {}


class RequestFailed(SubgoalError):
    """A server failed on this request: another run may ask again."""
