"""`ChatClient`: the openai client, with its errors worded for a user and the key kept out of them."""

import os
import re
import threading
from functools import cached_property
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from dataset_builder.common.errors import SubgoalError, UsageError
from dataset_builder.llm.budget import estimate_tokens, prompt_tokens
from dataset_builder.llm.completion_cache import Completion
from dataset_builder.llm.errors import RequestFailed, RequestRejected
from dataset_builder.llm.request_format import UnsupportedParameter

if TYPE_CHECKING:
    import openai

KEY = "OPENAI_API_KEY"
MAX_FAILURES = 5
"""Requests that may fail one after the other before the server is given up."""

SHORTEST_KEY = 8
"""Characters from which a key is taken for a secret: local servers get placeholders such as `x`."""

_ABOUT_FORM = re.compile(
    r"response.?format|json.?(schema|object|mode)|schema|grammar|guided|structured.?output|extra inputs", re.I
)
_ABOUT_LENGTH = re.compile(r"context.?(length|size|window)", re.I)
_PASSING = (408, 409, 425)  # statuses for which neither the request nor the server is at fault
_AGAIN = "what was answered is kept, the same command goes on."


class ChatClient:
    """Chat completions of one model at one OpenAI-compatible server. Safe to use from threads.

    The key is read from the environment; servers named by `base_url` may do without.

    Args:
        model (`str`): the model's name at the server.
        base_url (`str`, *optional*): the server's address; OpenAI's own if left out.
        timeout (`float`, *optional*, defaults to 300): seconds to wait for an answer.
        retries (`int`, *optional*, defaults to 5): how often the client repeats a request after a 429,
            a 5xx, a time-out or a lost connection, with growing pauses.

    Raises:
        UsageError: if `base_url` is no address.
    """

    def __init__(
        self, model: str, base_url: str | None = None, *, timeout: float = 300.0, retries: int = 5
    ) -> None:
        self.model = model
        self.base_url = (base_url or os.environ.get("OPENAI_BASE_URL") or "").strip() or None
        if self.base_url and not _is_address(self.base_url):
            # What has these characters may hold a password or a token.
            shown = "--base-url" if re.search("[@?#]", self.base_url) else repr(self.base_url)
            raise UsageError(f"{shown} is no address: write http://host:port/v1 or https://…/v1.")
        self._timeout = timeout
        self._retries = retries
        self._failures = 0
        self._lock = threading.Lock()

    @property
    def server(self) -> str:
        """The server's address, fit to be shown."""
        if not self.base_url:
            return "https://api.openai.com/v1"
        parts = urlsplit(self.base_url)
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/"), "", ""))

    @cached_property
    def _openai(self) -> "openai.OpenAI":
        import openai

        key = _key()
        if not key and not self.base_url:
            raise UsageError(f"OpenAI wants a key: set {KEY}, or name another server with --base-url.")
        if not (key.isascii() and key.isprintable()):
            raise UsageError(f"{KEY} holds a character that no key has: set it to the key alone.")
        return openai.OpenAI(
            api_key=key or "none", base_url=self.base_url, timeout=self._timeout, max_retries=self._retries
        )

    def complete(self, request: dict[str, Any]) -> Completion:
        """Send a request, as often as it takes.

        Raises:
            UnsupportedParameter: if the server does not accept a part that can be left out.
            RequestRejected: if it does not accept this request, and would not accept it again.
            RequestFailed: if it failed on this request; it may answer later.
            SubgoalError: if it fails altogether (`UsageError` for a wrong key, model or address).
        """
        client = self._openai
        import openai

        try:
            answer = client.chat.completions.create(**request)
        except openai.APIError as error:
            raise self._worded(error, request) from None  # the original holds the request's headers
        except (ValueError, RecursionError):
            answer = None  # said to be JSON, but broken, or nested too deeply
        completion = self._completion(answer, request)
        if completion is None:
            line = f"{self.server} answered with something else than a chat completion"
            raise self._failed(RequestFailed(f"{line}: is it an OpenAI-compatible server's address?"))
        with self._lock:
            self._failures = 0
        return completion

    def _completion(self, answer: Any, request: dict[str, Any]) -> Completion | None:
        """What a server answered, None if it is no completion: not all keep to the format."""
        choices = getattr(answer, "choices", None)
        if not isinstance(choices, list) or not choices:
            return None
        message = getattr(choices[0], "message", None)
        if message is None or not hasattr(message, "content"):
            return None
        text = _redacted(_text(message.content) or _text(getattr(message, "refusal", None)))
        usage = getattr(answer, "usage", None)
        read, written = getattr(usage, "prompt_tokens", None), getattr(usage, "completion_tokens", None)
        finish = _redacted(str(choices[0].finish_reason))
        if isinstance(read, int) and isinstance(written, int):
            return Completion(text, finish, read, written)
        return Completion(text, finish, prompt_tokens(request), estimate_tokens(text), estimated=True)

    def _worded(self, error: "openai.APIError", request: dict[str, Any]) -> SubgoalError:
        """The error to raise in place of the client's."""
        import openai

        where, status = self.server, getattr(error, "status_code", None)
        said = re.sub(r"^Error code: \d+ - ", "", _redacted(str(error.message)))
        said = " ".join(said.split())[:200]
        if isinstance(error, openai.APITimeoutError):
            return self._failed(RequestFailed(f"{where} did not answer within {self._timeout:g} s"))
        if isinstance(error, openai.APIConnectionError):
            return SubgoalError(f"Cannot reach {where}: start the server, or check --base-url; {_AGAIN}")
        if status in (400, 422, 500, 501):
            # A 500 too: some servers fail on a schema that they cannot compile.
            about_form = _ABOUT_FORM.search(said) and not _ABOUT_LENGTH.search(said)
            if "response_format" in request and about_form:
                return UnsupportedParameter("form")
            if status < 500 and "temperature" in request and "temperature" in said.lower():
                return UnsupportedParameter("temperature")
        if status in (401, 403):
            return UsageError(f"{where} does not accept the key ({status}): set {KEY} to one it knows.")
        if status == 404:
            return UsageError(
                f"{where} has no model {self.model!r} (404): check --model, and that --base-url ends as the "
                "server wants it, most often in /v1."
            )
        if status == 429:
            return SubgoalError(f"{where} limits the calls (429: {said}): lower --concurrency; {_AGAIN}")
        if status == 402:
            return SubgoalError(f"{where} wants to be paid first (402: {said}); {_AGAIN}")
        if status is None or status >= 500 or status in _PASSING:
            return self._failed(RequestFailed(f"{where} failed ({status or said})"))
        return self._failed(RequestRejected(f"the server refuses the request ({status}: {said})"))

    def _failed(self, error: SubgoalError) -> SubgoalError:
        """The error, or the end of the run if nothing was answered for long."""
        with self._lock:
            self._failures += 1
            if self._failures < MAX_FAILURES:
                return error
        return SubgoalError(f"{self._failures} requests in a row failed, the last because {error}; {_AGAIN}")


def _is_address(text: str) -> bool:
    """Whether the openai client can read an address; it does not word its own errors."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
        host.encode("idna")
        if ":" in host or re.fullmatch(r"[\d.]+", host):
            ip_address(host)
    except ValueError:
        return False
    whole = not re.search(r"[\s\0-\x1f\x7f]", text)
    return whole and parts.scheme in ("http", "https") and bool(host) and port != 0


def _key() -> str:
    return os.environ.get(KEY, "").strip()


def _redacted(text: str) -> str:
    """The text without the key, and without the half characters that no file can hold."""
    text = text.encode("utf-8", "replace").decode()
    key = _key()
    return text.replace(key, "[key]") if len(key) >= SHORTEST_KEY else text


def _text(content: Any) -> str:
    """The text of a message's content, which some servers give in parts."""
    if isinstance(content, list):
        parts = [part for part in content if isinstance(part, dict) and part.get("type", "text") == "text"]
        return "".join(part["text"] for part in parts if isinstance(part.get("text"), str))
    return content if isinstance(content, str) else ""
