"""Episodes per hour of our harness and of the field's loop: one run, one pair, the same episodes.

    python -m benchmarks.bench_rollout [--controller release/controller] [--executor release/executor]

The reference (`benchmarks.reference_loop`) plays one episode at a time with transformers, once
with 5 beams for both models, as the field does, and once greedily. Our harness plays the same
episodes with the same beams, and greedily. The ways take turns task by task, so that what else the
machine does falls on all alike. Both count decisions: where they differ in a decision, episodes
take different ways, and the rate per decision is the fairer one.
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
from dataset_builder.cli import row_table
from dataset_builder.simulator import Episode, Simulator
from eval_harness.game import Game
from eval_harness.protocols import Protocol, Unit, load_protocol
from eval_harness.rollout import Rollout
from modeling.agent import SubgoalAgent
from modeling.backends import CTranslate2Backend, TransformersBackend

TASKS = (
    "use-thermometer,find-animal,find-plant,lifespan-longest-lived,power-component,"
    "chemistry-mix-paint-secondary-color,identify-life-stages-2,inclined-plane-determine-angle"
)
BEAMS = 5


class Way:
    """A way of playing: its results, and the seconds it took."""

    def __init__(self, name: str, play: Callable[[list[Unit]], dict[Unit, list[str]]]) -> None:
        self.name, self.play = name, play
        self.actions: dict[Unit, list[str]] = {}
        self.seconds = 0.0

    def run(self, units: list[Unit]) -> None:
        """Play some episodes."""
        start = time.perf_counter()
        self.actions |= self.play(units)
        self.seconds += time.perf_counter() - start

    @property
    def decisions(self) -> int:
        return sum(map(len, self.actions.values()))

    def row(self, base: "Way") -> dict[str, Any]:
        """A line of the table; ratios to another way."""
        same = sum(self.actions[unit] == base.actions[unit] for unit in self.actions)
        return {
            "way": self.name,
            "episodes/h": f"{3600 * len(self.actions) / self.seconds:,.0f}",
            "decisions/s": f"{self.decisions / self.seconds:.1f}",
            "times episodes": f"{base.seconds / self.seconds:.1f}",
            "times decisions": f"{(self.decisions / self.seconds) / (base.decisions / base.seconds):.1f}",
            "same episodes": f"{same} of {len(self.actions)}",
        }


def reference(stack: ExitStack, pair: list[str], protocol: Protocol, beams: int) -> Way:
    """The field's loop."""
    env = stack.enter_context(closing(ScienceWorldEnv()))
    agent = _agent(pair, beams, "transformers")

    def run(units: list[Unit]) -> dict[Unit, list[str]]:
        return {unit: play(env, agent, protocol, unit).actions for unit in units}

    return Way(f"reference loop, {_search(beams)}", run)


def ours(stack: ExitStack, pair: list[str], protocol: Protocol, beams: int, batch: int) -> Way:
    """Our harness."""
    simulator = stack.enter_context(Simulator())
    simulator.episode().load("boil", 0)  # starts Java, which is not what is measured
    agent = _agent(pair, beams, "auto")

    def run(units: list[Unit]) -> dict[Unit, list[str]]:
        episodes = Rollout(agent, protocol, simulator, batch).run(units)
        return {episode.key: episode.actions for episode in episodes}

    return Way(f"harness, {_search(beams)}, batches of {batch}", run)


def _agent(pair: list[str], beams: int, backend: str) -> SubgoalAgent:
    search: dict[str, Any] = {"controller_beams": beams, "num_beams": beams, "num_candidates": beams}
    search["avoid_loops"] = False  # the field has nothing of the kind
    return SubgoalAgent.from_pretrained(pair[0], pair[1], backend=backend, **search)


def _search(beams: int) -> str:
    return "greedy" if beams == 1 else f"{beams} beams"


class Profile:
    """Seconds inside chosen methods while the harness decides, and while its threads move."""

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
                thread = threading.current_thread()
                seconds = self.deciding if thread is threading.main_thread() else self.moving
                if thread is threading.main_thread() or thread.name.startswith("move"):
                    with self._lock:
                        seconds[method] += time.perf_counter() - start

        setattr(owner, method, watched)

    def rows(self, wall: float) -> list[dict[str, str]]:
        """Where the wall time of the harness went.

        Moves run in several threads, and further candidates are asked for there: their wall time is
        split as their threads' time is.
        """
        decide, models = self.deciding["_decide"], self.deciding["_translate"] + self.deciding["answer"]
        moves = self.deciding["_round"] - decide
        share = moves / max(self.moving["play"], 1e-9)
        in_java = share * sum(self.moving[name] for name in ("step", "look", "inventory", "valid_actions"))
        asked = share * (self.moving["_translate"] + self.moving["answer"])
        parts = {
            "model arithmetic": models,
            "model arithmetic, for what was rejected": asked,
            "simulator's moves": in_java,
            "texts and tokens": decide - models,
            "states and records": moves - in_java - asked,
            "the rest (waiting for loads)": wall - self.deciding["_round"],
        }
        return [{"part": part, "of the wall time": f"{spent / wall:.0%}"} for part, spent in parts.items()]


def main(
    controller: Annotated[str, typer.Option(help="Hub id or folder.")] = "release/controller",
    executor: Annotated[str, typer.Option(help="Hub id or folder.")] = "release/executor",
    tasks: Annotated[str, typer.Option(help="Comma-separated tasks.")] = TASKS,
    variations: Annotated[int, typer.Option(min=1, help="Per task, of the test split.")] = 3,
    batch: Annotated[int, typer.Option(min=1, help="Episodes that advance together in our harness.")] = 32,
) -> None:
    """Play, and print the rates, their ratios and where our time goes."""
    protocol = load_protocol("paper")
    units = protocol.units(tasks, variations, 0)
    pair = [controller, executor]
    with ExitStack() as stack:
        field, field_greedy = (reference(stack, pair, protocol, beams) for beams in (BEAMS, 1))
        beams, greedy = (ours(stack, pair, protocol, beams, batch) for beams in (BEAMS, 1))
        # A part of the episodes for all ways in turn; ours need a batch's worth to be itself.
        parts = [units[start : start + batch] for start in range(0, len(units), batch)]
        for part in track(parts, "Rounds"):
            for way in (field, beams, field_greedy, greedy):
                way.run(part)
        profile = Profile()
        for owner, methods in (
            (Rollout, ("_round", "_decide")),
            (CTranslate2Backend, ("_translate",)),
            (TransformersBackend, ("answer",)),
            (Game, ("play",)),
            (Episode, ("step", "look", "inventory", "valid_actions")),
        ):
            for method in methods:
                profile.over(owner, method)
        start = time.perf_counter()
        beams.play(units)
        wall = time.perf_counter() - start
    console = Console(width=140)
    console.print(f"{len(units)} episodes of `paper`, {os.cpu_count()} cores")
    console.print(row_table([way.row(field) for way in (field, beams)]))
    console.print(row_table([way.row(field_greedy) for way in (field_greedy, greedy)]))
    console.print(f"harness, {BEAMS} beams, all {len(units)} episodes at once: where {wall:.1f} s went")
    console.print(row_table(profile.rows(wall)))


if __name__ == "__main__":
    typer.run(main)
