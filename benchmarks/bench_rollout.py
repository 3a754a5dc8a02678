"""Episodes per hour of our harness and of the field's loop: one run, one pair, the same episodes.

    python -m benchmarks.bench_rollout [--controller release/controller] [--executor release/executor]

The reference (`benchmarks.reference_loop`) plays one episode at a time with transformers, once
with 5 beams for both models at every step, as the field does, and once greedily. Our harness plays the
same episodes with the same beams, and greedily. Before, each plays validation episodes untimed, so that
Java has compiled what it runs often. Where two ways differ in a decision, the episode goes on otherwise:
the rate per decision is the fairer one. The field's answers are free: `--free` for all ways.
"""

import os
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack, closing
from functools import wraps
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import track
from scienceworld import ScienceWorldEnv

from benchmarks.reference_loop import play
from dataset_builder.common.console import row_table
from dataset_builder.simulator.simulator import Episode, Simulator
from eval_harness.episodes.game import Game
from eval_harness.protocols.protocol import EpisodeKey, Protocol, load_protocol
from eval_harness.rollout import rollout
from modeling.agents.learned import SubgoalAgent
from modeling.inference.ctranslate2_backend import CTranslate2Backend
from modeling.inference.transformers_backend import TransformersBackend

TASKS = (
    "use-thermometer,find-animal,find-plant,lifespan-longest-lived,power-component,"
    "chemistry-mix-paint-secondary-color,identify-life-stages-2,inclined-plane-determine-angle"
)
BEAMS = 5
WARM_UP = 2
"""Validation episodes per task."""
_MODELS = ("_greedy", "_search", "answer")


class Way:
    """A way of playing: its results, and the seconds it took."""

    def __init__(self, name: str, play: Callable[[list[EpisodeKey]], dict[EpisodeKey, list[str]]]) -> None:
        self.name, self.play = name, play
        self.actions: dict[EpisodeKey, list[str]] = {}
        self.seconds = 0.0

    def run(self, units: list[EpisodeKey]) -> None:
        """Play some episodes."""
        start = time.perf_counter()
        self.actions |= self.play(units)
        self.seconds += time.perf_counter() - start

    @property
    def decisions(self) -> int:
        return sum(map(len, self.actions.values()))

    @property
    def episodes_per_hour(self) -> float:
        return 3600 * len(self.actions) / self.seconds

    @property
    def decisions_per_second(self) -> float:
        return self.decisions / self.seconds

    def row(self, field: "Way", alike: "Way") -> dict[str, str]:
        """A line of the table; ratios to the field's loop, and to the loop with the same search."""
        episodes, decisions = self.episodes_per_hour, self.decisions_per_second
        same = sum(self.actions[unit] == alike.actions[unit] for unit in self.actions)
        return {
            "way": self.name,
            "episodes/h": f"{episodes:,.0f}",
            "decisions/s": f"{decisions:.1f}",
            "to the field's": f"{episodes / field.episodes_per_hour:.1f}",
            "by decisions": f"{decisions / field.decisions_per_second:.1f}",
            "to the same search's": f"{episodes / alike.episodes_per_hour:.1f}",
            "by decisions ": f"{decisions / alike.decisions_per_second:.1f}",
            "same episodes": f"{same} of {len(self.actions)}",
        }


def reference(stack: ExitStack, pair: list[str], protocol: Protocol, search: dict[str, Any]) -> Way:
    """The field's loop."""
    env = stack.enter_context(closing(ScienceWorldEnv()))
    agent = SubgoalAgent.from_pretrained(*pair, backend="transformers", **search)

    def run(units: list[EpisodeKey]) -> dict[EpisodeKey, list[str]]:
        return {unit: play(env, agent, protocol, unit).actions for unit in units}

    return Way(f"reference loop, {_search(search['num_beams'])}", run)


def ours(
    stack: ExitStack,
    pair: list[str],
    protocol: Protocol,
    search: dict[str, Any],
    batch: int,
    backend: str = "auto",
) -> Way:
    """Our harness."""
    simulator = stack.enter_context(Simulator())
    simulator.episode().load("boil", 0)  # starts Java, which is not what is measured
    agent = SubgoalAgent.from_pretrained(*pair, backend=backend, **search)

    def run(units: list[EpisodeKey]) -> dict[EpisodeKey, list[str]]:
        episodes = rollout.Rollout(agent, protocol, simulator, batch).run(units)
        return {episode.key: episode.actions for episode in episodes}

    bits = ", 8 bits" if backend == "ctranslate2-int8" else ""
    return Way(f"harness, {_search(search['num_beams'])}{bits}", run)


