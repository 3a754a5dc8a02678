"""How a model with a prompt is asked, and how its answers are read."""

import logging
from typing import Any, NamedTuple

from modeling.checkpoints.description import ModelDescription
from modeling.prompts.target import TargetPattern
from modeling.prompts.template import PromptTemplate, load_template

DEFAULT_PROMPT = "instruct"
"""Prompt of models that do not say how they are asked."""

TARGET_LENGTH = 48
"""Longest answer in tokens of models that name no limit."""

_WITH_THOUGHT, _WITH_REASONING = 256, 1_024
"""The same where a thought, or reasoning, comes before the action."""

log = logging.getLogger(__name__)


class PromptFormat(NamedTuple):
    """How a model with a prompt is asked, and how its answers are read.

    Example:

    ```python
    >>> description = ModelDescription(id="Qwen/Qwen3-0.6B", prompt="instruct", thinking=True)
    >>> prompt_format(description).max_new_tokens
    1024
    ```
    """

    template: PromptTemplate
    target: TargetPattern
    thinking: bool
    max_new_tokens: int

    def description(self) -> ModelDescription:
        """The part of a description that it stands for."""
        return ModelDescription(
            prompt=self.template.name, target=str(self.target), max_new_tokens=self.max_new_tokens
        )

    def describe(self) -> dict[str, Any]:
        """Provenance: `prompt` (`name` and `hash`), `target`, `thinking`, `max_new_tokens`."""
        return {
            "prompt": {"name": self.template.name, "hash": self.template.hash},
            "target": str(self.target),
            "thinking": self.thinking,
            "max_new_tokens": self.max_new_tokens,
        }


def prompt_format(description: ModelDescription, max_new_tokens: int | None = None) -> PromptFormat:
    """The prompt of a model that is described; what it leaves open gets its default, and is logged.

    Args:
        description (`ModelDescription`): all that is known about the model.
        max_new_tokens (`int`, *optional*): longest answer in tokens, if the description names none.
    """
    template = load_template(description.prompt or DEFAULT_PROMPT)
    target = TargetPattern.parse(description.target or template.target)
    thinking = bool(description.thinking)
    default = _WITH_REASONING if thinking else _WITH_THOUGHT if target.reasons else TARGET_LENGTH
    length = description.max_new_tokens or max_new_tokens or default
    if description.prompt is None:
        log.warning(
            "%s does not say how it is asked: prompt %s, target %s, state text %s. --prompt, --target and "
            "--state-text change that, and `subgoal models describe` writes it down.",
            description.id,
            template.name,
            target,
            description.state_text,
        )
    return PromptFormat(template, target, thinking, length)
