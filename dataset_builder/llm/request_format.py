"""What a server accepts: found out by asking, kept for later runs."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from dataset_builder.common.errors import SubgoalError
from dataset_builder.common.jsonl_store import JsonlStore
from dataset_builder.llm.completion_cache import TERMS

FORMS = ("json_schema", "json_object", "functional")
"""Forms of an answer, best first: JSON by a schema the server enforces, JSON, the paper's numbered list."""

PATIENCE = 3
"""Answers without any JSON after which a server is not asked for it again, unless one had it."""


class UnsupportedParameter(SubgoalError):
    """The server refuses a part of the request: `form` or `temperature`."""

    def __init__(self, part: str) -> None:
        super().__init__(f"The server refuses the request's {part}.")
        self.part = part


@dataclass(frozen=True)
class RequestFormat:
    """How a server is asked.

    Attributes:
        form: form of the answer, one of `FORMS`.
        temperature: 0, or None where the server wants its own.
    """

    form: str = FORMS[0]
    temperature: float | None = 0.0

    def request(
        self, model: str, messages: Sequence[dict[str, str]], schema: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """The body of a request on these terms.

        Args:
            model (`str`): the server's name of the model.
            messages (`Sequence[dict]`): role and content of each.
            schema (`dict`, *optional*): JSON schema of the answer. None: plain text will do.
        """
        body: dict[str, Any] = {"model": model, "messages": list(messages)}
        if self.temperature is not None:
            body["temperature"] = self.temperature
        if schema is not None and (wanted := response_format(self.form, schema)):
            body["response_format"] = wanted
        return body


class FormatNegotiation:
    """The request format of one model at one server; what it refuses is given up, step by step.

    Args:
        store (`JsonlStore`): keeps them, so that a resumed run asks as the first one did.
        server (`str`): its address.
        model (`str`): its model.
    """

    def __init__(self, store: JsonlStore, server: str, model: str) -> None:
        self._store = store
        self._key = (TERMS, server, model)
        self._lock = threading.Lock()
        self._without_json = 0
        self._settled = False
        self.terms = RequestFormat()
        if self._key in store:
            kept = store[self._key]
            self.terms = RequestFormat(kept["form"], kept["temperature"])

    def refused(self, part: str, terms: RequestFormat) -> None:
        """The server refused this part of these terms."""
        with self._lock:
            if terms != self.terms:
                return  # another thread was told the same
            if part == "form":
                self._next_form()
            else:
                self._keep(replace(self.terms, temperature=None))

    def answered(self, terms: RequestFormat, has_json: bool) -> None:
        """The server accepted these terms; some then ignore what form was asked for."""
        with self._lock:
            if terms != self.terms or terms.form == FORMS[-1] or self._settled:
                return
            self._settled = has_json
            self._without_json += not has_json
            if self._without_json >= PATIENCE:
                self._next_form()

    def _next_form(self) -> None:
        self._without_json = 0
        self._keep(replace(self.terms, form=FORMS[FORMS.index(self.terms.form) + 1]))

    def _keep(self, terms: RequestFormat) -> None:
        self.terms = terms
        self._store.append(self._key, {"form": terms.form, "temperature": terms.temperature})


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
