"""The request format of a server: found by fallback, and stored for later runs."""

import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from dataset_builder.common.jsonl_store import JsonlStore
from dataset_builder.llm.completion_cache import TERMS

FORMS = ("json_schema", "json_object", "functional")
"""Forms of an answer, best first: JSON by a schema the server enforces, JSON, the paper's numbered list."""

MAX_ANSWERS_WITHOUT_JSON = 3
"""Answers without any JSON after which a server is not asked for it again, unless one had it."""

_ALTERNATIVES: dict[str, dict[str, Any]] = {
    "temperature": {"temperature": None},
    "system": {"system": False},
    "stream": {"stream": True},
    "max_tokens": {"max_tokens_name": "max_completion_tokens"},
    "top_p": {"top_p": False},
    "n": {"n": False},
    "seed": {"seed": False},
    "thinking": {"thinking": False},
    "stop": {"stop": False},
}
CONTINUATION = {"continue_final_message": True, "add_generation_prompt": False}
"""Parameters with which vLLM and SGLang continue the last message; llama.cpp's server needs none."""

Message = dict[str, str]
"""`role` (`system`, `user` or `assistant`) and `content`."""


@dataclass(frozen=True)
class SamplingParams:
    """Sampling parameters of a request.

    Attributes:
        max_tokens: maximum number of tokens of an answer.
        n: number of answers.
        temperature, top_p: as in transformers' `GenerationConfig`; temperature 0 is greedy decoding.
        seed: random seed; None leaves it to the server.
        thinking: whether the model may reason first, for chat templates with that switch; None leaves it
            to the server.
        stop: texts at which an answer ends.
        continues: whether the last message is the unfinished beginning of the answer, which the model
            continues. Few servers can: see `dataset_builder.tool_agents.teacher.continuation`.

    Example:

    ```python
    >>> RequestFormat().sampling(SamplingParams(max_tokens=64, n=3, temperature=0.7))["n"]
    3
    ```
    """

    max_tokens: int
    n: int = 1
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int | None = None
    thinking: bool | None = None
    stop: tuple[str, ...] = ()
    continues: bool = False


@dataclass(frozen=True)
class RequestFormat:
    """The form of requests that a server accepts.

    Attributes:
        form: form of the answer, one of `FORMS`.
        temperature: 0, or None if the server accepts only its own default.
        system: whether it accepts the system role; if not, the first user message begins with that text.
        stream: whether it answers only as a stream.
        max_tokens: maximum number of tokens of an answer, if the server's default cuts answers short.
        max_tokens_name: the server's name of that parameter.
        top_p, n, seed, thinking, stop: whether it accepts these parts of a `SamplingParams`.

    Example:

    ```python
    >>> format = RequestFormat(temperature=None, max_tokens=64)
    >>> format.request("qwen3", [{"role": "user", "content": "Hello"}])
    {'model': 'qwen3', 'messages': [{'role': 'user', 'content': 'Hello'}], 'max_tokens': 64}
    ```
    """

    form: str = FORMS[0]
    temperature: float | None = 0.0
    system: bool = True
    stream: bool = False
    max_tokens: int | None = None
    max_tokens_name: str = "max_tokens"
    top_p: bool = True
    n: bool = True
    seed: bool = True
    thinking: bool = True
    stop: bool = True

    def request(
        self,
        model: str,
        messages: Sequence[Message],
        schema: dict[str, Any] | None = None,
        max_tokens: int | None = None,
    ) -> dict[str, Any]:
        """The body of a request in this format.

        Args:
            model (`str`): the server's name of the model.
            messages (`Sequence[dict[str, str]]`): `role` and `content` of each.
            schema (`dict[str, Any]`, *optional*): JSON schema of the answer; None for plain text.
            max_tokens (`int`, *optional*): replaces the format's own limit.
        """
        messages = list(messages)
        body: dict[str, Any] = {"model": model, "messages": messages if self.system else folded(messages)}
        if self.temperature is not None:
            body["temperature"] = self.temperature
        if schema is not None and (wanted := response_format(self.form, schema)):
            body["response_format"] = wanted
        # Omitted if the server's default suffices, so that completions of earlier runs are found.
        if room := max_tokens or self.max_tokens:
            body[self.max_tokens_name] = room
        return body

    def sampling(self, sampling: SamplingParams) -> dict[str, Any]:
        """The sampling parameters of a body, those that the server accepts."""
        body: dict[str, Any] = {}
        if sampling.temperature and self.temperature is not None:
            body["temperature"] = sampling.temperature
            body |= {"top_p": sampling.top_p} if self.top_p else {}
            body |= {"seed": sampling.seed} if self.seed and sampling.seed is not None else {}
        if sampling.n > 1 and self.n:
            body["n"] = sampling.n
        if sampling.thinking is not None and self.thinking:
            body["chat_template_kwargs"] = {"enable_thinking": sampling.thinking}
        if sampling.stop and self.stop:
            body["stop"] = list(sampling.stop)
        if sampling.continues:
            body |= CONTINUATION
        return body


