"""What a server's errors say, whatever their form, and what follows from it for the request."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from dataset_builder.common.errors import SubgoalError, UsageError, clip
from dataset_builder.llm.errors import ContextExceeded, RequestFailed, RequestRejected, UnsupportedParameter

SHOWN_CHARS = 200
"""Characters of a server's message that an error shows."""

MAX_DEPTH = 8
"""Objects within objects, and JSON within strings, that are looked into for a message."""

KEEPS_ANSWERS = "the answers so far are kept; run the same command again to continue."

_SEVERAL = re.compile(
    r"(^|[\s.'\"`])n['\"`]?\s*(:|=|>|must|should|parameter|is\b)|parameter ['\"`]?n\b|one (completion|choice)"
    r"|(multiple|several|number of) (choices|completions)",
    re.I,
)
_FORM = re.compile(
    r"response.?format|json.?(schema|object|mode)|schema|grammar|guided|structured.?output|extra inputs", re.I
)
_CONTEXT = re.compile(
    r"context.?(length|size|window)|too (long|many tokens)|max_(input|total|new)_tokens|maximum.{0,20}tokens",
    re.I,
)
_SYSTEM = re.compile(
    r"system.{0,12}(role|message|prompt|instruction)|role.{0,30}system|developer instruction"
    r"|roles must alternate|only user and assistant roles",
    re.I,
)
_STOP = re.compile(r"['\"`]stop['\"`]|\bstop (sequence|parameter|word|string)|parameter:? stop\b", re.I)
_STREAM = re.compile(
    r"only.{0,20}stream|stream.{0,30}(must|required|only)|non.?stream|enable.{0,10}stream", re.I
)
_MODERATED = re.compile(r"moderat|flagged|content.?(policy|filter|management)|safety", re.I)
_UNPAID = re.compile(r"credit|quota|billing|balance|payment", re.I)
# Of errors in a 200 answer without a status of their own, the first that fits their words.
_STATUS_BY_WORDS = (
    (re.compile(r"rate.?limit|too many requests", re.I), 429),
    (_UNPAID, 402),
    (re.compile(r"overload|unavailable|capacity|loading|time[d-]?.?out|internal|upstream", re.I), 503),
    (re.compile(r"unexpected endpoint|not found|does not exist", re.I), 404),
)
_NEGOTIABLE = (400, 404, 415, 422, 424, 500, 501)  # some servers fail on a schema that they cannot compile
_NO_ANSWER = ("error", "network_error", "insufficient_system_resource")  # values of finish_reason
_TEMPORARY = (408, 409, 424, 425)  # statuses for which neither the request nor the server is at fault
_WORDS = ("error", "message", "msg", "detail", "errors", "error_message", "reason", "metadata", "raw")
_MARKUP = re.compile(r"<(script|style)\b.*?</\1>|<[^>]*>", re.I | re.S)


def error_words(body: str) -> str:
    """What the body of an error says, in one line: the texts of a JSON object, or of a page."""
    try:
        parts = list(dict.fromkeys(_texts(json.loads(body)))) or [body]
    except (ValueError, RecursionError):
        parts = [_MARKUP.sub(" ", body[:10_000])]
    return " ".join("; ".join(parts).split())


def _texts(value: Any, depth: int = 0) -> Iterator[str]:
    """The texts of the keys that hold any: `{"error": "…"}`, `{"detail": [{"loc": […], "msg": "…"}]}`, …"""
    if isinstance(value, str):
        try:  # gateways pass a provider's own error on as a string
            if depth < MAX_DEPTH and value.lstrip().startswith("{"):
                yield from _texts(json.loads(value), depth + 1)
                return
        except (ValueError, RecursionError):
            pass
        if value.strip():
            yield value
    elif isinstance(value, list):
        for item in value[:5]:
            yield from _texts(item, depth + 1)
    elif isinstance(value, dict) and depth < MAX_DEPTH:
        where = value.get("param") or value.get("loc")
        prefix = ".".join(map(str, where)) if isinstance(where, list) else where
        for text in (text for key in _WORDS for text in _texts(value.get(key), depth + 1)):
            yield f"{prefix}: {text}" if isinstance(prefix, str) and prefix not in text else text


