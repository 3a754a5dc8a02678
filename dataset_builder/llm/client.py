"""`ChatClient`: the openai client, with errors that a user can act on and that never contain the key."""

import logging
import os
import re
import threading
from dataclasses import replace
from functools import cached_property
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit
from urllib.request import proxy_bypass

from dataset_builder.common.errors import SubgoalError, UsageError, clip
from dataset_builder.common.http_environment import check_http_environment
from dataset_builder.llm.budget import prompt_tokens
from dataset_builder.llm.completion_cache import Completion
from dataset_builder.llm.errors import ContextExceeded, RequestFailed, RequestRejected, UnsupportedParameter
from dataset_builder.llm.replies import read_completion, read_payload
from dataset_builder.llm.request_format import CONTINUATION
from dataset_builder.llm.server_errors import KEEPS_ANSWERS, Endpoint, classified, error_status, error_words

if TYPE_CHECKING:
    import openai

KEY = "OPENAI_API_KEY"
MAX_FAILURES = 5
"""Consecutive failed requests after which the run ends."""

MIN_KEY_CHARS = 8
"""Characters from which a key is taken for a secret: local servers get placeholders such as `x`."""

_ANY_KEY = re.compile(r"\b(?:sk|gsk|hf|xai|pk)[-_][\w-]{8,}")
# A prompt of which a server read less than this share of the estimate was cut. (Ollama does so silently.)
_MIN_SHARE_READ = 0.4
_LONG_PROMPT = 2_000  # tokens; estimates of shorter ones are too rough
_logger = logging.getLogger(__name__)