def _decoding(beams: int, grounded: bool) -> dict[str, Any]:
    """The best of the beams at every step, and nothing against loops, of which the field has none."""
    search: dict[str, Any] = {"controller_beams": beams, "num_beams": beams, "num_candidates": beams}
    return search | {"greedy_first": False, "avoid_loops": False, "grounded": grounded}


def _search(beams: int) -> str:
    return "greedy" if beams == 1 else f"{beams} beams"


class Profile:
    """Seconds inside chosen methods while the harness's lanes decide, and while its threads move."""

    def __init__(self) -> None:
        self.deciding: defaultdict[str, float] = defaultdict(float)
        self.moving: defaultdict[str, float] = defaultdict(float)
        self._lock = threading.Lock()

    def over(self, owner: type, method: str) -> None:
        """Watch a method."""
        original = getattr(owner, method)

        @wraps(original)
        def watched(*args: Any, **options: Any) -> Any:
            start = time.perf_counter()
            try:
                return original(*args, **options)
            finally:
                name = threading.current_thread().name
                if not name.startswith("load"):
                    with self._lock:
                        seconds = self.moving if name.startswith("move") else self.deciding
                        seconds[method] += time.perf_counter() - start

        setattr(owner, method, watched)

    def rows(self) -> list[dict[str, str]]:
        """Where the time of the harness's lanes went.

        A lane that waits for a core while others have them all waits within one of the parts. Moves run in
        several threads, and further candidates are asked for there: their time is split as their threads'
        time is.
        """
        whole = self.deciding["_round"] + self.deciding["_enter"]
        decide = self.deciding["_decide"]
        models = sum(self.deciding[name] for name in _MODELS)
        moves = self.deciding["_round"] - decide
        share = moves / max(self.moving["play"], 1e-9)
        in_java = share * sum(self.moving[name] for name in ("step", "look", "inventory", "valid_actions"))
        asked = share * sum(self.moving[name] for name in _MODELS)
        parts = {
            "model arithmetic": models,
            "model arithmetic, for what was rejected": asked,
            "simulator's moves": in_java,
            "simulator's loads that nothing hides": self.deciding["_enter"],
            "texts and tokens": decide - models,
            "states and records": moves - in_java - asked,
        }
        return [{"part": part, "of the lanes' time": f"{spent / whole:.0%}"} for part, spent in parts.items()]


def main(
    controller: Annotated[str, typer.Option(help="Hub id or folder.")] = "release/controller",
    executor: Annotated[str, typer.Option(help="Hub id or folder.")] = "release/executor",
    tasks: Annotated[str, typer.Option(help="Comma-separated tasks.")] = TASKS,
    variations: Annotated[int, typer.Option(min=1, help="Per task, of the test split.")] = 10,
    batch: Annotated[int, typer.Option(min=1, help="Episodes that advance together in our harness.")] = 64,
    grounded: Annotated[
        bool, typer.Option("--grounded/--free", help="Whether answers are grounded, in all ways.")
    ] = True,
) -> None:
    """Play, and print the rates, their ratios and where our time goes."""
    protocol = load_protocol("paper")
    units = protocol.units(tasks, variations, 0)
    pair = [controller, executor]
    with ExitStack() as stack:
        groups = []
        for beams in (BEAMS, 1):
            search = _decoding(beams, grounded)
            groups.append(
                [
                    reference(stack, pair, protocol, search),
                    ours(stack, pair, protocol, search, batch),
                    ours(stack, pair, protocol, search, batch, "ctranslate2-int8"),
                ]
            )
        ways = [way for group in groups for way in group]
        others = protocol.model_copy(update={"split": "validation"}).units(tasks, WARM_UP, 0)
        for way in track(ways, "Playing"):
            way.play(others)
            way.run(units)
        profile = Profile()
        for owner, methods in (
            (rollout._Lane, ("_round", "_decide", "_enter")),
            (CTranslate2Backend, ("_greedy", "_search")),
            (TransformersBackend, ("answer",)),
            (Game, ("play",)),
            (Episode, ("step", "look", "inventory", "valid_actions")),
        ):
            for method in methods:
                profile.over(owner, method)
        groups[0][1].play(units)
    console = Console(width=150)
    kind = "grounded" if grounded else "free"
    console.print(
        f"{len(units)} episodes of `paper` in batches of {batch}, {kind} answers, {os.cpu_count()} cores"
    )
    console.print(row_table([way.row(ways[0], group[0]) for group in groups for way in group]))
    console.print(f"where the time of {groups[0][1].name} goes")
    console.print(row_table(profile.rows()))


if __name__ == "__main__":
    typer.run(main)
