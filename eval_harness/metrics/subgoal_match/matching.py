"""How far predicted sub-goals match the true ones: the standard library alone."""

import re
from collections import Counter
from collections.abc import Sequence
from statistics import fmean

# The grammar: a name of words_like_this, then arguments without commas, parentheses or line breaks.
_FORM = re.compile(r"\s*([a-z][a-z0-9_]*)\s*\((.*)\)\s*", re.DOTALL)
_ARGUMENT = re.compile(r"[^(),\n\r\t]+")


def parse(text: str) -> tuple[str, tuple[str, ...]] | None:
    """Name and arguments of `name(argument, …)`, blanks around them dropped; None for another form."""
    form = _FORM.fullmatch(text)
    if form is None:
        return None
    name, inner = form.groups()
    arguments = tuple(part.strip() for part in inner.split(",")) if inner.strip() else ()
    return (name, arguments) if all(map(_ARGUMENT.fullmatch, arguments)) else None


def argument_f1(predicted: Sequence[str], true: Sequence[str]) -> float:
    """F1 of the arguments, each as a whole, in any order; 1 if neither side has arguments."""
    if not predicted and not true:
        return 1.0
    shared = (Counter(predicted) & Counter(true)).total()
    return 2 * shared / (len(predicted) + len(true))


def match(predictions: Sequence[str], references: Sequence[str]) -> dict[str, float | None]:
    """Shares over pairs of a predicted and a true sub-goal; all None without pairs.

    Args:
        predictions (`Sequence[str]`): any texts. A text that is not a sub-goal scores 0 in every measure.
        references (`Sequence[str]`): sub-goals.

    Returns:
        `dict`: `exact_match`, `name_match`, `argument_f1`, `parsed`, each 0 to 1.

    Raises:
        ValueError: if the lists differ in length, or a reference is not a sub-goal.
    """
    rows = [_compare(predicted, true) for predicted, true in zip(predictions, references, strict=True)]
    names = ("exact_match", "name_match", "argument_f1", "parsed")
    if not rows:
        return dict.fromkeys(names)
    return dict(zip(names, map(fmean, zip(*rows, strict=True)), strict=True))


def _compare(predicted: str, true: str) -> tuple[float, float, float, float]:
    there, here = parse(true), parse(predicted)
    if there is None:
        raise ValueError(f"The reference {true[:80]!r} is not a sub-goal: write name(argument, …).")
    if here is None:
        return 0.0, 0.0, 0.0, 0.0
    return float(here == there), float(here[0] == there[0]), argument_f1(here[1], there[1]), 1.0
