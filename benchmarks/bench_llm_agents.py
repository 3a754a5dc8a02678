"""Scores and tokens of the LLM agents, with a server that answers from expert paths, or with noise.

Usage:
    python -m benchmarks.bench_llm_agents [--longest 35]

No language model is needed: a server on loopback answers over HTTP, so that the right scores are known
in advance. With the expert's answers an agent must reach the ceiling (the agent `expert`), with noise the
floor (looking around). The episodes are the first test variation of every task whose path fits into the
40 actions that the prompts show. The server counts no tokens: 4 characters count as one. The published
tokens per action are those of arXiv 2305.17390, with GPT-4 and other prompts.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import track

from benchmarks.scripted_llm import Expert, ScriptedLLM, noise
from dataset_builder.common.console import row_table
from dataset_builder.dataset.load import load_config
from dataset_builder.simulator.simulator import Episode, Simulator
from dataset_builder.trajectories.agent_state import AgentState
from eval_harness.agents.llm.chat import make_llm
from eval_harness.agents.llm.swiftsage import SwiftSage
from eval_harness.agents.options import AgentOptions
from eval_harness.agents.registry import make_agent
from eval_harness.protocols.protocol import Protocol
from eval_harness.results.records import RunResult
from eval_harness.rollout.run import run_protocol
from modeling.agents.base import Agent, Decision

DATASET = "release/dataset"
LIMIT = 60
"""Actions per episode."""
PAIR: dict[str, Any] = {"controller": "release/controller", "executor": "release/executor"}
FLAT: dict[str, Any] = {"flat": "release/flat"}
AGENTS: tuple[tuple[str, str, dict[str, Any] | None, str], ...] = (
    ("react", "react", {}, "1,971"),
    ("saycan", "saycan", {}, "1,856"),
    ("reflexion", "reflexion", {}, "2,983"),
    ("swiftsage, Swift proposes nothing", "swiftsage", None, ""),
    ("swiftsage, Swift is the flat model", "swiftsage", FLAT, "757"),
    ("swiftsage, Swift is the pair", "swiftsage", PAIR, ""),
)
"""Title, registered name, checkpoints (None: an agent without proposals), published tokens per action."""


class Scripted:
    """Proposes the same actions in every state."""

    def __init__(self, name: str, *actions: str) -> None:
        self.name, self._actions = name, actions

    def begin(self, state: AgentState, episode: Episode, seed: int) -> None: ...

    def act(self, states: Sequence[AgentState]) -> list[Decision]:
        return [Decision(self._actions) for _ in states]

    def end(self, state: AgentState) -> None: ...

    def describe(self) -> dict[str, Any]:
        return {"name": self.name, "models": {}}


def first_paths(longest: int) -> dict[tuple[str, int], tuple[str, ...]]:
    """(task, variation) → actions: the first test variation of each task, if its path is short enough."""
    paths: dict[tuple[str, int], tuple[str, ...]] = {}
    rows = load_config(DATASET, "trajectories")["test"].select_columns(["task", "variation", "action"])
    for row in sorted(rows, key=lambda row: (row["task"], row["variation"])):
        if not paths or next(reversed(paths))[0] != row["task"]:
            paths[row["task"], row["variation"]] = tuple(row["action"])
    return {key: path for key, path in paths.items() if len(path) <= longest}


def description(simulator: Simulator, task: str, variation: int) -> str:
    """The task description of a variation, in one line."""
    episode = simulator.episode()
    episode.load(task, variation)
    text = " ".join(episode.task_description().split())
    episode.close()
    return text


def line(title: str, answers: str, result: RunResult, published: str = "") -> dict[str, str]:
    """A row of the table."""
    episodes = result.episode_results()
    actions = sum(len(episode.actions) for episode in episodes)
    calls = sum(episode.llm_calls for episode in episodes)
    tokens = sum(episode.llm_prompt_tokens + episode.llm_completion_tokens for episode in episodes)
    return {
        "agent": title,
        "answers": answers,
        "score": "-" if result.mean_score is None else f"{result.mean_score:.1f}",
        "failed": str(result.failed),
        "actions": f"{actions:,}",
        "calls per action": f"{calls / actions:.2f}",
        "tokens per action": f"{tokens / actions:,.0f}",
        "published": published,
        "tokens per episode": f"{tokens / len(episodes):,.0f}",
    }


def main(longest: Annotated[int, typer.Option(help="Longest expert path, in actions.")] = 35) -> None:
    """Play all agents, and print the table."""
    paths = first_paths(longest)
    protocol = Protocol(
        name="llm-bench", tasks=tuple(task for task, _ in paths), max_variations=1, decision_limit=LIMIT
    )
    rows = []
    with Simulator() as simulator, tempfile.TemporaryDirectory() as folder:

        def play(agent: Agent, name: str) -> RunResult:
            return run_protocol(agent, protocol, Path(folder, name), simulator=simulator, progress=False)

        expert = make_agent("expert", AgentOptions(trajectories=DATASET))
        rows.append(line("expert: the ceiling", "", play(expert, "expert")))
        rows.append(
            line("looking around: the floor", "", play(Scripted("look-around", "look around"), "floor"))
        )
        for name, models in (("hierarchical", PAIR), ("flat", FLAT)):
            rows.append(line(f"{name}, alone", "", play(make_agent(name, AgentOptions(**models)), name)))
        script = Expert({description(simulator, *key): path for key, path in paths.items()})
        jobs = [(*agent, answer) for agent in AGENTS for answer in (script, noise)]
        for number, (title, name, swift, published, answer) in enumerate(track(jobs, "Agents")):
            out = Path(folder, str(number))
            with ScriptedLLM(answer) as server:
                llm: dict[str, Any] = {"base_url": server.base_url, "ledger": out}
                if swift is None:
                    agent: Agent = SwiftSage(Scripted("silent"), make_llm("teacher", **llm))
                else:
                    agent = make_agent(name, AgentOptions(llm="teacher", simulator=simulator, **llm, **swift))
                answers = "noise" if answer is noise else "expert"
                rows.append(line(title, answers, play(agent, out.name), published))
    Console(width=150).print(row_table(rows, f"{len(paths)} episodes of at most {LIMIT} actions"))


if __name__ == "__main__":
    typer.run(main)
