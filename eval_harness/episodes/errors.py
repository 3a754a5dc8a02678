"""What ends a whole run."""

from dataset_builder.common.errors import SubgoalError


class RunAborted(SubgoalError):
    """The agent cannot go on in any episode: the run stops, and what is not finished is played later.

    Args:
        message (`str`): one line with the remedy.
        exit_code (`int`, *optional*): of the command.
    """

    def __init__(self, message: str, exit_code: int = SubgoalError.exit_code) -> None:
        super().__init__(message)
        self.exit_code = exit_code
