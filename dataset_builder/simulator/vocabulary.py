"""Rooms and words that can occur in any variation, including those that a corpus does not contain."""

import re
import string
from importlib.resources import files

ROOMS = (
    "art studio",
    "bathroom",
    "bedroom",
    "foundry",
    "greenhouse",
    "hallway",
    "kitchen",
    "living room",
    "outside",
    "workshop",
)
"""All rooms of the simulator's house; they are the same in every variation."""

_WORD = re.compile(r"[A-Z]?[a-z]{2,}")


def simulator_words() -> list[str]:
    """Words of the names of ScienceWorld's object types, and the letters of its unknown substances.

    They come from the list of types in the package `scienceworld` (`PaperClip` → paper, clip), so that no
    held-out variation is read.
    """
    table = (files("scienceworld") / "object_type_ids.tsv").read_text(encoding="utf-8")
    types = (line.split("\t")[0].rpartition(".")[2] for line in table.splitlines())
    words = {word.lower() for name in types for word in _WORD.findall(name)}
    return [*sorted(words), *string.ascii_uppercase]