class FormatFallback:
    """The request format of a model at a server. Parts that the server refuses are dropped one by one.

    Args:
        store (`JsonlStore`): stores the format, so that a resumed run uses the same one.
        server (`str`): address of the server.
        model (`str`): the server's name of the model.

    Example:

    ```python
    >>> store = JsonlStore("completions.jsonl")
    >>> fallback = FormatFallback(store, "http://127.0.0.1:8000/v1", "qwen3")
    >>> fallback.refused("system", asked=fallback.format)
    >>> fallback.format.system
    False
    ```
    """

    def __init__(self, store: JsonlStore, server: str, model: str) -> None:
        self._store = store
        self._key = (TERMS, server, model)
        self._lock = threading.Lock()
        self._without_json = 0
        self._has_json = False
        self.format = RequestFormat()
        if self._key in store:
            record = store[self._key]
            self.format = RequestFormat(
                **{f.name: record[f.name] for f in fields(RequestFormat) if f.name in record}
            )

    def refused(self, part: str, asked: RequestFormat) -> None:
        """The server refused this part of this format; see `UnsupportedParameter`."""
        with self._lock:
            if asked != self.format:
                return  # another thread has already changed the format
            if part == "form":
                self._next_form()
            else:
                self._keep(replace(self.format, **_ALTERNATIVES[part]))

    def answered(self, asked: RequestFormat, has_json: bool) -> None:
        """The server accepted this format; some then ignore what form was asked for."""
        with self._lock:
            if asked != self.format or asked.form == FORMS[-1] or self._has_json:
                return
            self._has_json = has_json
            self._without_json += not has_json
            if self._without_json >= MAX_ANSWERS_WITHOUT_JSON:
                self._next_form()

    def needs_room(self, max_tokens: int) -> None:
        """Ask for answers of up to `max_tokens` tokens: the server's default cuts them short."""
        with self._lock:
            if max_tokens > (self.format.max_tokens or 0):
                self._keep(replace(self.format, max_tokens=max_tokens))

    def _next_form(self) -> None:
        self._without_json = 0
        self._keep(replace(self.format, form=FORMS[FORMS.index(self.format.form) + 1]))

    def _keep(self, format: RequestFormat) -> None:
        self.format = format
        self._store.append(self._key, asdict(format))


def folded(messages: list[Message]) -> list[Message]:
    """The messages without a system role: its text begins the first message of the user."""
    if len(messages) < 2 or messages[0]["role"] != "system":
        return messages
    system, first, *rest = messages
    return [{**first, "content": f"{system['content']}\n\n{first['content']}"}, *rest]


def response_format(form: str, schema: dict[str, Any]) -> dict[str, Any] | None:
    """The `response_format` of a request for this form; None for plain text.

    Args:
        form (`str`): one of `FORMS`.
        schema (`dict[str, Any]`): JSON schema of the answer.

    Returns:
        `dict[str, Any]`, *optional*: its `type`, and for `json_schema` the schema under that key.
    """
    if form == "functional":
        return None
    if form == "json_object":
        return {"type": "json_object"}
    return {
        "type": "json_schema",
        "json_schema": {"name": "annotation", "strict": True, "schema": schema},
    }
