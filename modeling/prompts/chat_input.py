"""Chat messages as a model's input."""

from collections.abc import Sequence
from dataclasses import dataclass

from dataset_builder.llm.request_format import Message


@dataclass(frozen=True)
class ChatInput:
    """Chat messages; equal ones are equal inputs.

    Attributes:
        turns: role and content of each message.

    Example:

    ```python
    ChatInput.of(agent_messages("What is the area of Chad?")).messages()
    ```
    """

    turns: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, messages: Sequence[Message]) -> "ChatInput":
        """The input of these messages."""
        return cls(tuple((message["role"], message["content"]) for message in messages))

    def messages(self) -> list[Message]:
        """The messages, as chat templates and servers take them."""
        return [{"role": role, "content": content} for role, content in self.turns]
