"""Training examples told anew each epoch: names exchanged, so that a model copies instead of knowing them.

A word that was never an answer in training is hardly ever answered later, however plainly it stands
in the input: all training has pushed its likelihood down. So in many examples names are replaced, in
input and answer alike, by any other word of the vocabulary, or by one spelled in pieces. All names of an
example take part, not only the answer's: else a model would learn that the strange word is the answer.
Before that, some examples are told in another way (see `modeling.data.augmentation`).
"""

import random
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modeling.data.vocabulary import BLANKS, verbs, vocabulary

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Ids = list[int]
_SHORTEST_NAME = 3
_SPELLED = 0.1  # share of the new names that come in pieces, as words do that the tokenizer never saw
_MOST_PIECES = 2
_NO_NAMES = frozenset({"the", "The", "and", "with", "from", "into", "containing"}) | {
    "task", "room", "see", "exits", "carry", "been", "past", "done", "goal",  # keys of the state text
}  # fmt: skip


@dataclass(frozen=True)
class Names:
    """What may be exchanged and for what, as token ids.

    Attributes:
        words: words that are names, see `find_names`.
        letters: capital letters that are names, as in `unknown substance B`.
        any_word: words of the vocabulary that can stand for a name.
        any_letter: capital letters of the vocabulary.
        pieces: tokens that go on with a word.
    """

    words: frozenset[int] = frozenset()
    letters: frozenset[int] = frozenset()
    any_word: tuple[int, ...] = ()
    any_letter: tuple[int, ...] = ()
    pieces: tuple[int, ...] = ()


@dataclass(frozen=True)
class AugmentationConfig:
    """What telling examples in another way takes.

    Attributes:
        texts: input of each example.
        encode: text → token ids that fit the model.
        chance: that an example is told in another way, 0 to 1.
    """

    texts: Sequence[str]
    encode: Callable[[str], Ids]
    chance: float


class VariedExamples:
    """Examples for a trainer; how one is varied depends on seed, epoch and example alone.

    Args:
        inputs (`Sequence[list[int]]`): token ids of the inputs.
        labels (`Sequence[list[int]]`): token ids of the answers.
        names (`Names`): what may be exchanged (see `find_names`).
        chance (`float`): share of the names that are replaced, on average, 0 to 1. Each example draws
            its own share, from none to twice this.
        seed (`int`): of the draws.
        longest (`int`, *optional*): an input that would become longer stays as it is.
        tellings (`AugmentationConfig`, *optional*): to tell some in another way before names are exchanged.
    """

    def __init__(
        self,
        inputs: Sequence[Ids],
        labels: Sequence[Ids],
        names: Names,
        chance: float,
        seed: int,
        longest: int | None = None,
        tellings: AugmentationConfig | None = None,
    ) -> None:
        self.inputs, self.labels, self.names, self.longest = inputs, labels, names, longest
        self.tellings = tellings
        self.chance, self.seed, self.epoch = chance, seed, 0

    @property
    def lengths(self) -> list[int]:
        """Input lengths in tokens as they were; what is varied hardly changes them."""
        return [len(ids) for ids in self.inputs]

    def __len__(self) -> int:
        return len(self.inputs)

    def __getitem__(self, index: int) -> dict[str, Ids]:
        inputs, labels = self._told(index), self.labels[index]
        other = self._exchange(index, inputs, labels)
        if other:
            renamed = _replaced(inputs, other)
            if self.longest is None or len(renamed) <= max(self.longest, len(inputs)):
                inputs, labels = renamed, _replaced(labels, other)
        return {"input_ids": inputs, "labels": labels}

    def _told(self, index: int) -> Ids:
        if self.tellings:
            draw = random.Random(hash((self.seed, self.epoch, index, 1)))
            if draw.random() < self.tellings.chance:
                text = resample_percentages(reordered(self.tellings.texts[index], draw), draw)
                return self.tellings.encode(text)
        return self.inputs[index]

    def _exchange(self, index: int, inputs: Ids, labels: Ids) -> Mapping[int, Ids]:
        """Name → the tokens to write in its place, for some names of the input.

        A name that stands in the input once was chosen by what it means (which of these is alive?): it
        stays, and so do the names it was chosen by. Only what else the answer holds may change then.
        """
        if not self.chance:
            return {}
        draw = random.Random(hash((self.seed, self.epoch, index)))
        share = draw.uniform(0, 2 * self.chance)
        counts = Counter(inputs)
        used = set(counts)
        answered = {token for token in labels if self._is_name(token)}
        chosen = any(counts[token] == 1 for token in answered)
        other: dict[int, Ids] = {}
        for token in sorted(answered if chosen else counts):
            if counts[token] > 1 and self._is_name(token) and draw.random() < share:
                stranger = self._draw(token, draw)
                if stranger[0] not in used:
                    other[token] = stranger
                    used.update(stranger)
        return other

    def _is_name(self, token: int) -> bool:
        return token in self.names.words or token in self.names.letters

    def _draw(self, token: int, draw: random.Random) -> Ids:
        if token in self.names.letters:
            return [draw.choice(self.names.any_letter)]
        word = [draw.choice(self.names.any_word)]
        if self.names.pieces and draw.random() < _SPELLED:
            word += draw.choices(self.names.pieces, k=draw.randint(1, _MOST_PIECES))
        return word


