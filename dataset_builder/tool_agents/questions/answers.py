"""Reference answers within the cells of published sets."""

from typing import Any

_BOXED = "\\boxed"


def boxed_answer(solution: Any) -> str:
    """The content of the last `\\boxed{…}` of a solution; empty if there is none.

    Example:

    ```python
    >>> boxed_answer("Hence $x = \\\\boxed{\\\\frac{1}{2}}$.")
    '\\\\frac{1}{2}'
    ```
    """
    _, mark, rest = str(solution).rpartition(_BOXED)
    rest = rest.lstrip()
    if not mark:
        return ""
    if not rest.startswith("{"):
        return rest[:1]  # `\boxed 7`
    depth = 0
    for index, character in enumerate(rest):
        depth += (character == "{") - (character == "}")
        if depth == 0:
            return rest[1:index].strip()
    return ""


def number_answer(value: Any) -> str:
    """A number as text: whole ones without decimals."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
