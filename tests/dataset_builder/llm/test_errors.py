"""Errors of requests: which ones end a run, and what they say."""

from dataset_builder.common.errors import SubgoalError
from dataset_builder.llm.errors import ContextExceeded, RequestFailed, RequestRejected, UnsupportedParameter


def test_an_unsupported_parameter_names_its_part() -> None:
    error = UnsupportedParameter("temperature")
    assert error.part == "temperature"
    assert str(error) == "The server refuses the request's temperature."


def test_a_prompt_that_is_too_long_is_rejected_and_has_not_failed() -> None:
    assert issubclass(ContextExceeded, RequestRejected)  # callers that cannot shorten it give it up
    assert not issubclass(RequestFailed, RequestRejected)  # another run may ask again
    assert all(issubclass(kind, SubgoalError) for kind in (RequestRejected, RequestFailed))