def _replaced(ids: Ids, other: Mapping[int, Ids]) -> Ids:
    return [new for token in ids for new in other.get(token, (token,))]


def find_names(inputs: Sequence[Ids], labels: Sequence[Ids], tokenizer: "PreTrainedTokenizerBase") -> Names:
    """Names are words of answers that an answer can only have from its input.

    A word that some answer holds and its input does not (`teleport`, or the room where thermometers
    are kept) carries knowledge that renaming would blur. So do the verb that an action begins with
    and the name of a sub-goal, although `focus` stands in most tasks' texts.
    """
    answered = {token for answer in labels for token in answer}
    known = {token for ids, answer in zip(inputs, labels, strict=True) for token in set(answer) - set(ids)}
    words = vocabulary(tokenizer)
    known |= verbs(labels, words)
    any_word = [token for token, word in enumerate(words) if _is_word(word)]
    any_letter = [token for token, word in enumerate(words) if _is_letter(word)]
    pieces = [token for token, word in enumerate(words) if word.isascii() and word.isalpha()]
    return Names(
        words=frozenset(answered - known).intersection(any_word),
        letters=frozenset(answered - known).intersection(any_letter),
        any_word=tuple(any_word),
        any_letter=tuple(any_letter),
        pieces=tuple(pieces),
    )


def _is_word(word: str) -> bool:
    letters = word[1:]
    long_enough = len(letters) >= _SHORTEST_NAME and letters not in _NO_NAMES
    return word.startswith(BLANKS) and long_enough and letters.isalpha()


def _is_letter(word: str) -> bool:
    letter = word[1:]
    return word.startswith(BLANKS) and len(letter) == 1 and letter.isalpha() and letter.isupper()


def balanced_rows(tasks: Sequence[str], balance: float) -> list[int]:
    """Row numbers of an epoch, with rows of rare tasks repeated.

    Args:
        tasks (`Sequence[str]`): task of each row.
        balance (`float`): 0 leaves the rows as they are, 1 gives all tasks about equal shares.
    """
    counts: dict[str, int] = {}
    for task in tasks:
        counts[task] = counts.get(task, 0) + 1
    most = max(counts.values(), default=0)
    times = {task: round((most / count) ** balance) for task, count in counts.items()}
    return [row for row, task in enumerate(tasks) for _ in range(times[task])]


_SECTION = " | "
_LISTS = ("see: ", "carry: ")
_ITEM, _BELONGS = ", ", "with: "  # `inclined plane C, with: a brick …` is one thing
_HELD = re.compile(r"\[([^\[\]]*)\]")
_SHARE = re.compile(r"\d+(?=%)")


def reordered(text: str, draw: random.Random) -> str:
    """A compact state text with the things in view, in containers and in the inventory in another order.

    Args:
        text (`str`): a model's input; any that is no compact state text comes back unchanged.
        draw (`random.Random`): where the order comes from.
    """
    return _SECTION.join(
        section[: len(key)]
        + _HELD.sub(lambda held: f"[{_mixed(held[1], draw)}]", _mixed(section[len(key) :], draw))
        if (key := next((key for key in _LISTS if section.startswith(key)), ""))
        else section
        for section in text.split(_SECTION)
    )


def resample_percentages(text: str, draw: random.Random) -> str:
    """A text with other numbers before its per cent signs: the same where they were the same, and in
    the same order, so that each comparison of two comes out as it did.

    Args:
        text (`str`): a model's input.
        draw (`random.Random`): where the numbers come from.
    """
    shares = sorted({int(number) for number in _SHARE.findall(text)})
    if not shares or shares[-1] > 100:
        return text
    other = dict(zip(shares, sorted(draw.sample(range(101), len(shares))), strict=True))
    return _SHARE.sub(lambda number: str(other[int(number[0])]), text)


def _mixed(listed: str, draw: random.Random) -> str:
    things = _things(listed)
    draw.shuffle(things)
    return _ITEM.join(things)


def _things(listed: str) -> list[str]:
    """The things of a list; a comma in brackets divides none."""
    things: list[str] = []
    depth = 0
    for part in listed.split(_ITEM):
        if things and (depth or part.startswith(_BELONGS)):
            things[-1] += _ITEM + part
        else:
            things.append(part)
        depth += _depth(part)
    return things


def _depth(part: Sequence[str]) -> int:
    return sum((letter in "([") - (letter in ")]") for letter in part)
