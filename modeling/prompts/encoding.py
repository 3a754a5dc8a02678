"""From chat messages to token ids, by the tokenizer's chat template where it has one."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import jinja2

from dataset_builder.common.errors import UsageError, one_line
from dataset_builder.llm.request_format import Message, folded

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def prompt_ids(
    tokenizer: "PreTrainedTokenizerBase", messages: Sequence[Message], thinking: bool = False
) -> list[int]:
    """Token ids of a prompt, up to where the answer begins.

    A tokenizer without a chat template gets the messages as plain text, separated by blank lines and
    ended by a line break.

    Args:
        tokenizer (`PreTrainedTokenizerBase`): of a causal model.
        messages (`Sequence[Message]`): as a prompt template writes them.
        thinking (`bool`, *optional*, defaults to `False`): whether the model may reason before its
            answer, for chat templates with that switch (`enable_thinking`).

    Raises:
        UsageError: if the chat template does not accept the messages.
    """
    if not tokenizer.chat_template:
        text = "\n\n".join(message["content"] for message in messages) + "\n"
        ids: list[int] = tokenizer(text, verbose=False)["input_ids"]
        # Some tokenizers end every text with the end mark, after which a model has nothing to say.
        return ids[:-1] if ids and ids[-1] == tokenizer.eos_token_id else ids
    try:
        return _chat_ids(tokenizer, list(messages), thinking)
    except jinja2.TemplateError as error:
        if messages[0]["role"] != "system":
            raise _refused(error) from error
    try:  # chat templates without a system role raise an error of their own
        return _chat_ids(tokenizer, folded(list(messages)), thinking)
    except jinja2.TemplateError as error:
        raise _refused(error) from error


def answer_ids(tokenizer: "PreTrainedTokenizerBase", answer: str) -> list[int]:
    """Token ids of an answer with its end mark: what a causal model is trained to write after a prompt."""
    ids: list[int] = tokenizer(answer, add_special_tokens=False)["input_ids"]
    return [*ids, int(tokenizer.eos_token_id)]


def _chat_ids(tokenizer: "PreTrainedTokenizerBase", messages: list[Message], thinking: bool) -> list[int]:
    options: dict[str, Any] = {"enable_thinking": thinking}  # ignored by templates without it
    text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True, **options)
    # The template writes the special tokens itself.
    ids: list[int] = tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
    return ids


def _refused(error: Exception) -> UsageError:
    return UsageError(
        f"The model's chat template does not accept the prompt's messages ({one_line(error, 120)}): let user "
        "and assistant take turns, beginning with user."
    )
