"""Every completion that was paid for, kept before it is used, so that none is paid for twice."""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dataset_builder.common.jsonl_store import JsonlStore

TERMS = "terms"
"""First part of the keys that hold what a server accepts, not a completion."""


@dataclass(frozen=True)
class Completion:
    """A server's answer.

    Attributes:
        text: what it says.
        finish_reason: as the server names it, such as `stop` or `length`.
        prompt_tokens: tokens read.
        completion_tokens: tokens written.
        estimated: whether the tokens were estimated, because the server did not count them.
    """

    text: str
    finish_reason: str
    prompt_tokens: int
    completion_tokens: int
    estimated: bool = False

    @property
    def tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens


def request_digest(request: dict[str, Any], attempt: int = 0) -> str:
    """What makes a request one of a kind: all of its body, and which attempt it belongs to."""
    body = json.dumps(request, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(f"{attempt}\n{body}".encode()).hexdigest()[:32]


class Ledger:
    """The completions of a corpus folder, in `completions.jsonl`. Safe to use from threads.

    Args:
        folder (`str` or `Path`): the corpus folder.
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
            about (`dict`): what to note beside it, such as `annotator` and `task`.
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
        """What was paid for an annotator."""
        return (record for record in self.store if record.get("annotator") == annotator)

    def _completion(self, digest: str) -> Completion:
        record = self.store[(digest,)]
        return Completion(**{name: record[name] for name in Completion.__dataclass_fields__})
