"""Error messages for visitors: one line, without the paths of the server."""

import re

_PATH = re.compile(r"(?<![\w.:/])~?(?:/[\w.@+-]+){2,}/?")
"""A path of this machine as error messages contain it; a Hub id has no leading slash."""


def user_message(error: Exception) -> str:
    """The message of an error, with the paths of this machine replaced by `…`."""
    return _PATH.sub("…", str(error))
