"""What a visitor may write: checks of the text, and suggestions for sub-goals."""

import difflib
import re
from collections.abc import Iterable

from dataset_builder.common.errors import UsageError
from dataset_builder.simulator.look import things_in
from dataset_builder.simulator.vocabulary import ROOMS
from dataset_builder.trajectories.subgoals import SubGoal, SubGoalSyntaxError

MAX_CHARS = 200
"""Of an action or a sub-goal; the longest ones of the experts have about half as many."""

# The most frequent sub-goals of the corpus, as patterns for the things in view.
_OF_THINGS = ("focus_on({})", "fetch({})", "observe({})", "measure_temperature({})")
_HOLDERS = ("box", "jar", "pot", "cup", "sink", "stove", "freezer", "fridge", "furnace", "table", "terminal")


def clean(text: object, what: str) -> str:
    """A visitor's text on one line.

    Raises:
        UsageError: if it is empty, too long, or holds control characters.
    """
    if not isinstance(text, str) or not text.strip():
        raise UsageError(f"Write {what} first.")
    text = text.strip()
    if len(text) > MAX_CHARS:
        raise UsageError(f"That is too long for {what}: {len(text)} characters, at most {MAX_CHARS}.")
    if not text.isprintable():
        raise UsageError(f"There are control characters in {what}: write plain words.")
    return text


def read_subgoal(text: object, suggestions: Iterable[str] = ()) -> str:
    """A visitor's sub-goal in canonical form.

    Args:
        text (`object`): what the visitor wrote.
        suggestions (`Iterable[str]`, *optional*): sub-goals of which an error message offers the nearest.

    Raises:
        UsageError: if it does not have the form `name(argument, …)`.
    """
    line = clean(text, "a sub-goal")
    try:
        return str(SubGoal.parse(line))
    except SubGoalSyntaxError as error:
        # Compared by words alone: a visitor writes "navigate to the kitchen".
        by_words = {_words(suggestion): suggestion for suggestion in suggestions}
        near = difflib.get_close_matches(_words(line), by_words, n=1, cutoff=0.5)
        hint = f"Did you mean {by_words[near[0]]}?" if near else "For example navigate_to(kitchen)."
        raise UsageError(f"A sub-goal has the form name(argument, …). {hint}") from error


def _words(text: str) -> str:
    return " ".join(re.findall(r"[a-z]+", text.lower()))


def suggest_subgoals(look: str, inventory: str, planned: Iterable[str] = ()) -> list[str]:
    """Sub-goals that make sense here: for the rooms, for the things in view, and those of the plan so far."""
    carried, seen = things_in(inventory), things_in(look)
    things = list(dict.fromkeys([*carried, *seen]))
    holders = [thing for thing in things if thing.endswith(_HOLDERS)]
    suggestions = [f"navigate_to({room})" for room in ROOMS]
    suggestions += [form.format(thing) for form in _OF_THINGS for thing in things]
    suggestions += [f"place({thing}, {holder})" for thing in carried for holder in holders if thing != holder]
    return list(dict.fromkeys([*suggestions, *planned]))
