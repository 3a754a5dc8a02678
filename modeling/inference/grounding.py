"""Grounded decoding: constrained decoding in which every name is copied from the input.

A small model that is asked about an object it never named in training writes a different word, and so
do all its beams. Decoding is therefore limited to the tokens of the input and the few tokens that
training answers contain without their inputs (verbs, rooms). Inside a name, the next token must also
follow the last one somewhere in the input. The simulator is not consulted. The idea is that of GENRE
(arXiv 2010.00904, section 3.2), with each state text as the list of entity names.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from dataset_builder.common.errors import UsageError
from modeling.data.vocabulary import BLANKS, verbs, vocabulary

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

Ids = Sequence[int]
_RARE = 1e-3  # share of the training answers that may violate the learned constraints


@dataclass(frozen=True)
class Grounding:
    """The token ids that a role's answers may contain besides the names of their inputs.

    Attributes:
        always_allowed_ids: tokens that are allowed even if the input does not contain them.
        connector_ids: tokens that are not part of a name: verbs, connectives, punctuation, and all
            always-allowed tokens. Any name may follow one, and one may follow the end of any name.

    Example:

    ```python
    grounding = Grounding.of(checkpoint.model, checkpoint.tokenizer)
    allowed = grounding.next_tokens(tokenizer(text)["input_ids"])
    allowed(None)  # ids that may begin the answer to this text
    ```
    """

    always_allowed_ids: frozenset[int]
    connector_ids: frozenset[int]

    @classmethod
    def of(cls, model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase") -> "Grounding | None":
        """Read it from the config of a checkpoint; None if the config has no `grounding` entry.

        Raises:
            UsageError: if the entry is not `{"free": ids, "joints": ids}` with token ids of the tokenizer.
        """
        entry = getattr(model.config, "grounding", None)
        if entry is None:
            return None
        lists = [entry.get(key) for key in ("free", "joints")] if isinstance(entry, Mapping) else [None]
        size = len(vocabulary(tokenizer))
        if not all(isinstance(ids, list) and all(_is_token(token, size) for token in ids) for ids in lists):
            raise UsageError(
                f"{model.name_or_path}: the entry grounding in its config.json is damaged: copy that file "
                "from the model's source again, or add --free to decode without it."
            )
        always_allowed = frozenset(entry["free"])
        return cls(always_allowed, always_allowed | frozenset(entry["joints"]) | _non_words(tokenizer))

    def mark(self, model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase") -> None:
        """Write it into the config of a model."""
        connectors = self.connector_ids - self.always_allowed_ids - _non_words(tokenizer)
        config: Any = model.config
        # Published checkpoints have these two keys.
        config.grounding = {"free": sorted(self.always_allowed_ids), "joints": sorted(connectors)}

    def next_tokens(self, ids: Ids) -> Callable[[int | None], frozenset[int]]:
        """The constraint that one input puts on its answer.

        Args:
            ids (`Sequence[int]`): token ids of the input.

        Returns:
            `Callable[[int | None], frozenset[int]]`: maps the last token of an answer (None at its
            beginning) to the tokens that may follow.
        """
        anywhere = frozenset(ids) | self.always_allowed_ids
        successors: dict[int, set[int]] = {}
        for token, successor in pairwise(ids):
            successors.setdefault(token, set()).add(successor)
        cache: dict[int | None, frozenset[int]] = {}

        def allowed(last: int | None) -> frozenset[int]:
            if last is None or last in self.connector_ids or last not in successors:
                return anywhere
            if last not in cache:
                # `last` is inside a name. The name may end here only if it ends here in the input,
                # which a connector after it shows: "frog" alone is not a name if only "frog egg" is.
                may_end = not self.connector_ids.isdisjoint(successors[last])
                cache[last] = frozenset(
                    successors[last] | (self.connector_ids & anywhere if may_end else set())
                )
            return cache[last]

        return allowed

    def violations(self, ids: Ids, answer: Ids) -> Iterator[tuple[int | None, int]]:
        """Where an answer breaks the constraint: pairs of the last token and the disallowed next one.

        Args:
            ids (`Sequence[int]`): token ids of the input.
            answer (`Sequence[int]`): token ids of the answer.
        """
        allowed = self.next_tokens(ids)
        last: int | None = None
        for token in answer:
            if token not in allowed(last):
                yield last, token
            last = token

    def suppressed_sequences(self, ids: Ids, words: Sequence[str]) -> list[list[str]]:
        """The same constraint for an engine that takes a list of banned sequences (CTranslate2).

        Args:
            ids (`Sequence[int]`): token ids of the input.
            words (`Sequence[str]`): the vocabulary, token id → word.

        Returns:
            `list[list[str]]`: sequences of one or two words that an answer must not contain.
        """
        allowed = self.next_tokens(ids)
        anywhere = allowed(None)
        single = [[word] for token, word in enumerate(words) if token not in anywhere]
        # Pairs are needed inside names only: after a connector, everything in `anywhere` may come.
        inside_names = set(ids) - self.connector_ids
        return single + [
            [words[last], words[following]] for last in inside_names for following in anywhere - allowed(last)
        ]


def find_grounding(
    inputs: Sequence[Ids], labels: Sequence[Ids], tokenizer: "PreTrainedTokenizerBase"
) -> Grounding:
    """Learn the constraint from training examples.

    A token is always allowed if some answer contains it while its input does not. Connectors are these
    tokens, verbs, names of sub-goals, and tokens that are not words. Then the token that takes part in
    most remaining violations becomes a connector, until at most one in a thousand answers violates the
    constraint because of a single token.

    Args:
        inputs (`Sequence[Sequence[int]]`): token ids of the inputs, of shape (examples, tokens).
        labels (`Sequence[Sequence[int]]`): token ids of the answers, with the end-of-sequence token.
        tokenizer (`PreTrainedTokenizerBase`): the tokenizer of both.
    """
    always_allowed = {
        token for ids, answer in zip(inputs, labels, strict=True) for token in set(answer) - set(ids)
    }
    connectors = always_allowed | _non_words(tokenizer) | verbs(labels, vocabulary(tokenizer))
    while True:
        grounding = Grounding(frozenset(always_allowed), frozenset(connectors))
        counts = Counter(
            token
            for ids, answer in zip(inputs, labels, strict=True)
            for pair in grounding.violations(ids, answer)
            for token in pair
            if token is not None and token not in connectors
        )
        # The id breaks ties, so that the result does not depend on the order of the examples.
        worst = max(counts, key=lambda token: (counts[token], token), default=None)
        if worst is None or counts[worst] <= _RARE * len(labels):
            return grounding
        connectors.add(worst)


def _is_token(token: object, size: int) -> bool:
    """Whether a value is the id of one of `size` tokens (JSON's true is not)."""
    return type(token) is int and 0 <= token < size


def _non_words(tokenizer: "PreTrainedTokenizerBase") -> frozenset[int]:
    """Tokens that are not words: punctuation, digits, blanks, special tokens."""
    return frozenset(
        token for token, word in enumerate(vocabulary(tokenizer)) if not word.strip("".join(BLANKS)).isalpha()
    )
