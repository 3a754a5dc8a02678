"""Packages that only some commands need, installed by an extra of the project."""

from importlib.util import find_spec

from dataset_builder.common.errors import UsageError


def check_extra(package: str, extra: str, purpose: str) -> None:
    """Raise `UsageError` if an optional package is not installed; the message says how to install it.

    Args:
        package (`str`): name that is imported, such as `bm25s`.
        extra (`str`): the extra of this project that installs it, such as `tools`.
        purpose (`str`): what needs it, as the subject of the message.
    """
    if find_spec(package) is None:
        raise UsageError(
            f"{purpose} needs {package.replace('_', '-')}, which is not installed: run "
            f"`pip install 'subgoal-distillation[{extra}]'`."
        )
