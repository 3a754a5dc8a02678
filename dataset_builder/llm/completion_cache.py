"""A store of completions: each is written before it is used, so that no request is paid for twice."""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from dataset_builder.common.jsonl_store import JsonlStore
from dataset_builder.llm.reasoning import without_reasoning

TERMS = "terms"
"""First part of the keys that hold a server's request format, not a completion."""


@dataclass(frozen=True)
class Completion:
    """A server's answer.

    Attributes:
        text: the generated text, with the reasoning if the server does not separate it.
        finish_reason: `stop`, `length`, `content_filter`, or the server's own word.
        prompt_tokens: number of tokens of the prompt.
        completion_tokens: number of generated tokens.
        estimated: whether the numbers are estimates, because the server did not report them.
        reasoning_chars: number of characters of reasoning that the server returned beside the text.
        alternatives: the other answers if `n` were requested; `completion_tokens` counts all of them.

    Example:

    ```python
    >>> completion = Completion("<think>Is it hot?</think>Yes", "stop", prompt_tokens=12, completion_tokens=9)
    >>> completion.answer, completion.fault
    ('Yes', '')
    ```
    """

    text: str
    finish_reason: str
    prompt_tokens: int
    completion_tokens: int
    estimated: bool = False
    reasoning_chars: int = 0
    alternatives: tuple[str, ...] = ()

    @property
    def answers(self) -> list[str]:
        """All answers, without reasoning."""
        return [self.answer, *map(without_reasoning, self.alternatives)]

    @cached_property
    def answer(self) -> str:
        """The text without reasoning."""
        return without_reasoning(self.text)

    @property
    def fault(self) -> str:
        """What is wrong with the answer as a whole, `""` if it is complete and not empty."""
        if self.finish_reason == "length":
            cut = f"it was cut after {self.completion_tokens:,} tokens"
            return cut if self.answer else f"{cut}, before an answer began"
        if self.answer:
            return ""
        if self.text.strip():
            return "it is reasoning without an answer"
        if self.reasoning_chars:
            return f"it is empty beside {self.reasoning_chars:,} characters of reasoning"
        return "it is empty"


def request_digest(request: dict[str, Any], attempt: int = 0) -> str:
    """The key of a request in the cache: 32 hexadecimal digits, of its body and the number of the attempt."""
    body = json.dumps(request, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(f"{attempt}\n{body}".encode()).hexdigest()[:32]


class CompletionCache:
    """The completions of a corpus or run folder, in `completions.jsonl`. Safe to use from threads.

    Args:
        folder (`str` or `Path`): the folder.

    Example:

    ```python
    >>> cache = CompletionCache("corpus")
    >>> request = {"model": "qwen3", "messages": [{"role": "user", "content": "Hello"}]}
    >>> ask_server = lambda: Completion("Good morning", "stop", prompt_tokens=9, completion_tokens=3)
    >>> cache.fetch(request_digest(request), ask_server, {"purpose": "greeting"}).answer
    'Good morning'
    ```
    """

    def __init__(self, folder: str | Path) -> None:
        self.store = JsonlStore(Path(folder) / "completions.jsonl")
        self._guard = threading.Lock()
        self._in_flight: dict[str, threading.Lock] = {}

    def fetch(self, digest: str, ask: Callable[[], Completion], about: dict[str, Any]) -> Completion:
        """The stored completion of a request, or a new one, stored before it is returned.

        Two threads with the same request share one call.

        Args:
            digest (`str`): the request's.
            ask (`Callable`): makes the call.
            about (`dict[str, Any]`): JSON values that are stored with it, such as `annotator` and `task`.
        """
        with self._guard:
            lock = self._in_flight.setdefault(digest, threading.Lock())
        with lock:
            if digest not in self:
                self.store.append((digest,), {**about, **asdict(ask())})
        return self._completion(digest)

    def get(self, digest: str) -> Completion | None:
        """The stored completion of a request, if there is one."""
        return self._completion(digest) if digest in self else None

    def __contains__(self, digest: str) -> bool:
        return (digest,) in self.store

    def records(self, annotator: str) -> Iterator[dict[str, Any]]:
        """The records of an annotator: the fields of `Completion` and those of `about` in `fetch`."""
        return (record for record in self.store if record.get("annotator") == annotator)

    def _completion(self, digest: str) -> Completion:
        record = self.store[(digest,)]
        # Records of earlier releases lack the newer fields.
        kept = {field.name: record[field.name] for field in fields(Completion) if field.name in record}
        return Completion(**kept | {"alternatives": tuple(kept.get("alternatives", ()))})
