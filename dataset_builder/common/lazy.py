"""Names that a package re-exports and imports only when they are used (PEP 562)."""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any


def lazy_exports(package: str, names: Mapping[str, Sequence[str]]) -> tuple[list[str], Callable[[str], Any]]:
    """The `__all__` and the `__getattr__` of a package's `__init__`.

    Args:
        package (`str`): `__name__` of the package.
        names (`Mapping[str, Sequence[str]]`): module, relative to the package → the names it defines.

    Example:

    ```python
    __all__, __getattr__ = lazy_exports(__name__, {"simulator.tasks": ["TASKS", "Task"]})
    ```
    """
    modules = {name: module for module, defined in names.items() for name in defined}

    def __getattr__(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{modules[name]}"), name)

    return sorted(modules), __getattr__
