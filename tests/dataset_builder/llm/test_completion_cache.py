"""What was paid for is kept before it is used, and used ever after."""

import threading
from pathlib import Path

import pytest

from dataset_builder.common.errors import SubgoalError
from dataset_builder.llm.completion_cache import Completion, CompletionCache, request_digest

ANSWER = Completion("hello", "stop", 12, 3)
ABOUT = {"annotator": "llm-teacher", "task": "boil"}


def test_a_completion_is_requested_once(tmp_path: Path) -> None:
    asked: list[int] = []

    def ask() -> Completion:
        asked.append(1)
        return ANSWER

    for _ in range(2):
        assert CompletionCache(tmp_path).fetch("digest", ask, ABOUT) == ANSWER
    assert len(asked) == 1
    (record,) = CompletionCache(tmp_path).records("llm-teacher")
    assert (record["task"], record["text"], record["prompt_tokens"]) == ("boil", "hello", 12)
    assert list(CompletionCache(tmp_path).records("llm-other")) == []


def test_threads_with_the_same_request_share_a_call(tmp_path: Path) -> None:
    ledger = CompletionCache(tmp_path)
    asked: list[int] = []
    begun, go_on = threading.Event(), threading.Event()

    def ask() -> Completion:
        asked.append(1)
        begun.set()
        assert go_on.wait(20)
        return ANSWER

    threads = [threading.Thread(target=ledger.fetch, args=("digest", ask, ABOUT)) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert begun.wait(20)
    go_on.set()
    for thread in threads:
        thread.join(20)
    assert len(asked) == 1


def test_a_failed_call_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> Completion:
        raise SubgoalError("out of order")

    ledger = CompletionCache(tmp_path)
    with pytest.raises(SubgoalError):
        ledger.fetch("digest", fail, ABOUT)
    assert "digest" not in ledger
    assert ledger.get("digest") is None
    assert ledger.fetch("digest", lambda: ANSWER, ABOUT) == ANSWER


def test_digests_differ_by_request_and_attempt() -> None:
    body = {"model": "teacher", "messages": [{"role": "user", "content": "hello"}]}
    assert request_digest(body) == request_digest(dict(reversed(body.items())))
    assert len({request_digest(body), request_digest(body, 1), request_digest(body | {"model": "x"})}) == 3
