"""Prompts that fit a model's context: the oldest history is dropped first."""

from collections.abc import Callable
from dataclasses import replace

from dataset_builder.common.errors import UsageError
from dataset_builder.llm.request_format import Message
from dataset_builder.trajectories.truncation import shorten
from modeling.prompts.template import PromptInput, PromptTemplate


class PromptTooLong(UsageError):
    """A prompt does not fit into a model's context, even without history."""


def fit_messages(
    template: PromptTemplate, given: PromptInput, version: str, fits: Callable[[list[Message]], bool]
) -> tuple[list[Message], bool]:
    """The messages for a state, with as little of the oldest history missing as it takes to fit.

    Past actions of `history` are dropped first, then `state_text` is shortened as that of seq2seq
    models (`dataset_builder.trajectories.truncation.shorten`).

    Args:
        template (`PromptTemplate`): writes the messages.
        given (`PromptInput`): the state.
        version (`str`): state-text version of `given.state_text`.
        fits (`Callable[[list[Message]], bool]`): whether messages are short enough.

    Returns:
        `tuple[list[Message], bool]`: the messages, and whether anything was dropped.

    Raises:
        PromptTooLong: if they do not fit even without history.
    """
    messages = template.messages(given)
    if fits(messages):
        return messages, False
    if "history" in template.variables:
        low, high = 1, len(given.history) + 1
        while low < high:  # the smallest number of dropped events that fits
            middle = (low + high) // 2
            shorter = fits(template.messages(replace(given, history=given.history[middle:])))
            low, high = (low, middle) if shorter else (middle + 1, high)
        if low <= len(given.history):
            return template.messages(replace(given, history=given.history[low:])), True
        given = replace(given, history=())
    if "state_text" in template.variables:
        try:
            text = shorten(
                given.state_text,
                version,
                lambda text: fits(template.messages(replace(given, state_text=text))),
            )
            return template.messages(replace(given, state_text=text)), True
        except UsageError:
            pass
    raise PromptTooLong(
        f"Prompt {template.name} does not fit into the model's context, even without history: use a shorter "
        "template, a shorter state text (compact), or a model with a longer context."
    )
