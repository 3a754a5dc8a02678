"""How a server is asked: the format it accepts is found by falling back, and kept for later runs."""

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
"""What vLLM and SGLang want for an unfinished last message; llama.cpp's server continues it unasked."""

Message = dict[str, str]
"""`role` (`system`, `user` or `assistant`) and `content`."""


@dataclass(frozen=True)
class Drawing:
    """How answers are drawn, where a request says it.

    Attributes:
        max_tokens: room for an answer.
        n: number of answers.
        temperature, top_p: of the samples; 0 is greedy.
        seed: of the samples.
        thinking: whether the model may reason first, for chat templates with that switch; None leaves it
            to the server.
        stop: texts at which an answer ends.
        continues: whether the last message is the unfinished beginning of the answer, which the model
            continues. Few servers can: see `dataset_builder.tool_agents.teacher.continuation`.

    Example:

    ```python
    >>> RequestFormat().drawing(Drawing(max_tokens=64, n=3, temperature=0.7))["n"]
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
    """How a server is asked.

    Attributes:
        form: form of the answer, one of `FORMS`.
        temperature: 0, or None where the server wants its own.
        system: whether it accepts the system role; if not, the user's first message holds that text too.
        stream: whether it has to be asked for a stream.
        max_tokens: room for an answer, where the server's own default cuts answers short.
        max_tokens_name: what the server calls that parameter.
        top_p, n, seed, thinking, stop: whether it accepts these parts of a `Drawing`.

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
            messages (`Sequence[dict]`): role and content of each.
            schema (`dict`, *optional*): JSON schema of the answer. None: plain text will do.
            max_tokens (`int`, *optional*): room for this answer, if not the format's.
        """
        messages = list(messages)
        body: dict[str, Any] = {"model": model, "messages": messages if self.system else folded(messages)}
        if self.temperature is not None:
            body["temperature"] = self.temperature
        if schema is not None and (wanted := response_format(self.form, schema)):
            body["response_format"] = wanted
        # Left out as long as the server's default does, so that completions of earlier runs are found.
        if room := max_tokens or self.max_tokens:
            body[self.max_tokens_name] = room
        return body

    def drawing(self, drawing: Drawing) -> dict[str, Any]:
        """The parts of a body for a drawing, as far as the server accepts them."""
        body: dict[str, Any] = {}
        if drawing.temperature and self.temperature is not None:
            body["temperature"] = drawing.temperature
            body |= {"top_p": drawing.top_p} if self.top_p else {}
            body |= {"seed": drawing.seed} if self.seed and drawing.seed is not None else {}
        if drawing.n > 1 and self.n:
            body["n"] = drawing.n
        if drawing.thinking is not None and self.thinking:
            body["chat_template_kwargs"] = {"enable_thinking": drawing.thinking}
        if drawing.stop and self.stop:
            body["stop"] = list(drawing.stop)
        if drawing.continues:
            body |= CONTINUATION
        return body


class FormatFallback:
    """The request format of one model at one server; what it refuses is dropped, part by part.

    Args:
        store (`JsonlStore`): keeps it, so that a resumed run asks as the first one did.
        server (`str`): its address.
        model (`str`): its model.

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
                return  # another thread was told the same
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
        """Answers need to be asked for with so much room: the server's default cuts them short."""
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
    """The `response_format` of a request for this form; None for plain text."""
    if form == "functional":
        return None
    if form == "json_object":
        return {"type": "json_object"}
    return {
        "type": "json_schema",
        "json_schema": {"name": "annotation", "strict": True, "schema": schema},
    }
