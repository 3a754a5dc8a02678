"""What a test's server answers: it knows the sub-goals of every path, and can spoil its answers."""

import hashlib
import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from dataset_builder.annotation.rules.annotator import RulesAnnotator
from dataset_builder.annotation.teacher.answers import render
from dataset_builder.annotation.teacher.messages import path_text, subgoal_runs
from dataset_builder.trajectories.subgoals import Segment
from dataset_builder.trajectories.trajectory import Trajectory
from tests.servers.openai_server import ChatRequest, Reply

KEY = "sk-a-key-that-must-not-be-seen"

Runs = list[tuple[str, list[str]]]
_NUMBERED = re.compile(r"^(\d+)\. ", re.MULTILINE)


class Oracle:
    """Finds the path that a request is about, and what a good teacher says of it.

    Args:
        trajectories (`Iterable[Trajectory]`): the paths it knows.
    """

    def __init__(self, trajectories: Iterable[Trajectory]) -> None:
        rules = RulesAnnotator()
        self.known: dict[str, tuple[Trajectory, Sequence[Segment]]] = {}
        for trajectory in trajectories:
            self.known[path_text(trajectory)] = (trajectory, rules.annotate(trajectory))

    def find(self, request: ChatRequest) -> tuple[Trajectory, Sequence[Segment]] | None:
        """The last path in a request, with its sub-goals; None where there is no path."""
        for message in reversed(request.messages):
            path = message["content"].partition("\nYour own first thought")[0]
            if message["role"] == "user" and path in self.known:
                return self.known[path]
        return None

    def runs(self, request: ChatRequest) -> Runs:
        """The good answer: to the whole path, or to the actions that were said to be missing."""
        found = self.find(request)
        assert found, request.messages[-1]
        trajectory, segments = found
        runs = subgoal_runs(trajectory, segments)
        last = request.messages[-1]["content"]
        if not last.startswith("These actions"):
            return runs
        missing = {int(number) - 1 for number in _NUMBERED.findall(last)}
        parts = [
            (str(part.subgoal), [trajectory.actions[i] for i in range(part.start, part.stop) if i in missing])
            for part in segments
        ]
        return [(name, actions) for name, actions in parts if actions]

    def __call__(self, request: ChatRequest) -> Reply:
        """Answer well."""
        if self.find(request) is None:
            return Reply("Thought: I would look for the thing first.\n\nThen I would act.")
        return Reply(write(request, self.runs(request)))


def write(request: ChatRequest, runs: Runs) -> str:
    """An answer in the form that was asked for."""
    form = "json_object" if "Answer with JSON" in request.messages[0]["content"] else "functional"
    return render(runs, form)


def prose(request: ChatRequest, runs: Runs) -> str:
    return "The agent first looks for what it needs (in the kitchen, say), and then it heats it. " * 3


def broken(request: ChatRequest, runs: Runs) -> str:
    return json.dumps({"segments": [{"subgoal": runs[0][0], "actions": runs[0][1]}]})[:-7]


def missing(request: ChatRequest, runs: Runs) -> str:
    """A third of the path is left out, in one piece."""
    flat = [(name, action) for name, actions in runs for action in actions]
    start, count = len(flat) // 3, max(2, len(flat) // 3)
    return write(request, [(name, [action]) for name, action in flat[:start] + flat[start + count :]])


def extra(request: ChatRequest, runs: Runs) -> str:
    return write(request, [(name, ["look around", *actions, "eat the moon"]) for name, actions in runs])


def reordered(request: ChatRequest, runs: Runs) -> str:
    """Two neighbouring sub-goals have changed places."""
    runs = list(runs)
    if len(runs) > 1:
        runs[0], runs[1] = runs[1], runs[0]
    return write(request, runs)


def invented(request: ChatRequest, runs: Runs) -> str:
    return write(request, [("dream(moon)", ["fly to the moon", "eat the moon", "sleep on it"]), *runs[:1]])


def unparsable(request: ChatRequest, runs: Runs) -> str:
    return write(request, [("go there and look", actions) for _, actions in runs])


SPOILERS: dict[str, Callable[[ChatRequest, Runs], str]] = {
    spoil.__name__: spoil for spoil in (prose, broken, missing, extra, reordered, invented, unparsable)
}
"""Ways to answer badly."""

FAILURES = {
    "limited": Reply(status=429, error="slow down", headers={"retry-after": "0.05"}),
    "failed": Reply(status=500, error="out of order", headers={"retry-after": "0.05"}),
    "late": Reply("too late", delay=8.0),
}
"""Ways not to answer."""


class Faulty:
    """Answers the first request about some paths badly, in all ways in turn, and the rest well.

    Args:
        oracle (`Oracle`): knows the good answers.
        share (`float`): of the paths, how many meet a fault.
        hopeless (`int`): every so many of those with faults never get an answer that fits.
        failures (`Iterable[str]`): names of `FAILURES` that belong to the ways.
    """

    def __init__(
        self, oracle: Oracle, share: float, hopeless: int = 12, failures: Iterable[str] = tuple(FAILURES)
    ) -> None:
        self.oracle = oracle
        self.share = share
        self.hopeless = hopeless
        self.ways = [*SPOILERS, *failures]
        self.met: Counter[str] = Counter()
        self.given_up: set[str] = set()
        self._seen: set[str] = set()
        self._lock = threading.Lock()

    def __call__(self, request: ChatRequest) -> Reply:
        found = self.oracle.find(request)
        if found is None:
            return self.oracle(request)
        name = path_text(found[0])
        luck = int(hashlib.sha256(name.encode()).hexdigest(), 16)
        if luck % 1000 >= self.share * 1000:
            return self.oracle(request)
        luck //= 1000
        if luck % self.hopeless == 0:
            self.given_up.add(name)
            self.met["hopeless"] += 1
            return Reply(prose(request, []))
        with self._lock:
            if name in self._seen:
                return self.oracle(request)
            self._seen.add(name)
        way = self.ways[luck // self.hopeless % len(self.ways)]
        self.met[way] += 1
        if way in FAILURES:
            return FAILURES[way]
        return Reply(SPOILERS[way](request, self.oracle.runs(request)))
