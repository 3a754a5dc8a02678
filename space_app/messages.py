"""What visitors are told when something goes wrong: one line, and nothing of the machine behind the page."""

import re

_PATH = re.compile(r"(?<![\w.:/])~?(?:/[\w.@+-]+){2,}/?")
"""A path of this machine, as errors of the packages below name it; a Hub id has no leading slash."""


def user_message(error: Exception) -> str:
    """The message of an error with the paths of this machine left out."""
    return _PATH.sub("…", str(error))
