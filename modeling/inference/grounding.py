"""Grounded decoding: answers made of what their input holds, with every name as it stands there.

A small model that means a thing it never named in training writes another word in its place, and all
its next guesses do. So while an answer is searched for, only words of the input may come, and the few
that answers have without their inputs (verbs, rooms); and within a name the next word must follow in
the input too. No simulator is asked. The idea of GENRE (arXiv 2010.00904, section 3.2), with each
state text as the list of names.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from modeling.data.vocabulary import BLANKS, verbs, vocabulary

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

Ids = Sequence[int]
_RARE = 1e-3


@dataclass(frozen=True)
class Grounding:
    """What a role's answers may hold beside the names of their inputs, as token ids.

    Attributes:
        free: may come without standing in the input.
        joints: what is no part of a name: verbs, connectives, punctuation, and all that is free. Any name
            may follow one, and one may follow the end of any name.
    """

    free: frozenset[int]
    joints: frozenset[int]

    @classmethod
    def of(cls, model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase") -> "Grounding | None":
        """What the config of a checkpoint says; None if it says nothing."""
        found = getattr(model.config, "grounding", None)
        if not isinstance(found, Mapping):
            return None
        free = frozenset(found["free"])
        return cls(free, free | frozenset(found["joints"]) | _marks(tokenizer))

    def mark(self, model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase") -> None:
        """Write it into a config."""
        joints = self.joints - self.free - _marks(tokenizer)
        config: Any = model.config
        config.grounding = {"free": sorted(self.free), "joints": sorted(joints)}

    def follow(self, ids: Ids) -> Callable[[int | None], frozenset[int]]:
        """For an input: last token (None at the beginning) → the tokens that may come next."""
        held = frozenset(ids) | self.free
        after: dict[int, set[int]] = {}
        for one, other in pairwise(ids):
            after.setdefault(one, set()).add(other)
        known: dict[int | None, frozenset[int]] = {}

        def allowed(last: int | None) -> frozenset[int]:
            if last is None or last in self.joints or last not in after:
                return held
            if last not in known:
                ends_a_name = not self.joints.isdisjoint(after[last])
                known[last] = frozenset(after[last] | (self.joints & held if ends_a_name else set()))
            return known[last]

        return allowed

    def breaks(self, ids: Ids, answer: Ids) -> Iterator[tuple[int | None, int]]:
        """Where an answer is not grounded in an input: the last token and the one that must not follow."""
        allowed = self.follow(ids)
        last: int | None = None
        for token in answer:
            if token not in allowed(last):
                yield last, token
            last = token

    def forbidden(self, ids: Ids, words: Sequence[str]) -> list[list[str]]:
        """For an input: the tokens and pairs of tokens that no answer may hold, as words.

        Args:
            ids (`Sequence[int]`): the input.
            words (`Sequence[str]`): token id → word.
        """
        allowed = self.follow(ids)
        held = allowed(None)
        single = [[word] for token, word in enumerate(words) if token not in held]
        names = set(ids) - self.joints
        return single + [[words[last], words[next_]] for last in names for next_ in held - allowed(last)]


def find_grounding(
    inputs: Sequence[Ids], labels: Sequence[Ids], tokenizer: "PreTrainedTokenizerBase"
) -> Grounding:
    """Learn from examples what is free and what joins names.

    Free is each token that some answer holds without its input. Joints are these, verbs and names of
    sub-goals, all but words, and in turn each token that ends or begins what is not grounded
    otherwise in more than one of a thousand answers.

    Args:
        inputs (`Sequence[list[int]]`): token ids of the inputs.
        labels (`Sequence[list[int]]`): token ids of the answers, end mark included.
        tokenizer (`PreTrainedTokenizerBase`): of both.
    """
    free = {token for ids, answer in zip(inputs, labels, strict=True) for token in set(answer) - set(ids)}
    joints = free | _marks(tokenizer) | verbs(labels, vocabulary(tokenizer))
    while True:
        found = Grounding(frozenset(free), frozenset(joints))
        breaks = Counter(
            token
            for ids, answer in zip(inputs, labels, strict=True)
            for pair in found.breaks(ids, answer)
            for token in pair
            if token is not None and token not in joints
        )
        worst = max(breaks, key=lambda token: (breaks[token], token), default=None)
        if worst is None or breaks[worst] <= _RARE * len(labels):
            return found
        joints.add(worst)


def _marks(tokenizer: "PreTrainedTokenizerBase") -> frozenset[int]:
    """Tokens that are no words: punctuation, digits, blanks, marks of beginning and end."""
    return frozenset(
        token for token, word in enumerate(vocabulary(tokenizer)) if not word.strip("".join(BLANKS)).isalpha()
    )
