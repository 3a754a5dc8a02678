"""Throughput of our harness and of the usual sequential loop: the same pair, the same episodes, one run.

Usage:
    python -m benchmarks.bench_rollout [--controller release/controller] [--executor release/executor]

The reference (`benchmarks.reference_loop`) plays one episode at a time with transformers, once with 5
beams for both models at every step, as published, and once greedily. Our harness plays the same
episodes with the same searches. All of them first play validation episodes untimed, so that Java has
compiled its hot code. If two decisions differ, the episodes diverge: the rate per decision is the fairer
one. Published code decodes without constraints: use `--free` for that.
"""

import os
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import track
from scienceworld import ScienceWorldEnv

from benchmarks.reference_loop import play
from benchmarks.timing import Stopwatch
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


class Candidate:
    """One way of playing the episodes: its actions, and the seconds it took.

    Args:
        name (`str`): title of its row.
        play (`Callable`): episode keys → the actions of each.
    """

    def __init__(self, name: str, play: Callable[[list[EpisodeKey]], dict[EpisodeKey, list[str]]]) -> None:
        self.name, self.play = name, play
        self.actions: dict[EpisodeKey, list[str]] = {}
        self.seconds = 0.0

    def run(self, keys: list[EpisodeKey]) -> None:
        """Play episodes and take the time."""
        start = time.perf_counter()
        self.actions |= self.play(keys)
        self.seconds += time.perf_counter() - start

    @property
    def episodes_per_hour(self) -> float:
        return 3600 * len(self.actions) / self.seconds

    @property
    def decisions_per_second(self) -> float:
        return sum(map(len, self.actions.values())) / self.seconds

    def row(self, published: "Candidate", same_search: "Candidate") -> dict[str, str]:
        """A row of the table, with ratios to the published loop and to the loop with the same search."""
        episodes, decisions = self.episodes_per_hour, self.decisions_per_second
        same = sum(self.actions[key] == same_search.actions[key] for key in self.actions)
        return {
            "candidate": self.name,
            "episodes/h": f"{episodes:,.0f}",
            "decisions/s": f"{decisions:.1f}",
            "vs published": f"{episodes / published.episodes_per_hour:.1f}",
            "by decisions": f"{decisions / published.decisions_per_second:.1f}",
            "vs same search": f"{episodes / same_search.episodes_per_hour:.1f}",
            "by decisions ": f"{decisions / same_search.decisions_per_second:.1f}",
            "same episodes": f"{same} of {len(self.actions)}",
        }


def reference(stack: ExitStack, pair: list[str], protocol: Protocol, search: dict[str, Any]) -> Candidate:
    """The sequential loop."""
    env = stack.enter_context(closing(ScienceWorldEnv()))
    agent = SubgoalAgent.from_pretrained(*pair, backend="transformers", **search)

    def run(keys: list[EpisodeKey]) -> dict[EpisodeKey, list[str]]:
        return {key: play(env, agent, protocol, key).actions for key in keys}

    return Candidate(f"reference loop, {_title(search['num_beams'])}", run)


def ours(
    stack: ExitStack,
    pair: list[str],
    protocol: Protocol,
    search: dict[str, Any],
    batch: int,
    backend: str = "auto",
) -> Candidate:
    """Our harness."""
    simulator = stack.enter_context(Simulator())
    simulator.episode().load("boil", 0)  # starts Java, which is not measured
    agent = SubgoalAgent.from_pretrained(*pair, backend=backend, **search)

    def run(keys: list[EpisodeKey]) -> dict[EpisodeKey, list[str]]:
        episodes = rollout.Rollout(agent, protocol, simulator, batch).run(keys)
        return {episode.key: episode.actions for episode in episodes}

    bits = ", 8 bits" if backend == "ctranslate2-int8" else ""
    return Candidate(f"harness, {_title(search['num_beams'])}{bits}", run)


