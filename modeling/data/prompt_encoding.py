"""From states to token ids of causal models, and from their answers to actions."""

from collections.abc import Sequence

from transformers import PreTrainedTokenizerBase

from dataset_builder.llm.request_format import Message
from modeling.prompts.encoding import answer_ids, prompt_ids
from modeling.prompts.fitting import fit_messages
from modeling.prompts.target import TargetPattern, read_answer
from modeling.prompts.template import PromptInput, PromptTemplate


class PromptFitter:
    """The counterpart of `Fitter` for causal models: prompts that fit, and the actions in answers.

    Args:
        tokenizer (`PreTrainedTokenizerBase`): tokenizer of the model.
        template (`PromptTemplate`): writes the chat messages for a state.
        version (`str`): state-text version.
        source_length (`int`): longest prompt in tokens.
        role (`str`): one of `ROLES`.
        target (`TargetPattern`): where the action is found in an answer.
        thinking (`bool`, *optional*, defaults to `False`): whether the model may reason first.

    Example:

    ```python
    fitter = PromptFitter(tokenizer, load_template("state"), "compact-2", 512, "flat", TargetPattern())
    ids, shortened = fitter.encode([PromptInput.of(state, "flat", "compact-2")])
    ```
    """

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerBase,
        template: PromptTemplate,
        version: str,
        source_length: int,
        role: str,
        target: TargetPattern,
        thinking: bool = False,
    ) -> None:
        self.tokenizer = tokenizer
        self.template = template
        self.version = version
        self.source_length = source_length
        self.role = role
        self.target = target
        self.thinking = thinking

    def encode(self, inputs: Sequence[str | PromptInput]) -> tuple[list[list[int]], list[int]]:
        """Token ids, of shape (inputs, tokens), and the indices of the inputs that lost history to fit.

        Args:
            inputs (`Sequence[str | PromptInput]`): state texts of a corpus, or states in play.

        Raises:
            UsageError: if a prompt does not fit even without its history.
        """
        rows, shortened = [], []
        for index, given in enumerate(inputs):
            given = PromptInput(given, self.role) if isinstance(given, str) else given
            messages, cut = fit_messages(self.template, given, self.version, self._fits)
            rows.append(self._ids(messages))
            shortened += [index] if cut else []
        return rows, shortened

    def encode_targets(self, targets: Sequence[str]) -> list[list[int]]:
        """Token ids of answers, of shape (targets, tokens), with their end-of-sequence tokens."""
        return [answer_ids(self.tokenizer, target) for target in targets]

    def decode(self, rows: list[list[int]]) -> list[str]:
        """The texts of answers.

        Args:
            rows (`list[list[int]]`): token ids, of shape (answers, tokens).
        """
        return self.tokenizer.batch_decode(rows, skip_special_tokens=True)

    def read(self, text: str) -> str:
        """The action or sub-goal in the text of an answer."""
        return read_answer(text, self.target, self.role)

    def is_complete(self, text: str) -> bool:
        """Whether the model need not write on after this text."""
        return self.target.is_complete(text)

    def _ids(self, messages: Sequence[Message]) -> list[int]:
        return prompt_ids(self.tokenizer, messages, self.thinking)

    def _fits(self, messages: Sequence[Message]) -> bool:
        return len(self._ids(messages)) <= self.source_length
