"""Data augmentation on the fly: renamed objects, shuffled lists and perturbed numbers.

A word that is never an answer in training is hardly ever generated later, even if it is in the input:
training lowers its likelihood. So in many examples names are replaced, in both input and answer, by any
other word of the vocabulary, or by one of several tokens. All names of an example take part, not only
those of the answer: otherwise a model would learn that the unusual word is the answer. Before renaming,
lists of objects are shuffled in some examples, percentages and the thermometer's own temperature replaced
and flower pots renumbered.
"""

import random
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modeling.data.counterfactual import counterfactual, evidence_alone, other_reading, other_thermometer
from modeling.data.substances import other_substance
from modeling.data.vocabulary import BLANKS, verbs, vocabulary

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Ids = list[int]
_SHORTEST_NAME = 3
_SPELLED = 0.1  # share of new names with several tokens, like words that the tokenizer has not seen
_MOST_PIECES = 2
_CUT = 2  # how much shorter evidence alone is, about
# Words that no name consists of, and the keys of the state text.
_NO_NAMES = frozenset({"the", "The", "and", "with", "from", "into", "containing"}) | {
    "task", "room", "see", "exits", "carry", "been", "past", "done", "goal", "readings",
}  # fmt: skip


@dataclass(frozen=True)
class Names:
    """The names that renaming may replace, and their replacements, as token ids.

    Attributes:
        words: words that are names, see `find_names`.
        letters: capital letters that are names, as in `unknown substance B`.
        any_word: words of the vocabulary that can replace a name.
        any_letter: capital letters of the vocabulary.
        pieces: tokens that continue a word.

    Example:

    ```python
    names = find_names(inputs, labels, tokenizer)
    tokenizer.convert_ids_to_tokens(sorted(names.words))  # ["Ġbeaker", "Ġkitchen", …]
    ```
    """

    words: frozenset[int] = frozenset()
    letters: frozenset[int] = frozenset()
    any_word: tuple[int, ...] = ()
    any_letter: tuple[int, ...] = ()
    pieces: tuple[int, ...] = ()


@dataclass(frozen=True)
class AugmentationConfig:
    """How the text of examples is rewritten.

    Attributes:
        texts: input of each example.
        targets: answer of each example.
        encode: input → token ids that fit the model.
        encode_target: answer → token ids.
        chance: probability that an example's objects are shuffled, its percentages and the thermometer's own
            temperature resampled and its flower pots renumbered, 0 to 1.
        counterfactuals: how counterfactual examples are drawn; None for none.

    Example:

    ```python
    >>> config = AugmentationConfig(
    ...     texts=["see: a lamp, a stove"],
    ...     targets=["activate stove"],
    ...     encode=lambda text: list(text.encode()),
    ...     encode_target=lambda target: list(target.encode()),
    ...     chance=1.0,
    ... )
    >>> examples = VariedExamples([[0]], [[0]], Names(), chance=0.0, seed=1, rewriting=config)
    >>> bytes(examples[0]["input_ids"]).decode()
    'see: a stove, a lamp'
    ```
    """

    texts: Sequence[str]
    targets: Sequence[str]
    encode: Callable[[str], Ids]
    encode_target: Callable[[str], Ids]
    chance: float
    counterfactuals: "Counterfactuals | None" = None


@dataclass(frozen=True)
class Counterfactuals:
    """How counterfactual examples are drawn (see `modeling.data.counterfactual`).

    Attributes:
        chance: probability that a decision step gets other evidence, a step between readings other
            temperatures, and a question about a melting point another substance, 0 to 1.
        decisions: indices of the examples that are decision steps.
        evidence_only: probability that a decision step's input is reduced to its evidence, 0 to 1.

    Example:

    ```python
    counterfactuals = Counterfactuals(chance=0.5, decisions=frozenset(decision_rows(data.train)))
    config = AugmentationConfig(texts, targets, encode, encode_target, 0.0, counterfactuals)
    ```
    """

    chance: float
    decisions: frozenset[int]
    evidence_only: float = 0.0


