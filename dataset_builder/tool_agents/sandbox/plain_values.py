"""Values that JSON and files can hold. Used inside and outside of the sandbox."""

import math
from typing import Any

_MAX_DEPTH = 20  # so that no later reader of the value has to recurse deeply


def plain(value: Any, depth: int = 0) -> Any:
    """A value as JSON has it: numbers, texts, booleans, lists and dictionaries; anything else as text.

    Raises:
        ValueError: lists and dictionaries are nested too deeply.
    """
    if depth > _MAX_DEPTH:
        raise ValueError(f"a value of more than {_MAX_DEPTH} levels")
    if type(value).__module__ == "numpy":
        value = value.tolist()  # of scalars, too
    if isinstance(value, str):
        return writable(value)
    if isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {writable(str(key)): plain(item, depth + 1) for key, item in value.items()}
    return writable(str(value))


def writable(text: str) -> str:
    """A text without lone surrogates, which no file can hold."""
    return text.encode(errors="replace").decode()
