"""How a request to a language model can fail."""

from collections.abc import Sequence

from dataset_builder.common.errors import SubgoalError


class UnsupportedParameter(SubgoalError):
    """The server does not accept a part of the request that another format does without.

    Args:
        part (`str`): `form`, `temperature`, `top_p`, `system`, `stream`, `max_tokens`, `n`, `seed`,
            `stop` or `thinking`.

    Example:

    ```python
    >>> raise UnsupportedParameter("temperature")
    Traceback (most recent call last):
        ...
    dataset_builder.llm.errors.UnsupportedParameter: The server refuses the request's temperature.
    ```
    """

    def __init__(self, part: str) -> None:
        super().__init__(f"The server refuses the request's {part}.")
        self.part = part


class RequestRejected(SubgoalError):
    """A server does not accept this request, and would not accept it again.

    Example:

    ```python
    try:
        completion = client.complete(request)
    except RequestRejected:
        completion = client.complete(shorter_request)
    ```
    """


class ContextExceeded(RequestRejected):
    """The prompt and the maximum length of the answer exceed the model's context length.

    Example:

    ```python
    try:
        answer = session.ask(lambda format: messages, {"purpose": "answer"})
    except ContextExceeded:
        answer = session.ask(lambda format: messages[-1:], {"purpose": "answer"})
    ```
    """


class RequestFailed(SubgoalError):
    """A server failed on this request: another run may ask again.

    Example:

    ```python
    try:
        completion = client.complete(request)
    except RequestFailed as error:
        failures.append((request, error))  # to be asked again by the next run
    ```
    """


def check_answered(failures: Sequence[tuple[object, Exception]], total: int, items: str) -> None:
    """Raise `SubgoalError` if a server failed on some requests.

    Args:
        failures (`Sequence[tuple[object, Exception]]`): items with their errors, as `run_in_threads` returns
            them.
        total (`int`): how many items were worked on.
        items (`str`): what they are, in the plural.
    """
    failed = [error for _, error in failures if isinstance(error, RequestFailed)]
    if failed:
        raise SubgoalError(
            f"{len(failed)} of {total} {items} got no answer, the last because {failed[-1]}: the same "
            "command asks for them again."
        )