class VariedExamples:
    """Examples for a trainer. The augmentation of an example depends on seed, epoch and index alone.

    Args:
        inputs (`Sequence[Sequence[int]]`): token ids of the inputs, of shape (examples, tokens).
        labels (`Sequence[Sequence[int]]`): token ids of the answers, of shape (examples, tokens).
        names (`Names`): the names that may be replaced (see `find_names`).
        chance (`float`): share of the names that are replaced, on average, 0 to 1. Each example draws
            its own share, from none to twice this.
        seed (`int`): seed of the random draws.
        longest (`int`, *optional*): longest input in tokens; names are not replaced if it would be exceeded.
        rewriting (`AugmentationConfig`, *optional*): changes of the text, before names are replaced.

    Example:

    ```python
    examples = VariedExamples(inputs, labels, find_names(inputs, labels, tokenizer), chance=0.3, seed=0)
    examples.epoch = 1
    examples[0]["input_ids"]  # token ids, with other names than in epoch 0
    ```
    """

    def __init__(
        self,
        inputs: Sequence[Sequence[int]],
        labels: Sequence[Sequence[int]],
        names: Names,
        chance: float,
        seed: int,
        longest: int | None = None,
        rewriting: AugmentationConfig | None = None,
    ) -> None:
        self.inputs, self.labels, self.names, self.longest = inputs, labels, names, longest
        self.rewriting = rewriting
        self.chance, self.seed, self.epoch = chance, seed, 0

    @property
    def lengths(self) -> list[int]:
        """Input lengths in tokens as they were; only cutting down to the evidence changes them much."""
        counterfactuals = self.rewriting.counterfactuals if self.rewriting else None
        cut = (
            counterfactuals.decisions
            if counterfactuals and counterfactuals.evidence_only == 1
            else frozenset()
        )
        return [len(ids) // _CUT if index in cut else len(ids) for index, ids in enumerate(self.inputs)]

    def __len__(self) -> int:
        return len(self.inputs)

    def __getitem__(self, index: int) -> dict[str, Ids]:
        inputs, labels = map(list, self._rewritten(index))
        replacements = self._exchange(index, inputs, labels)
        if replacements:
            renamed = _replaced(inputs, replacements)
            if self.longest is None or len(renamed) <= max(self.longest, len(inputs)):
                inputs, labels = renamed, _replaced(labels, replacements)
        return {"input_ids": inputs, "labels": labels}

    def _rewritten(self, index: int) -> tuple[Sequence[int], Sequence[int]]:
        """Input and answer, some with counterfactual evidence, and some shuffled."""
        rewriting = self.rewriting
        if rewriting is None:
            return self.inputs[index], self.labels[index]
        draw = random.Random(hash((self.seed, self.epoch, index, 1)))
        shuffled = draw.random() < rewriting.chance
        text, target = rewriting.texts[index], rewriting.targets[index]
        counterfactuals = rewriting.counterfactuals
        if counterfactuals and index in counterfactuals.decisions:
            if draw.random() < counterfactuals.chance:
                text, target = counterfactual(text, target, draw)
            if draw.random() < counterfactuals.evidence_only:
                text = evidence_alone(text)
        elif counterfactuals and draw.random() < counterfactuals.chance:
            text = other_reading(text, draw)
        if counterfactuals and draw.random() < counterfactuals.chance:
            text, target = other_substance(text, target, draw)
        if shuffled:
            text, target = renumber_pots(text, target, draw)
            text = other_thermometer(resample_percentages(reordered(text, draw), draw), draw)
        same_text, same_target = text == rewriting.texts[index], target == rewriting.targets[index]
        inputs = self.inputs[index] if same_text else rewriting.encode(text)
        return inputs, self.labels[index] if same_target else rewriting.encode_target(target)

    def _exchange(self, index: int, inputs: Ids, labels: Ids) -> Mapping[int, Ids]:
        """Name → the tokens that replace it, for some names of the input.

        A name of the answer that occurs once in the input was chosen by its meaning (which of these is
        alive?). Then neither it nor the names that it was chosen among may change, but only the other
        names of the answer.
        """
        if not self.chance:
            return {}
        draw = random.Random(hash((self.seed, self.epoch, index)))
        share = draw.uniform(0, 2 * self.chance)
        counts = Counter(inputs)
        used = set(counts)
        answered = {token for token in labels if self._is_name(token)}
        by_meaning = any(counts[token] == 1 for token in answered)
        replacements: dict[int, Ids] = {}
        for token in sorted(answered if by_meaning else counts):
            if counts[token] > 1 and self._is_name(token) and draw.random() < share:
                new = self._draw(token, draw)
                if new[0] not in used:
                    replacements[token] = new
                    used.update(new)
        return replacements

    def _is_name(self, token: int) -> bool:
        return token in self.names.words or token in self.names.letters

    def _draw(self, token: int, draw: random.Random) -> Ids:
        if token in self.names.letters:
            return [draw.choice(self.names.any_letter)]
        word = [draw.choice(self.names.any_word)]
        if self.names.pieces and draw.random() < _SPELLED:
            word += draw.choices(self.names.pieces, k=draw.randint(1, _MOST_PIECES))
        return word


def _replaced(ids: Ids, replacements: Mapping[int, Ids]) -> Ids:
    return [new for token in ids for new in replacements.get(token, (token,))]


def find_names(
    inputs: Sequence[Sequence[int]], labels: Sequence[Sequence[int]], tokenizer: "PreTrainedTokenizerBase"
) -> Names:
    """Find the names: words of answers that are always copied from the input.

    A word that some answer contains without its input (`teleport`, or the room of the thermometer) is
    knowledge that renaming would destroy. So are the verb of an action and the name of a sub-goal,
    although `focus` occurs in most task descriptions.

    Args:
        inputs (`Sequence[Sequence[int]]`): token ids of the inputs, of shape (examples, tokens).
        labels (`Sequence[Sequence[int]]`): token ids of the answers, of shape (examples, tokens).
        tokenizer (`PreTrainedTokenizerBase`): the tokenizer of both.
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


def balanced_rows(
    tasks: Sequence[str], balance: float, weights: Mapping[str, float] | None = None
) -> list[int]:
    """Row numbers of an epoch, with rows of rare tasks repeated.

    Args:
        tasks (`Sequence[str]`): task of each row.
        balance (`float`): 0 keeps the rows as they are, 1 gives all tasks about equal shares.
        weights (`Mapping[str, float]`, *optional*): task → how much more often its rows are repeated
            (rounded to whole repetitions; 0 leaves the task out); 1 if not named.
    """
    counts = Counter(tasks)
    most = max(counts.values(), default=0)
    times = {
        task: round((most / count) ** balance * (weights or {}).get(task, 1.0))
        for task, count in counts.items()
    }
    return [row for row, task in enumerate(tasks) for _ in range(times[task])]


_SECTION = " | "
_LISTS = ("see: ", "carry: ")
_ITEM, _BELONGS = ", ", "with: "  # `inclined plane C, with: a brick …` is one object
_HELD = re.compile(r"\[([^\[\]]*)\]")
_PERCENTAGE = re.compile(r"\d+(?=%)")
_POT = re.compile(r"(?<=flower pot )\d+")
_POT_NUMBERS = range(1, 13)


def reordered(text: str, draw: random.Random) -> str:
    """Shuffle the visible objects, the contents of containers, and the inventory in a compact state text.

    Args:
        text (`str`): a model's input; other state texts are returned unchanged.
        draw (`random.Random`): source of the order.
    """
    sections = text.split(_SECTION)
    for index, section in enumerate(sections):
        key = next((key for key in _LISTS if section.startswith(key)), None)
        if key:
            objects = _shuffled(section.removeprefix(key), draw)
            sections[index] = key + _HELD.sub(lambda held: f"[{_shuffled(held[1], draw)}]", objects)
    return _SECTION.join(sections)


def resample_percentages(text: str, draw: random.Random) -> str:
    """Replace all percentages by others in the same order, so that every comparison has the same result.

    Args:
        text (`str`): a model's input.
        draw (`random.Random`): source of the numbers.
    """
    percentages = sorted({int(number) for number in _PERCENTAGE.findall(text)})
    if not percentages or percentages[-1] > 100:
        return text
    new = dict(zip(percentages, sorted(draw.sample(range(101), len(percentages))), strict=True))
    return _PERCENTAGE.sub(lambda number: str(new[int(number[0])]), text)


def renumber_pots(text: str, target: str, draw: random.Random) -> tuple[str, str]:
    """Give the flower pots of an example other numbers, alike in input and answer.

    The few train variations of a task have the same plant in the same pot: its number can be memorised in
    place of looking for the plant.

    Args:
        text (`str`): a model's input.
        target (`str`): the answer.
        draw (`random.Random`): source of the numbers.
    """
    numbers = sorted(set(_POT.findall(text)))
    if len(numbers) < 2 or not set(_POT.findall(target)) <= set(numbers):
        return text, target
    new = dict(zip(numbers, map(str, draw.sample(_POT_NUMBERS, len(numbers))), strict=True))

    def renumbered(part: str) -> str:
        return _POT.sub(lambda number: new[number[0]], part)

    return renumbered(text), renumbered(target)


def _shuffled(listed: str, draw: random.Random) -> str:
    objects = _split_objects(listed)
    draw.shuffle(objects)
    return _ITEM.join(objects)


def _split_objects(listed: str) -> list[str]:
    """The objects of a list. Commas inside brackets do not separate objects."""
    objects: list[str] = []
    depth = 0
    for part in listed.split(_ITEM):
        if objects and (depth or part.startswith(_BELONGS)):
            objects[-1] += _ITEM + part
        else:
            objects.append(part)
        depth += sum((letter in "([") - (letter in ")]") for letter in part)
    return objects
