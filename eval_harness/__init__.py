"""Scores agents on ScienceWorld: protocols, batched rollouts, results that can be checked.

The names below are loaded on first use, so that importing the package stays free of py4j.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eval_harness.agents import AGENTS, AgentOptions, make_agent
    from eval_harness.baselines import ExpertAgent, RandomAgent
    from eval_harness.protocols import Protocol, load_protocol
    from eval_harness.report import comparison_markdown, comparison_table
    from eval_harness.results import EpisodeResult, RunResult, load_run, read_episodes
    from eval_harness.run import run_protocol

_HOMES = {
    "AGENTS": "agents",
    "AgentOptions": "agents",
    "make_agent": "agents",
    "ExpertAgent": "baselines",
    "RandomAgent": "baselines",
    "Protocol": "protocols",
    "load_protocol": "protocols",
    "comparison_markdown": "report",
    "comparison_table": "report",
    "EpisodeResult": "results",
    "RunResult": "results",
    "load_run": "results",
    "read_episodes": "results",
    "run_protocol": "run",
}

__all__ = [
    "AGENTS",
    "AgentOptions",
    "EpisodeResult",
    "ExpertAgent",
    "Protocol",
    "RandomAgent",
    "RunResult",
    "comparison_markdown",
    "comparison_table",
    "load_protocol",
    "load_run",
    "make_agent",
    "read_episodes",
    "run_protocol",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