class ChatClient:
    """Chat completions of one model at one OpenAI-compatible server. Safe to use from threads.

    The API key is read from the environment; servers named by `base_url` may not need one.

    Args:
        model (`str`): the server's name of the model.
        base_url (`str`, *optional*): the server's address; OpenAI's own if omitted.
        timeout (`float`, *optional*, defaults to 300): seconds to wait for an answer.
        retries (`int`, *optional*, defaults to 5): how often the client repeats a request after a 429,
            a 5xx, a time-out or a lost connection, with growing pauses.
        model_option, parallel_option (`str`, *optional*): the command's options for the model and for
            parallel requests, as errors name them.

    Raises:
        UsageError: if `base_url` is not an address, or the environment's proxies or certificates cannot
            be used.

    Example:

    ```python
    client = ChatClient("qwen3", "http://127.0.0.1:8000/v1")
    request = {"model": "qwen3", "messages": [{"role": "user", "content": "Hello"}]}
    print(client.complete(request).answer)
    ```
    """

    def __init__(
        self,
        model: str,
        base_url: str | None = None,
        *,
        timeout: float = 300.0,
        retries: int = 5,
        model_option: str = "--model",
        parallel_option: str = "--concurrency",
    ) -> None:
        self.model = model
        address = (base_url or os.environ.get("OPENAI_BASE_URL") or "").strip()
        # The whole endpoint's address is what other tools ask for.
        self.base_url = address.rstrip("/").removesuffix("/chat/completions") or None
        if self.base_url and not _is_address(self.base_url):
            # What has these characters may hold a password or a token.
            shown = "--base-url" if re.search("[@?#]", self.base_url) else repr(self.base_url)
            raise UsageError(f"{shown} is not an address: write http://host:port/v1 or https://…/v1.")
        self._endpoint = Endpoint(_shown(self.base_url), model, model_option, parallel_option)
        # httpx sets up all proxies of the environment, even those that NO_PROXY excludes for this server.
        self._direct = bool(proxy_bypass(urlsplit(self.server).netloc))
        check_http_environment(proxies=not self._direct)
        self._timeout = timeout
        self._retries = retries
        self._failures = 0
        self._warned: set[str] = set()
        self._lock = threading.Lock()

    @property
    def server(self) -> str:
        """The server's address, fit to be shown."""
        return self._endpoint.server

    @cached_property
    def _openai(self) -> "openai.OpenAI":
        import openai

        key = _key()
        if not key and not self.base_url:
            raise UsageError(f"OpenAI requires a key: set {KEY}, or name another server with --base-url.")
        if not (key.isascii() and key.isprintable()):
            raise UsageError(f"{KEY} holds a character that no key has: set it to the key alone.")
        http = openai.DefaultHttpxClient(
            trust_env=not self._direct, event_hooks={"response": [_set_error_status]}
        )
        return openai.OpenAI(
            api_key=key or "none",
            base_url=self.base_url,
            timeout=self._timeout,
            max_retries=self._retries,
            http_client=http,
        )

    def complete(self, request: dict[str, Any], *, stream: bool = False) -> Completion:
        """Send a request, as often as it takes.

        Args:
            request (`dict`): the body of a chat completion: `model`, `messages` (each with `role` and
                `content`) and parameters such as `temperature`.
            stream (`bool`, *optional*, defaults to `False`): ask for a stream, where the server has
                nothing else.

        Raises:
            UnsupportedParameter: if the server does not accept a part that another format does without.
            RequestRejected: if it does not accept this request, and would not accept it again.
            RequestFailed: if it failed on this request; it may answer later.
            SubgoalError: if it fails altogether (`UsageError` for a wrong key, model, address or proxy).
        """
        client = self._openai
        import openai

        streamed = {"stream": True, "stream_options": {"include_usage": True}} if stream else {}
        # Not parameters of OpenAI's, so the client takes them as extras only.
        extra = {name: request[name] for name in ("chat_template_kwargs", *CONTINUATION) if name in request}
        body = {name: value for name, value in request.items() if name not in extra}
        try:
            # Streams too are read as a whole: some servers send one unasked.
            response = client.chat.completions.with_raw_response.create(**body, extra_body=extra | streamed)
        except openai.APIError as error:
            raise self._error(error, {**request, **streamed}) from None  # the original holds the key
        payload = read_payload(response.text)
        completion = read_completion(payload, request) if payload is not None else None
        if completion is None:
            line = f"{self.server} answered with something else than a chat completion"
            what = clip(_said(response.text[:2_000]), 80)
            raise self._counted(
                RequestFailed(f"{line} ({what}): is it an OpenAI-compatible server's address?")
            )
        with self._lock:
            self._failures = 0
        self._check_usage(completion, request)
        text, finish = _redacted(completion.text), _redacted(completion.finish_reason)
        return replace(completion, text=text, finish_reason=finish)

    def warn_once(self, kind: str, message: str) -> None:
        """Log a warning about the server, the first time that there is one of this kind."""
        with self._lock:
            if kind in self._warned:
                return
            self._warned.add(kind)
        _logger.warning("%s", message)

    def _check_usage(self, completion: Completion, request: dict[str, Any]) -> None:
        """Say so where tokens are estimated, or the server seems to have read a part of the prompt only."""
        if completion.estimated:
            line = f"{self.server} does not count all tokens: they are estimated, 4 characters a token."
            self.warn_once("estimated", line)
        expected = prompt_tokens(request)
        if expected >= _LONG_PROMPT and completion.prompt_tokens < _MIN_SHARE_READ * expected:
            self.warn_once(
                "truncated",
                f"{self.server} read {completion.prompt_tokens:,} tokens of a prompt of about {expected:,}: "
                "its context may be too short for the prompt (Ollama: OLLAMA_CONTEXT_LENGTH).",
            )

    def _error(self, error: "openai.APIError", request: dict[str, Any]) -> SubgoalError:
        """The error to raise in place of the client's."""
        import openai

        if isinstance(error, openai.APITimeoutError):
            return self._counted(RequestFailed(f"{self.server} did not answer within {self._timeout:g} s"))
        if not isinstance(error, openai.APIStatusError):
            why = clip(_redacted(str(error.__cause__ or error)), 100)
            return SubgoalError(
                f"Cannot reach {self.server}: start the server, or check --base-url ({why}); {KEEPS_ANSWERS}"
            )
        words = _said(error.response.text)
        return self._counted(classified(error.status_code, words, request, self._endpoint))

    def _counted(self, error: SubgoalError) -> SubgoalError:
        """The error, or the end of the run if no request was answered for long."""
        # Callers ask again in another format, or with a shorter prompt.
        if isinstance(error, UnsupportedParameter | ContextExceeded):
            return error
        with self._lock:
            self._failures += 1
            if self._failures < MAX_FAILURES or not isinstance(error, RequestFailed | RequestRejected):
                return error
        return SubgoalError(
            f"{self._failures} requests in a row failed, the last because {error}; {KEEPS_ANSWERS}"
        )


def _set_error_status(response: Any) -> None:
    """Give an error that came as a 200 the status it should have, so that openai retries and raises it."""
    if response.status_code == 200:
        response.read()
        if (payload := read_payload(response.text)) and (status := error_status(payload)):
            response.status_code = status


def _shown(base_url: str | None) -> str:
    """A server's address without credentials."""
    if not base_url:
        return "https://api.openai.com/v1"
    parts = urlsplit(base_url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/"), "", ""))


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


def _said(body: str) -> str:
    """What the body of an error says, without anything that looks like a key."""
    return _ANY_KEY.sub("[key]", _redacted(error_words(body)))


def _redacted(text: str) -> str:
    """The text without the key, and without lone surrogates, which no file can hold."""
    text = text.encode("utf-8", "replace").decode()
    key = _key()
    return text.replace(key, "[key]") if len(key) >= MIN_KEY_CHARS else text
