"""Options of several commands, and options that belong together, declared as one dataclass."""

import functools
import inspect
from collections.abc import Callable
from dataclasses import MISSING, fields
from typing import Annotated, Any, get_type_hints

import typer

Wait = Annotated[bool, typer.Option("--wait", help="Wait for another command that uses the folder.")]


def option_group(parameter: str, group: type) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Replaces one parameter of a Typer command by an option for each field of a dataclass.

    Args:
        parameter (`str`): the command's parameter that takes the dataclass.
        group (`type`): a dataclass whose fields are annotated as Typer options.

    Example:

    ```python
    @app.command()
    @option_group("llm", LLMOptions)
    def annotate(folder: Path, llm: LLMOptions) -> None: ...
    ```
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        hints = get_type_hints(group, include_extras=True)
        names = [field.name for field in fields(group)]
        options = [
            inspect.Parameter(
                field.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=inspect.Parameter.empty if field.default is MISSING else field.default,
                annotation=hints[field.name],
            )
            for field in fields(group)
        ]

        @functools.wraps(command)
        def wrapper(**values: Any) -> None:
            values[parameter] = group(**{name: values.pop(name) for name in names})
            command(**values)

        # Typer reads the signature and the annotations, and calls commands by keyword.
        signature = inspect.signature(command)
        kept = [
            one.replace(kind=inspect.Parameter.KEYWORD_ONLY)
            for name, one in signature.parameters.items()
            if name != parameter
        ]
        position = list(signature.parameters).index(parameter)
        shown = [*kept[:position], *options, *kept[position:]]
        wrapper.__signature__ = signature.replace(parameters=shown)  # type: ignore[attr-defined]
        wrapper.__annotations__ = {one.name: one.annotation for one in shown} | {"return": None}
        return wrapper

    return decorate