def error_status(payload: dict[str, Any]) -> int | None:
    """The HTTP status that fits an error in a response of status 200; None if it holds no error.

    Args:
        payload (`dict`): the response. Errors are looked for in `error`, `errors`, `detail`, `message`, and
            in the first of `choices`.
    """
    choices = payload.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
    failed = choice.get("error") or choice.get("finish_reason") in _NO_ANSWER
    said = any(payload.get(key) for key in ("error", "errors", "detail", "message"))
    if not failed and (choice or not said):
        return None
    error = choice.get("error") or payload.get("error") or payload
    for holder in (error, payload):
        if isinstance(holder, dict):
            for key in ("code", "status", "status_code"):
                if re.fullmatch(r"[45]\d\d", str(holder.get(key))):
                    return int(holder[key])
    words = error_words(json.dumps(error))
    by_words = (status for pattern, status in _STATUS_BY_WORDS if pattern.search(words))
    return next(by_words, 502 if failed else 400)


@dataclass(frozen=True)
class Endpoint:
    """A model at a server, as error messages name it.

    Attributes:
        server: address of the server, without credentials.
        model: the model's name there.
        model_option, parallel_option: the command's options for the model and for parallel requests.

    Example:

    ```python
    >>> endpoint = Endpoint("http://127.0.0.1:8000/v1", "qwen3")
    >>> print(classified(503, "overloaded", {"messages": []}, endpoint))
    http://127.0.0.1:8000/v1 failed (503: overloaded)
    ```
    """

    server: str
    model: str
    model_option: str = "--model"
    parallel_option: str = "--concurrency"


def classified(status: int, words: str, request: dict[str, Any], endpoint: Endpoint) -> SubgoalError:
    """The error that an error of the server means.

    Args:
        status (`int`): HTTP status.
        words (`str`): what the server says, without the key.
        request (`dict`): the body of the request.
        endpoint (`Endpoint`): who was asked.

    Returns:
        `SubgoalError`: `UnsupportedParameter` if another format may help, `RequestRejected` or
        `RequestFailed` if the fault lies with this request, else one that ends the run.
    """
    server = endpoint.server
    shown = clip(words, SHOWN_CHARS)
    reason = f"{status}: {shown}" if shown else f"{status}"
    if status in _NEGOTIABLE and (part := _unsupported(words, request, status)):
        return UnsupportedParameter(part)
    if status == 402 or (status in (403, 429) and _UNPAID.search(words)):
        return SubgoalError(f"{server} requires payment first ({reason}); {KEEPS_ANSWERS}")
    if status == 403 and _MODERATED.search(words):
        return RequestRejected(f"the server refuses the request ({reason})")
    if status in (401, 403):
        return UsageError(f"{server} does not accept the key ({reason}): set OPENAI_API_KEY to one it knows.")
    if status == 404:
        return UsageError(
            f"{server} has no model {endpoint.model!r} ({reason}): check {endpoint.model_option}, and that "
            "--base-url is complete: most often it ends in /v1."
        )
    if status == 405:  # what a redirect from http to https makes of a request
        return UsageError(
            f"{server} accepts no requests at this URL ({reason}): check that --base-url begins with "
            "https:// if the server requires it, and that it is complete: most often it ends in /v1."
        )
    if status == 429:
        return SubgoalError(
            f"{server} limits the calls ({reason}): lower {endpoint.parallel_option}; {KEEPS_ANSWERS}"
        )
    if status >= 500 or status in _TEMPORARY:
        return RequestFailed(f"{server} failed ({reason})")
    kind = ContextExceeded if _CONTEXT.search(words) else RequestRejected
    return kind(f"the server refuses the request ({reason})")


def _unsupported(words: str, request: dict[str, Any], status: int) -> str | None:
    """The part of a request that an error is about and that can be asked for in another way."""
    if "max_completion_tokens" in words and "max_tokens" in request:
        return "max_tokens"
    if _CONTEXT.search(words):
        return None
    if _STREAM.search(words) and "stream" not in request:
        return "stream"
    if _SYSTEM.search(words) and any(message["role"] == "system" for message in request["messages"]):
        return "system"
    if "response_format" in request and _FORM.search(words):
        return "form"
    said = words.lower()
    if "chat_template_kwargs" in request and ("chat_template" in said or "enable_thinking" in said):
        return "thinking"
    if status < 500 and "top_p" in request and "top_p" in said:
        return "top_p"
    if status < 500 and "stop" in request and _STOP.search(words):
        return "stop"
    if status < 500 and "seed" in request and "seed" in said:
        return "seed"
    if status < 500 and "temperature" in request and "temperature" in said:
        return "temperature"
    if "n" in request and _SEVERAL.search(words):
        return "n"
    return None
