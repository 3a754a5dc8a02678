"""Prompts that fit a model's context: the oldest history is dropped first."""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import replace

from dataset_builder.common.errors import UsageError
from dataset_builder.llm.request_format import Message
from dataset_builder.trajectories.truncation import shorten
from modeling.prompts.template import PromptInput, PromptTemplate


class PromptTooLong(UsageError):
    """A prompt does not fit into a model's context, even without history.

    Example:

    ```python
    try:
        messages, shortened = fit_messages(load_template("state"), given, "compact-2", fits)
    except PromptTooLong as error:
        print(error)
    ```
    """


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
        without = [
            replace(given, history=given.history[dropped:]) for dropped in range(len(given.history) + 1)
        ]
        # The smallest number of dropped events that fits; with none dropped it does not.
        first = bisect_left(without, True, lo=1, key=lambda shorter: fits(template.messages(shorter)))
        if first < len(without):
            return template.messages(without[first]), True
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