def _decoding(beams: int, grounded: bool) -> dict[str, Any]:
    """The best beam at every step, without the loop guard, which published code does not have."""
    search: dict[str, Any] = {"controller_beams": beams, "num_beams": beams, "num_candidates": beams}
    return search | {"greedy_first": False, "avoid_loops": False, "grounded": grounded}


def _title(beams: int) -> str:
    return "greedy" if beams == 1 else f"{beams} beams"


def _thread_group(name: str) -> str:
    """The harness's threads by name: lanes decide, others move or load episodes."""
    return next((group for group in ("load", "move") if name.startswith(group)), "decide")


def profile_rows(stopwatch: Stopwatch) -> list[dict[str, str]]:
    """Shares of the time of the harness's lanes.

    Waiting for a busy core counts for the part that waits. Moves run in several threads, which also
    search for further candidates: the lanes' time is divided as those threads' time is.
    """
    deciding = {method: spent for (group, method), spent in stopwatch.seconds.items() if group == "decide"}
    moving = {method: spent for (group, method), spent in stopwatch.seconds.items() if group == "move"}
    whole = deciding["_round"] + deciding["_enter"]
    decide = deciding["_decide"]
    models = sum(deciding.get(name, 0) for name in _MODELS)
    moves = deciding["_round"] - decide
    share = moves / max(moving.get("play", 0), 1e-9)
    java = share * sum(moving.get(name, 0) for name in ("step", "look", "inventory", "valid_actions"))
    retries = share * sum(moving.get(name, 0) for name in _MODELS)
    parts = {
        "models": models,
        "models, after rejected actions": retries,
        "simulator: moves": java,
        "simulator: loads that are waited for": deciding["_enter"],
        "texts and tokens": decide - models,
        "states and records": moves - java - retries,
    }
    return [{"part": part, "share of lane time": f"{spent / whole:.0%}"} for part, spent in parts.items()]


def main(
    controller: Annotated[str, typer.Option(help="Controller: Hub id or folder.")] = "release/controller",
    executor: Annotated[str, typer.Option(help="Executor: Hub id or folder.")] = "release/executor",
    tasks: Annotated[str, typer.Option(help="Comma-separated tasks.")] = TASKS,
    variations: Annotated[int, typer.Option(min=1, help="Test variations per task.")] = 10,
    batch: Annotated[int, typer.Option(min=1, help="Episodes per batch in our harness.")] = 64,
    grounded: Annotated[
        bool, typer.Option("--grounded/--free", help="Decode with or without constraints, in all candidates.")
    ] = True,
) -> None:
    """Play, and print the rates, their ratios, and a profile of our harness."""
    protocol = load_protocol("paper")
    keys = protocol.units(tasks, variations, 0)
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
        warm_up = protocol.model_copy(update={"split": "validation"}).units(tasks, WARM_UP, 0)
        for candidate in track([candidate for group in groups for candidate in group], "Playing"):
            candidate.play(warm_up)
            candidate.run(keys)
        stopwatch = Stopwatch(_thread_group)
        stopwatch.watch(rollout._Lane, "_round", "_decide", "_enter")
        stopwatch.watch(CTranslate2Backend, "_greedy", "_search")
        stopwatch.watch(TransformersBackend, "answer")
        stopwatch.watch(Game, "play")
        stopwatch.watch(Episode, "step", "look", "inventory", "valid_actions")
        groups[0][1].play(keys)
    console = Console(width=150)
    kind = "grounded" if grounded else "unconstrained"
    console.print(
        f"{len(keys)} episodes of `paper` in batches of {batch}, {kind} decoding, {os.cpu_count()} cores"
    )
    published = groups[0][0]
    console.print(row_table([candidate.row(published, group[0]) for group in groups for candidate in group]))
    console.print(f"Profile of {groups[0][1].name}")
    console.print(row_table(profile_rows(stopwatch)))


if __name__ == "__main__":
    typer.run(main)
