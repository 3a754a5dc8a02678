"""Parsing the simulator's texts: the room that a look describes, its doors, and the things in it.

A look lists one thing per line, after a tab; what is on or in that thing follows in the same line:

    This room is called the kitchen. In it, you see:
        a cupboard. The cupboard door is closed.
        a cup (containing a substance called water)
    You also see:
        A door to the hallway (that is open)
"""

import re

AMBIGUOUS = "Ambiguous request"
"""Beginning of the question which of several objects is meant; a number answers it."""

_ROOM = re.compile(r"^(?:This room is called|This outside location is called) the ([a-z ]+?)\.")
_DOOR = re.compile(r"A door to the ([a-z ]+?) \(")
# A thing's name follows an article, or is the first in a list of contents.
_THING = re.compile(
    r"(?:(?:^|[\t:,(]) ?(?:an?|the) |\(containing )(?:an? )?(?:substance called )?"
    r"([A-Za-z][\w' -]*?)(?= in the \w+ stage| at the top| approximately| ?[,.(\n)]|$)",
    re.IGNORECASE | re.MULTILINE,
)
_NOT_A_THING = ("agent", "air", "nothing")


def room_of(look: str) -> str:
    """Name of the room that a look describes, `""` if it describes none."""
    match = _ROOM.match(look)
    return match.group(1) if match else ""


def split_look(look: str) -> tuple[str, str]:
    """The lines of a look that list things, and those that list doors, both without the first line."""
    things, _, doors = look.partition("\n")[2].partition("You also see:")
    return things, doors


def rooms_in(look: str) -> list[str]:
    """The room that a look describes and those behind its doors."""
    return list(dict.fromkeys([*filter(None, [room_of(look)]), *_DOOR.findall(look)]))


def things_in(text: str) -> list[str]:
    """Names of the things that a look or an inventory lists, contents included, in order.

    Example:

    ```python
    things_in("In your inventory, you see:\\n\\ta cup (containing a substance called water)\\n")
    # ["cup", "water"]
    ```
    """
    listed = split_look(text)[0].replace("  ", " ")
    return [name for name in dict.fromkeys(_THING.findall(listed)) if name not in _NOT_A_THING]


def contents(vessel: str, text: str) -> list[str]:
    """Names of what looks or inventories in `text` show in a vessel; `[]` if it is empty or not shown."""
    shown = rf"(?:\b(?:an?|the) |\t){re.escape(vessel)} \(containing (.*?)\)(?=[\n,.]|$)"
    for match in re.finditer(shown, text, re.MULTILINE):
        # Commas inside parentheses separate the contents of a vessel that is inside this one.
        parts = [without_article(part) for part in re.split(r", (?![^(]*\))", match.group(1))]
        if parts != ["nothing"]:
            return [part for part in parts if part]
    return []


def without_article(name: str) -> str:
    """A listed name without its article: `a substance called water` → `water`."""
    return re.sub(r"^(?:a substance called |an? |the |some )", "", name.strip(), flags=re.IGNORECASE)
