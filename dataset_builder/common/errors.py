"""Errors a user can act on: each carries one line that names the input and the remedy."""

from collections.abc import Iterator


class SubgoalError(Exception):
    """Something went wrong that the user can do something about (exit status 1).

    Example:

    ```python
    try:
        trajectory = find_trajectory(simulator, "boil", 0)
    except SubgoalError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
    ```
    """

    exit_code = 1


class UsageError(SubgoalError):
    """The command or call was given an input it cannot work with (exit status 2).

    Example:

    ```python
    try:
        task = get_task("cook")
    except UsageError as error:
        print(error)  # names the input, and what can be used instead
    ```
    """

    exit_code = 2


class SimulatorError(SubgoalError):
    """The simulator refused or failed an operation, and would do so again.

    Example:

    ```python
    try:
        result = episode.step(action)
    except SimulatorError as error:
        print(f"{action!r} fails each time: {error}")
    ```
    """


class MachineError(SubgoalError):
    """This machine cannot do what all work needs, such as start Java: nothing is recorded of the work.

    Example:

    ```python
    try:
        episode = Simulator(max_heap="64m").episode()
        episode.load("boil", 0)
    except MachineError as error:
        print(error)  # names the amount of memory that Java did not get
    ```
    """


class SimulatorDied(SubgoalError):
    """The Java process is gone. Loading an episode again starts a new one.

    Example:

    ```python
    try:
        result = episode.step("open cupboard")
    except SimulatorDied:
        episode.load("boil", 0)  # in a new Java process, from the first step
    ```
    """


def causes(error: BaseException) -> Iterator[BaseException]:
    """An error and its causes, outermost first."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__


def one_line(text: object, length: int | None = None) -> str:
    """A text without line breaks, such as that of an error; cut to a length if one is given."""
    line = " ".join(str(text).split())
    return line if length is None else clip(line, length)


def clip(text: object, length: int = 60) -> str:
    """The beginning of a text that is quoted in a message."""
    whole = str(text)
    return whole if len(whole) <= length else f"{whole[:length]}…"
