"""The same example told in another way: things in another order, other readings that compare alike.

Which thing is meant must follow from the text, not from where the thing stands in the list: with six
worlds to learn a task from, a place in the list gives the answer away. Likewise a few pairs of readings
can be learnt by heart in place of comparing them. Both changes leave the answer as it is.
"""

import random
import re
from collections.abc import Sequence

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


def reread(text: str, draw: random.Random) -> str:
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
