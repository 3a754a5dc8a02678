"""The same example told in another way: other order, other numbers, and readings that compare alike.

Which thing is meant must follow from the text, not from where the thing stands in the list or which
number it has: with six worlds to learn a task from, these give the answer away. Likewise a few pairs of
readings can be learnt by heart in place of comparing them. And where something has happened that the
answer depends on, an example can be told as of the moment before, with the answer of then.
"""

import random
import re
from collections.abc import Sequence

_SECTION = " | "
_LISTS = ("see: ", "carry: ")
_ITEM, _BELONGS = ", ", "with: "  # `inclined plane C, with: a brick …` is one thing
_HELD = re.compile(r"\[([^\[\]]*)\]")
_SHARE = re.compile(r"\d+(?=%)")
_DEGREES = re.compile(r"(?<![\d.])-?\d+(?=(?:\.0)? degrees)")
_THRESHOLD = re.compile(r"\bIf [^|]* degrees celsius")
_POT = re.compile(r"(?<=pot )\d+\b")
_MELTED = re.compile(r"(?<=; wait)1?(?: x\d)? \| done: [^|]* \| goal: wait_until\((.+), melted\)$")
_SHARES, _TEMPERATURES, _POTS = range(101), range(-100, 501), range(1, 10)


def retold(text: str, answer: str, draw: random.Random) -> tuple[str, str]:
    """An example in another way: see `not_yet`, `reordered`, `reread` and `renumbered`.

    Args:
        text (`str`): a model's input.
        answer (`str`): what it is to answer.
        draw (`random.Random`): where order and numbers come from.
    """
    text, answer = not_yet(text, answer, draw)
    return renumbered(reread(reordered(text, draw), draw), answer, draw)


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


def not_yet(text: str, answer: str, draw: random.Random) -> tuple[str, str]:
    """What a controller reads once a substance has melted, as it would read before: it is to wait on.

    The substances to learn from melt at once, so that one wait would seem enough whatever is in view.

    Args:
        text (`str`): a model's input; any but that comes back unchanged, with its answer.
        answer (`str`): what it is to answer.
        draw (`random.Random`): where the number of waits comes from.
    """
    end = _MELTED.search(text)
    if not end or f"liquid {end[1]}" not in text or not answer.startswith("cool("):
        return text, answer
    waits = draw.choice(("", " x2", " x3", " x4"))
    before = text[: end.start()].replace(f"liquid {end[1]}", end[1])
    return f"{before}{waits}{end[0][end[0].index(' | done') :]}", f"wait_until({end[1]}, melted)"


def reread(text: str, draw: random.Random) -> str:
    """A text with other readings: the same where they were the same, and in the same order, so that each
    comparison of two comes out as it did.

    Per cents are replaced, and temperatures if the task says what to do above or below one: elsewhere
    they mean something by themselves.

    Args:
        text (`str`): a model's input.
        draw (`random.Random`): where the numbers come from.
    """
    text = _exchanged(text, _SHARE, _SHARES, draw)
    return _exchanged(text, _DEGREES, _TEMPERATURES, draw) if _THRESHOLD.search(text) else text


def renumbered(text: str, answer: str, draw: random.Random) -> tuple[str, str]:
    """An input and its answer with other numbers of the pots, the same in both.

    An answer with a pot that the input does not show is known by heart: both then stay as they are.

    Args:
        text (`str`): a model's input.
        answer (`str`): what it is to answer.
        draw (`random.Random`): where the numbers come from.
    """
    pots = sorted({int(number) for number in _POT.findall(text)})
    if not pots or pots[-1] not in _POTS or not set(_POT.findall(answer)) <= set(map(str, pots)):
        return text, answer
    other = {str(pot): str(new) for pot, new in zip(pots, draw.sample(_POTS, len(pots)), strict=True)}
    text, answer = (_POT.sub(lambda number: other[number[0]], told) for told in (text, answer))
    return text, answer


def _exchanged(text: str, reading: re.Pattern[str], scale: range, draw: random.Random) -> str:
    """A text with other readings of a scale in the same order, often near to each other."""
    found = sorted({int(number) for number in reading.findall(text)})
    if not found or found[-1] > scale[-1] or len(found) > len(scale):
        return text
    width = max(len(found), draw.choice((10, 30, len(scale))))
    start = draw.randrange(len(scale) - width + 1)
    other = dict(zip(found, sorted(draw.sample(scale[start : start + width], len(found))), strict=True))
    return reading.sub(lambda number: str(other[int(number[0])]), text)


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
