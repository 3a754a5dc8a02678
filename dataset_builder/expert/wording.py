"""Wordings of actions: things get the simulator's own names, and interchangeable things are used in order.

The solver words its actions at random: "focus on egg giant tortoise", "drop component in inventory".
The confirmation ("You focus on the giant tortoise egg.") has the name that the room shows too, so a
student model can copy it from its input.
"""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dataset_builder.simulator.look import AMBIGUOUS

if TYPE_CHECKING:
    from dataset_builder.expert.plan import Item, Plan

_WIRE = re.compile(r"\b(?:black|blue|green|orange|red|violet|white|yellow) wire\b")
# An action, its confirmation, and the action in the confirmation's names.
_FORMS = [
    (re.compile(action), re.compile(answer), form)
    for action, answer, form in (
        (r"focus on (.+)", r"You focus on the (.+)\.", "focus on {}"),
        (r"pick up (.+)", r"You move the (.+) to the inventory\.", "pick up {}"),
        (r"drop (.+)", r"You move the (.+) to the .+\.", "drop {}"),
        (r"move (.+) to (.+)", r"(?:\(.*\))?You move the (.+) to the (.+)\.", "move {} to {}"),
        (
            r"pour (.+?) (?:into|in) (.+)",
            r"You pour the contents of the (.+) into the (.+)\.",
            "pour {} into {}",
        ),
        (
            r"connect .+ to .+",
            r"(.+) on (.+) is now connected to (.+) on (.+)",
            "connect {1} {0} to {3} {2}",
        ),
    )
]
_PLACE = re.compile(r" in (?:inventory|agent|art studio|outside|kitchen|workshop|greenhouse)\b")
_CONTENT = re.compile(r" containing [a-z ]+?(?= in(?:to)? | to |$)")
_STAGE = re.compile(r" in the [a-z]+ stage\b")


class Namer:
    """Wordings for the actions of one path.

    Args:
        items (`Sequence[Item]`): the path, with the confirmations that tell what was meant.

    Example:

    ```python
    namer = Namer(items)
    namer.wordings(items[0], answers(items)[id(items[0])])
    # ("focus on giant tortoise egg", "focus on egg giant tortoise")
    ```
    """

    def __init__(self, items: Sequence["Item"]) -> None:
        self._known: dict[str, str] = {}
        self._focused: list[str] = []
        final = answers(items)
        for item in items:
            said, meant, _ = _confirmation(item.action, final[id(item)])
            for phrase, name in zip(said, meant, strict=False):
                self._known.setdefault(_plain(phrase), name)
            if item.action.startswith("focus on "):
                self._focused += meant

    def wordings(self, item: "Item", answer: str) -> tuple[str, ...]:
        """Ways to phrase an action, the simulator's own names first, the recorded words last."""
        recorded = item.action
        asked = item.observation.startswith(AMBIGUOUS) and not recorded.startswith("focus on ")
        if asked or _STAGE.search(recorded):
            return (recorded,)  # another wording would change the choices, or lose the stage
        plain = _plain(recorded)
        options = [*self._by_names(recorded, answer), plain, _unplaced(recorded), recorded]
        if recorded.startswith("use "):
            tool, _, thing = plain.partition(" on ")
            options.insert(0, f"{tool} on {self._known.get(thing, thing)}")
        return tuple(dict.fromkeys([*(_as_shown(option, item) for option in options[:-1]), recorded]))

    def _by_names(self, recorded: str, answer: str) -> list[str]:
        said, meant, form = _confirmation(recorded, answer)
        if not meant:
            return []
        # What was focused on as "baby wolf" is confirmed as "wolf" later: stay with the room's name.
        fuller = [name for name in self._focused if re.search(rf"\b{re.escape(meant[0])}\b", name)]
        names = [max([meant[0], *fuller], key=len), *meant[1:]]
        options = [form.format(*names)]
        if len(said) == 2:
            # "the inclined plane", "the wood cup": one of the names may not tell two things apart.
            options += [form.format(names[0], _plain(said[1])), form.format(_unplaced(said[0]), names[1])]
            if names[1] == "inclined plane":
                del options[0]
        return options


def answers(items: Sequence["Item"]) -> dict[int, str]:
    """Final answer to each item (by `id`): that to `0` where the simulator asked back."""
    final = {}
    for index, item in enumerate(items):
        asked = item.observation.startswith(AMBIGUOUS) and index + 1 < len(items)
        final[id(item)] = items[index + 1].observation if asked else item.observation
    return final


def _confirmation(action: str, answer: str) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    """Phrases said, names meant, and the form to put names into; empty if it is not a confirmation."""
    for words, confirmed, form in _FORMS:
        said, meant = words.fullmatch(action), confirmed.fullmatch(answer)
        if said and meant:
            return said.groups(), meant.groups(), form
    return (), (), ""


def _unplaced(text: str) -> str:
    """Without the solver's hints of where a thing is."""
    return re.sub(r"\b(pour .+?) in (.+)", r"\1 into \2", _PLACE.sub("", text))


def _plain(text: str) -> str:
    """Without hints of where a thing is and what it holds."""
    return _CONTENT.sub("", _unplaced(text))


def _as_shown(action: str, item: "Item") -> str:
    """Letter case of single-letter names as the room or the inventory shows it (plane b → B)."""

    def shown(match: re.Match[str]) -> str:
        upper = f"{match.group(1)}{match.group(2).upper()}"
        return upper if upper in item.look or upper in item.inventory else match.group(0)

    return re.sub(r"\b((?:plane|material|substance) )([a-z])\b", shown, action)


def rename_wires(plan: "Plan", items: "Sequence[Item | str]") -> "Plan":
    """Use wires in the order in which the workshop lists them; the solver draws them at random."""
    # The colour of a wire does not matter. With a fixed order a model need not learn a random choice.
    used = list(dict.fromkeys(wire for options in plan for wire in _WIRE.findall(options[-1])))
    listed: list[str] = []
    for item in items:
        if not isinstance(item, str) and "workshop" in item.look.partition("\n")[0]:
            listed = list(dict.fromkeys(_WIRE.findall(item.look)))
            break
    if not set(used) <= set(listed):
        return plan
    mapping = dict(zip(used, listed, strict=False))

    def rename(text: str) -> str:
        return _WIRE.sub(lambda match: mapping.get(match.group(0), match.group(0)), text)

    return [tuple(dict.fromkeys(rename(text) for text in options)) for options in plan]
