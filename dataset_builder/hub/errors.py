"""What the Hub and the network answer, as errors of one line with the remedy."""

import errno
import os
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from huggingface_hub import constants, errors

from dataset_builder.common.errors import SubgoalError, UsageError, causes, one_line
from dataset_builder.common.http_environment import check_http_environment

BAD_TOKEN = "The Hugging Face token holds characters that no token has: set HF_TOKEN again."
_UNREACHABLE = {errno.ENETDOWN, errno.ENETUNREACH, errno.EHOSTDOWN, errno.EHOSTUNREACH}
_RETRY = "push again later; what is uploaded is kept."


def machine_error(error: BaseException, cache: str) -> OSError | None:
    """The error of the local files, such as a full disk, behind an error of a client of the Hub.

    Args:
        error (`BaseException`): what the client raised.
        cache (`str`): the folder that the client writes to: the error of a full disk names no file.

    Returns:
        `OSError`: a new error with a file name, or None if the error has another cause.
    """
    for cause in causes(error):
        if isinstance(cause, OSError) and _is_of_this_machine(cause):
            return OSError(cause.errno, cause.strerror, cause.filename or cache)
        # datasets compares sizes before it writes.
        if isinstance(cause, OSError) and "Not enough disk space" in str(cause):
            return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), cache)
    return None


def _is_of_this_machine(error: OSError) -> bool:
    """Whether an error is of the local files and not of the network.

    The clients derive their network errors from `OSError` too, but only the system sets an `errno`.
    """
    network = isinstance(error, (ConnectionError, TimeoutError, socket.gaierror, ssl.SSLError))
    return error.errno is not None and not network and error.errno not in _UNREACHABLE


def check_environment() -> None:
    """Raise `UsageError` for proxies or certificates with which no client of the Hub can be made."""
    if not constants.HF_HUB_OFFLINE:
        check_http_environment()


@contextmanager
def reading(repo_id: str) -> Iterator[None]:
    """Explains what fails while a model repository is read.

    Raises:
        UsageError: if there is no such repository, or as `check_environment`.
        SubgoalError: if the Hub fails or cannot be reached.
        OSError: if the cache cannot be written.
    """
    check_environment()
    try:
        yield
    except (errors.RepositoryNotFoundError, errors.HFValidationError) as error:
        raise UsageError(
            f"There is no model {repo_id} on the Hub that this token may see: check the name, push the "
            "model first (`subgoal models push`), or `hf auth login`."
        ) from error
    except errors.HfHubHTTPError as error:
        raise SubgoalError(
            f"The Hub failed at {repo_id} (status {error.response.status_code}): try again later."
        ) from error
    except UnicodeEncodeError as error:  # its text would quote the token
        raise SubgoalError(BAD_TOKEN) from error
    except (errors.HTTPError, OSError) as error:
        if local := machine_error(error, constants.HF_HUB_CACHE):
            raise local from error
        raise SubgoalError(
            f"Cannot reach the Hub for {repo_id}: check the network, unset HF_HUB_OFFLINE, or name a folder."
        ) from error


@contextmanager
def pushing(repo_id: str) -> Iterator[None]:
    """Explains what fails while a repository is written.

    Raises:
        UsageError: as `check_environment`.
        SubgoalError: if the Hub refuses, fails, or cannot be reached.
        OSError: if a file cannot be read, or the cache cannot be written.
    """
    check_environment()
    try:
        yield
    except errors.OfflineModeIsEnabled as error:
        raise SubgoalError("HF_HUB_OFFLINE is set: unset it to push.") from error
    except ValueError as error:  # the Hub's check of the card's metadata
        reason = one_line(error, 200)
        raise SubgoalError(f"The Hub does not accept the card of {repo_id}: {reason}") from error
    except (errors.HTTPError, OSError, RuntimeError) as error:
        # The error of an upload comes wrapped in a RuntimeError.
        cause = error.__cause__ if isinstance(error, RuntimeError) and error.__cause__ else error
        if isinstance(cause, errors.HfHubHTTPError):
            raise SubgoalError(_refusal(repo_id, cause)) from error
        if local := machine_error(error, constants.HF_HUB_CACHE):
            raise local from error
        reason = str(cause).strip().partition("\n")[0]
        raise SubgoalError(
            f"Cannot reach {constants.ENDPOINT} ({reason}): check the network, {_RETRY}"
        ) from error


def _refusal(repo_id: str, error: errors.HfHubHTTPError) -> str:
    status = error.response.status_code
    reason = (error.server_message or "no reason given").strip().partition("\n")[0].rstrip(".")
    if status == 401:
        return f"The Hub does not know this token ({reason}): run `hf auth login`, or set HF_TOKEN again."
    if status == 403:
        return f"This token may not write to {repo_id} ({reason}): take one with write permission there."
    if status == 412:  # the parent commit that the push was based on is not the newest any more
        return f"Somebody else changed {repo_id} meanwhile: push again."
    if status >= 500 or status == 429:
        return f"The Hub failed at {repo_id} (status {status}, {reason}): {_RETRY}"
    return f"The Hub refused {repo_id} (status {status}, {reason}): check its name and the branch's."
