"""What a test's server answers to agents that play: from the expert's path, from noise, from faults."""

import hashlib
import random
import re
from collections.abc import Iterable, Mapping, Sequence

from dataset_builder.simulator.simulator import Simulator
from tests.eval_harness.conftest import PATHS
from tests.servers.openai_server import ChatRequest, Reply

TASKS = "find-animal,lifespan-longest-lived"
"""Four episodes of the protocol `mini`, all of them short."""

_TOLD_APART = ("wolf", "frog egg", "crocodile egg", "giant tortoise egg")  # one per variation
_WORDS = ("blorp", "zug", "quimby", "xanth", "frobnicate", "snark")


def descriptions(simulator: Simulator, keys: Iterable[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """The task's text of each variation, in one line."""
    found = {}
    for task, variation in keys:
        episode = simulator.episode()
        episode.load(task, variation)
        found[task, variation] = " ".join(episode.task_description().split())
        episode.close()
    return found


class Expert:
    """Knows the way through each variation, and answers whatever it is asked in the form asked for.

    Args:
        texts (`Mapping`): (task, variation) → the task's text.
        wrong_trials (`int`): trials of reflexion that it plays badly first.
        paths (`Mapping`): (task, variation) → actions.
    """

    def __init__(
        self,
        texts: Mapping[tuple[str, int], str],
        wrong_trials: int = 0,
        paths: Mapping[tuple[str, int], Sequence[str]] = PATHS,
    ) -> None:
        self._texts = texts
        self._wrong_trials = wrong_trials
        self._paths = paths

    def way(self, request: ChatRequest) -> Sequence[str]:
        """The rest of the path of the game that a request shows."""
        game = request.messages[-1]["content"].rpartition("## Your game")[2]
        task = re.search(r"^Task: (.+)$", game, re.MULTILINE)
        assert task
        paths = [path for key, path in self._paths.items() if self._texts.get(key) == task.group(1)]
        assert paths, task.group(1)
        played = re.findall(r"^Action: (.+)$", game, re.MULTILINE)
        seen = tuple(name for name in _TOLD_APART if name in game)
        here = [path for path in paths if path[1].endswith(seen)] if seen and len(paths) > 1 else []
        if not here and len(paths) > 1:
            return [action for action in paths[0][:1] if action not in played]  # not yet seen which it is
        path = (here or paths)[0]
        done = 0
        for action in played:  # others than the path's may come between
            done += done < len(path) and _alike(action, path[done])
        return path[done:]

    def __call__(self, request: ChatRequest) -> Reply:
        system, user = (message["content"] for message in request.messages)
        if "You failed at this task" in system:
            return Reply("I wandered about. Next time I go to the animals at once.")
        if user.count("What you learnt in trial") < self._wrong_trials:
            return Reply("Thought: where am I?\nAction: look around")
        way = self.way(request)
        following = way[0] if way else "wait1"
        if "answer these questions" in system:
            return Reply("1. The animals are outside.\n2. None is seen.\n3. Go there, focus.\n4. No.\n5. No.")
        if "Turn the next part of the plan" in system:
            return Reply("\n".join(f"{number}. {action}" for number, action in enumerate(way, 1)))
        if "in each turn propose" in system.lower():
            return Reply(f"1. {following}\n2. look around\n3. teleport to the moon")
        return Reply(f"Thought: {following} comes next.\nAction: {following}")


def _alike(played: str, meant: str) -> bool:
    """Whether an action is the path's in other words, as the list of valid actions has them.

    It says `anode in battery` for `battery anode`, and `block` for `wood block`.
    """
    one, other = (set(action.lower().split()) - {"in"} for action in (played, meant))
    return one <= other or other <= one


def noise(request: ChatRequest) -> Reply:
    """Words that no game knows, in the form of an answer; the same question gets the same words."""
    seed = hashlib.sha256(request.messages[-1]["content"].encode()).hexdigest()
    dice = random.Random(seed)
    lines = [" ".join(dice.choices(_WORDS, k=3)) for _ in range(4)]
    if "Thought: what you know" in request.messages[0]["content"]:
        return Reply(f"Thought: {lines[0]}\nAction: {lines[1]}")
    return Reply("\n".join(lines))


FAULTS = (
    Reply(""),
    Reply("I am a helpful assistant.\nI cannot play games.\nWhat else can I do for you?"),
    Reply('{"action": "teleport to outs'),
    Reply("Action:"),
    Reply("Thought: hm\n" * 50),
    Reply("Sub-goal: go(there, (now)"),
    Reply("x" * 5000),
)
"""Answers that are no answers."""


def faults(request: ChatRequest) -> Reply:
    """All of `FAULTS` in turn."""
    return FAULTS[request.number % len(FAULTS)]
