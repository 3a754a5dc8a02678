"""300 requests to a server that does whatever servers do: each path ends annotated, or by its true reason."""

import json
import random
import re
import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dataset_builder.annotation.annotate_corpus import annotate
from dataset_builder.annotation.annotators import CheckedAnnotator
from dataset_builder.annotation.rules.annotator import RulesAnnotator
from dataset_builder.annotation.teacher.annotator import llm_annotator
from dataset_builder.llm.completion_cache import CompletionCache
from dataset_builder.trajectories.corpus import annotation_store, quarantine_store
from dataset_builder.trajectories.trajectory import Trajectory
from tests.dataset_builder.annotation.teacher.oracle import Oracle
from tests.dataset_builder.annotation.teacher.test_scale import many
from tests.dataset_builder.annotation.teacher.test_server_quirks import (
    ANSWERS,
    PASSING,
    REFUSED_FORMATS,
    REFUSED_SYSTEM_ROLES,
    body,
)
from tests.servers.openai_server import ChatRequest, OpenAIServer, Reply

SEED = 20
NAME = "llm-teacher"
COUNTED = {"prompt_tokens": 1500, "completion_tokens": 9}
HOPELESS: dict[str, tuple[Reply, str]] = {
    "filtered": (
        Reply("I must not.", finish="content_filter", usage=COUNTED),
        "the server filtered the answer",
    ),
    "cut": (
        Reply("<think>Hm", finish="length", usage={"prompt_tokens": 1500, "completion_tokens": 9000}),
        "cut after 9,000 tokens, before an answer began",
    ),
    "empty": (Reply("", reasoning="Hm.", usage=COUNTED), "it is empty beside 3 characters of reasoning"),
    "flagged": (body({"error": {"message": "Your input was flagged"}}, 403), "403: Your input was flagged"),
}
FORMS = [*ANSWERS, "cut first", "zeros", "missing"]


class QuirkyServer:
    """Refuses schemas and the system role; each path has failures that pass, and an end of its own.

    Attributes:
        ends: what the path comes to: a form of the answer, or one of `HOPELESS`.
        met: how often each quirk was met.
        paid: bodies of the requests that got a completion, and tokens that came with it, if any.
    """

    def __init__(self, trajectories: Iterable[Trajectory]) -> None:
        self.oracle = Oracle(trajectories)
        self.ends: dict[Any, str] = {}
        self.met: Counter[str] = Counter()
        self.paid: list[tuple[str, tuple[int, int] | None]] = []
        self._failures: dict[Any, list[str]] = {}
        self._lock = threading.Lock()
        for trajectory, _ in self.oracle.known.values():
            dice = random.Random(f"{SEED} {trajectory.key}")
            self._failures[trajectory.key] = dice.sample(list(PASSING), dice.choice((0, 1, 1, 2)))
            self.ends[trajectory.key] = dice.choice(list(HOPELESS) if dice.random() < 0.15 else FORMS)

    def __call__(self, request: ChatRequest) -> Reply:
        with self._lock:
            if request.wanted == "json_schema":
                return self._met("format refused", REFUSED_FORMATS["LM Studio"])
            if request.messages[0]["role"] == "system":
                return self._met("system role refused", REFUSED_SYSTEM_ROLES["vLLM"])
            found = self.oracle.find(request)
            assert found
            if failures := self._failures[found[0].key]:
                kind = failures.pop()
                return self._met(kind, replace(PASSING[kind], headers={"retry-after": "0.01"}))
            end = self.ends[found[0].key]
            reply = self._met(end, self._answer(end, request))
            if reply.status == 200:
                self.paid.append((json.dumps(request.body), _counted(reply)))
            return reply

    def _met(self, kind: str, reply: Reply) -> Reply:
        self.met[kind] += 1
        return reply

    def _answer(self, end: str, request: ChatRequest) -> Reply:
        if end in HOPELESS:
            return HOPELESS[end][0]
        good = self.oracle(request)
        usage = {"prompt_tokens": 1200 + len(self.paid), "completion_tokens": 90}
        if end == "cut first":
            cut = replace(good, text=good.text[:30], finish="length", usage=usage)
            return replace(good, usage=usage) if request.body.get("max_tokens") else cut
        if end in ("zeros", "missing"):
            return replace(good, usage=dict.fromkeys(usage, 0) if end == "zeros" else None, counted=False)
        made = ANSWERS[end](good)
        return made if made.raw or not made.counted else replace(made, usage=usage)


def _counted(reply: Reply) -> tuple[int, int] | None:
    """Tokens that a reply counts."""
    usage = json.loads(reply.raw)["usage"] if reply.raw else reply.usage or {}
    read, written = usage.get("prompt_tokens", 0), usage.get("completion_tokens", 0)
    return (read, written) if read and written else None


def test_three_hundred_requests(
    recorded: list[Trajectory], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Two forms of one trajectory may have the same text, by which the server tells them apart.
    trajectories = [
        replace(path, description=f"{path.description} [{number}]")
        for number, path in enumerate(many(recorded, 160))
    ]
    quirks = QuirkyServer(trajectories)
    with OpenAIServer(quirks) as server:
        teacher = llm_annotator(tmp_path, "teacher", server.base_url, retries=4, repairs=1)
        annotate(tmp_path, CheckedAnnotator(teacher), trajectories, concurrency=8)
        asked = len(server.requests)
        annotate(tmp_path, CheckedAnnotator(teacher), trajectories, concurrency=8)
        assert len(server.requests) == asked >= 300  # all are done
    done, given_up = annotation_store(tmp_path, NAME), quarantine_store(tmp_path, NAME)
    rules = RulesAnnotator()
    for trajectory in trajectories:
        end = quirks.ends[trajectory.key]
        if end in HOPELESS:
            assert re.search(HOPELESS[end][1], given_up[trajectory.key]["reason"])
        else:
            segments = [[str(part.subgoal), part.start, part.stop] for part in rules.annotate(trajectory)]
            assert done[trajectory.key]["segments"] == segments
    assert len(done) + len(given_up) == len(trajectories)
    records = list(CompletionCache(tmp_path).records(NAME))
    bodies = [request for request, _ in quirks.paid]
    assert len(records) == len(bodies) == len(set(bodies))  # each request was paid for once
    counted = sorted(tokens for _, tokens in quirks.paid if tokens)
    kept = sorted((r["prompt_tokens"], r["completion_tokens"]) for r in records if not r["estimated"])
    assert kept == counted
    assert all(r["prompt_tokens"] > 0 for r in records)
    assert teacher.budget.spent == sum(r["prompt_tokens"] + r["completion_tokens"] for r in records)
    ends = Counter(end for end in quirks.ends.values() if end in HOPELESS)
    with capsys.disabled():
        print(
            f"\n{asked} requests, {len(quirks.met)} quirks, {len(records)} completions "
            f"({len(records) - len(kept)} with estimated tokens), {teacher.budget.spent:,} tokens; "
            f"{len(done)} annotated, {len(given_up)} quarantined {dict(ends)}"
        )
