"""From conversations to token ids: what a model reads in play, and what it learns in training."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from dataset_builder.common.errors import UsageError
from dataset_builder.llm.request_format import Message
from modeling.prompts.chat_input import ChatInput
from modeling.prompts.encoding import answer_ids, prompt_ids

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_KEPT = 80
"""Characters that a shortened observation keeps."""


class MaskedTokens(NamedTuple):
    """A training sequence: token ids, and 1 for each token that is learnt.

    Example:

    ```python
    (sequence,) = training_sequences(tokenizer, messages, learn=[False, False, True])
    len(sequence.ids), sum(sequence.mask)  # all tokens, those of the answer
    ```
    """

    ids: list[int]
    mask: list[int]


def training_sequences(
    tokenizer: "PreTrainedTokenizerBase", messages: Sequence[Message], learn: Sequence[bool]
) -> list[MaskedTokens]:
    """The sequences on which a conversation is learnt.

    That is one sequence with all answers, if each prompt of play continues the sequence so far. Chat
    templates that rewrite earlier answers (those that drop reasoning, for example) need one sequence for
    each answer. Either way, a model learns its answers after exactly the tokens that it reads in play.

    Args:
        tokenizer (`PreTrainedTokenizerBase`): of a causal model.
        messages (`Sequence[Message]`): ends with an answer.
        learn (`Sequence[bool]`): for each message, whether it is learnt. Only answers can be.

    Raises:
        UsageError: if the chat template does not accept the messages.
    """
    prompts = {
        index: prompt_ids(tokenizer, messages[:index])
        for index, message in enumerate(messages)
        if message["role"] == "assistant"
    }
    answers = {index: answer_ids(tokenizer, messages[index]["content"]) for index in prompts}
    ids: list[int] = []
    mask: list[int] = []
    for index, prompt in prompts.items():
        if prompt[: len(ids)] != ids:
            return [
                MaskedTokens(
                    [*prompts[turn], *answers[turn]], [0] * len(prompts[turn]) + [1] * len(answers[turn])
                )
                for turn in prompts
                if learn[turn]
            ]
        mask += [0] * (len(prompt) - len(ids)) + [int(learn[index])] * len(answers[index])
        ids = [*prompt, *answers[index]]
    return [MaskedTokens(ids, mask)] if any(mask) else []


class ChatFitter:
    """Conversations as prompts that fit a model (a `TokenFitter`).

    Args:
        tokenizer (`PreTrainedTokenizerBase`): of a causal model.
        source_length (`int`): longest prompt in tokens.
        is_complete (`Callable[[str], bool]`): whether a model need not write on after a text.

    Example:

    ```python
    fitter = ChatFitter(tokenizer, 1024, is_whole_step)
    ids, shortened = fitter.encode([ChatInput.of(agent_messages("What is 7 times 8?"))])
    ```
    """

    def __init__(
        self,
        tokenizer: "PreTrainedTokenizerBase",
        source_length: int,
        is_complete: Callable[[str], bool] = lambda text: False,
    ) -> None:
        self.tokenizer = tokenizer
        self.source_length = source_length
        self.is_complete = is_complete

    def encode(self, inputs: Sequence[ChatInput]) -> tuple[list[list[int]], list[int]]:
        """Token ids, of shape (inputs, tokens), and the indices of the prompts that were shortened to fit.

        Earlier observations are shortened first, the oldest first.

        Args:
            inputs (`Sequence[ChatInput]`): conversations.

        Raises:
            UsageError: if one does not fit even so.
        """
        rows, shortened = [], []
        for index, given in enumerate(inputs):
            ids, cut = self._fit(given.messages())
            rows.append(ids)
            shortened += [index] if cut else []
        return rows, shortened

    def fits(self, given: ChatInput) -> bool:
        """Whether a conversation fits the model, shortened if need be.

        Args:
            given (`ChatInput`): a conversation.
        """
        ids, _ = self._shortened(given.messages())
        return len(ids) <= self.source_length

    def decode(self, rows: list[list[int]]) -> list[str]:
        """The texts of answers.

        Args:
            rows (`list[list[int]]`): token ids, of shape (answers, tokens).
        """
        return self.tokenizer.batch_decode(rows, skip_special_tokens=True)

    def read(self, text: str) -> str:
        """The answer as it is: an agent's code is read later."""
        return text

    def _fit(self, messages: list[Message]) -> tuple[list[int], bool]:
        ids, cut = self._shortened(messages)
        if len(ids) > self.source_length:
            raise UsageError(
                f"A question of {len(ids):,} tokens does not fit the model's {self.source_length:,}: remove "
                f"it, or take a model with a longer context: {messages[1]['content'][:60]!r} …"
            )
        return ids, cut

    def _shortened(self, messages: list[Message]) -> tuple[list[int], bool]:
        """Token ids, after as many observations as need be were shortened, and whether any was."""
        ids = prompt_ids(self.tokenizer, messages)
        observations = [index for index, message in enumerate(messages) if message["role"] == "user"][1:]
        cut = False
        while len(ids) > self.source_length and observations:
            index = observations.pop(0)
            messages[index] = {"role": "user", "content": messages[index]["content"][:_KEPT].rstrip() + " …"}
            ids, cut = prompt_ids(self.tokenizer, messages), True
        return ids, cut
